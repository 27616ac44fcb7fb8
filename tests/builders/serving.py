"""A running server of which a test knows its URL and nothing else, so that it can be any form of the program."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from copilot_api.settings import Settings
from tests.builders.program import Program, Server


class Serving(Protocol):
    """A running server."""

    @property
    def url(self) -> str: ...


class Serve(Protocol):
    """Starts a server in front of the sandbox; the options are settings."""

    async def __call__(self, **options: Any) -> Serving: ...


@asynccontextmanager
async def serving(program: Program, settings: Settings) -> AsyncIterator[Server]:
    """The program as a server of its own with these settings; at the end it must go politely and without a complaint."""
    program.environ["COPILOT_API_CONFIG"] = str(_written(settings, program.home))
    async with program.serving() as server:
        # Nobody reads what it says from now on, and a full pipe would hold it up.
        reading = asyncio.create_task(_read_on(server), name="what the server says")
        try:
            yield server
        finally:
            server.process.terminate()
            async with asyncio.timeout(20):
                await reading
                code = await server.process.wait()
    assert (code, "Traceback" in server.err) == (0, False), server.err


async def _read_on(server: Server) -> None:
    assert server.process.stderr is not None
    async for line in server.process.stderr:
        server.hear(line)


def _written(settings: Settings, folder: Path) -> Path:
    """The settings file that says the same; a text, a number or a list in JSON is the same in TOML."""
    default = Settings()
    changed = {f.name: getattr(settings, f.name) for f in fields(Settings) if f.metadata and f.name != "port"}
    lines = [f"{name} = {_toml(value)}" for name, value in changed.items() if value != getattr(default, name)]
    path = folder / "settings.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {json.dumps(word)}" for key, word in value.items()) + "}"
    return json.dumps(value)
