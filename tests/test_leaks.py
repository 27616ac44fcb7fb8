"""Canary tokens go through all that the program does; afterwards they are searched for where they do not belong."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.sandbox.script import FaultKind
from tests.builders.program import Program

if sys.platform != "win32":
    from tests.builders.program import OnScreen

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")]

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "canary-of-a-prompt"}]}
MESSAGES = {"model": "claude-sonnet-4.6", "max_tokens": 50, "messages": [{"role": "user", "content": "canary-of-a-prompt"}]}
OWN_KEY = "canary-of-the-settings-0123456789"
FAULTS: tuple[FaultKind, ...] = (
    "unauthorized",
    "forbidden",
    "rate_limited",
    "quota",
    "overloaded",
    "html",
    "reset",
    "cut",
    "bad_json",
    "failed",
)


class Search:
    """What must not be found, and all that was said where it might be."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.secrets = [sandbox.grant, OWN_KEY]
        self.said: list[str] = []
        self.answered: list[str] = []

    @property
    def needles(self) -> list[bytes]:
        """The secrets, with every Copilot token that was given out, whole and by the part that is its signature."""
        sent = {seen.headers.get("Authorization", "").partition(" ")[2] for seen in self._sandbox.seen}
        tokens = {one for one in sent if one.startswith("tid=")}
        assert tokens, "no Copilot token was ever used"
        signatures = {token.rpartition(":")[2] for token in tokens if len(token.rpartition(":")[2]) > 15}
        return [one.encode() for one in {*self.secrets, *tokens, *signatures}]

    def found_in(self, data: bytes) -> list[bytes]:
        return [needle for needle in self.needles if needle in data]


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def processes() -> Iterator[tuple[int, bytes]]:
    """What the system shows of every process but this one, and those that started it, which made up the secrets."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and int(place.name) != os.getpid():
            try:
                yield int(place.name), b"".join((place / name).read_bytes() for name in ("cmdline", "environ"))
            except OSError:
                continue


async def use(url: str, key: str, sandbox: Sandbox) -> str:
    """Good and bad requests in each dialect; all that came back, heads and bodies."""
    heard = ""
    async with aiohttp.ClientSession(headers={"x-api-key": key}) as http:
        for stream in (False, True):
            sandbox.script.answer("canary-of-an-answer")
            async with http.post(url + "/v1/chat/completions", json=CHAT | {"stream": stream}) as response:
                heard += str(response.headers) + await response.text()
        async with http.post(url + "/v1/messages", json=MESSAGES) as response:
            heard += str(response.headers) + await response.text()
        for fault in FAULTS:
            sandbox.script.fault(fault)
            for path, ask in (("/v1/chat/completions", CHAT), ("/v1/messages", MESSAGES), ("/v1/responses", CHAT)):
                try:
                    async with http.post(url + path, json=ask) as response:
                        heard += str(response.headers) + await response.text()
                except aiohttp.ClientError as error:
                    heard += repr(error)
            sandbox.script.clear()
        for path in ("/", "/health", "/usage", "/token", "/repairs", "/v1/models", "/nowhere"):
            async with http.get(url + path) as response:
                heard += str(response.headers) + await response.text()
        for raw in (b"{", b"", b"[" * 5000, b"\xff"):
            async with http.post(url + "/v1/chat/completions", data=raw) as response:
                heard += await response.text()
    return heard


async def test_no_secret_is_found_where_it_does_not_belong(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
    search = Search(sandbox)
    home = program.home
    program.uses(sandbox)

    # Signing in: with a token, and with a code on a terminal, where a browser and a clipboard are started.
    ended = await program.run("auth", "--with-token", typed=sandbox.grant)
    search.said.append(ended.out + ended.err)
    for name in ("xclip", "browser"):
        stub = home / name
        stub.write_text(f"#!/bin/sh\n(env; cat /proc/self/environ; cat) >> {home}/seen.{name}\n", "utf-8")
        stub.chmod(0o755)
    desk = {"DISPLAY": ":0", "BROWSER": f"{home}/browser", "PATH": f"{home}:{program.environ['PATH']}"}
    sandbox.script.device("pending", "granted")
    screen = await on_screen("auth", environ=desk | {"GH_TOKEN": sandbox.grant, "COPILOT_API_KEY": OWN_KEY})
    await screen.expect("press Enter")
    screen.type("\n")
    assert await screen.ended() == 0
    search.said.append(screen.shown)
    search.secrets += [stored for stored in program.stored() if stored not in search.secrets]

    # Keys: told once, on standard output, which is where they belong.
    key = (await program.run("keys", "add", "canary")).out.strip()
    search.secrets.append(key)

    # Serving, with every word of the log, and with the secrets of this run by option and by environment.
    given = sandbox.issue("gho")
    search.secrets.append(given)
    program.environ["COPILOT_API_KEY"] = OWN_KEY
    for options in (("--verbose",), ("--verbose", "-g", given, "--api-key", OWN_KEY)):
        async with program.serving(*options) as server:
            search.answered.append(await use(server.url, OWN_KEY if len(options) > 1 else key, sandbox))
            shown = await asyncio.to_thread(lambda: dict(processes()))
            assert server.process.pid in shown
            assert [pid for pid, seen in shown.items() if search.found_in(seen)] == []
            listed = await asyncio.to_thread(subprocess.run, ["ps", "axeww"], capture_output=True, check=True)
            assert search.found_in(listed.stdout) == []
            server.process.send_signal(signal.SIGTERM)
            search.said.append((await server.ended()).err)

    # What helps to find faults, and what asks GitHub.
    for command in (("debug",), ("debug", "--json"), ("debug", "--repairs"), ("auth", "status"), ("models",), ("check-usage",)):
        ended = await program.run(*command)
        search.said.append(ended.out + ended.err)
    ended = await program.run("keys", "list", "--json")
    search.said.append(ended.out + ended.err)

    # A crash, where the system would keep a dump.
    program.starts = ("/bin/sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh", *program.starts)
    async with program.serving("--verbose") as server:
        await use(server.url, key, sandbox)
        server.process.send_signal(signal.SIGABRT)
        crashed = await server.ended()
    assert crashed.code == -signal.SIGABRT
    search.said.append(crashed.err)

    # And now the search.
    said = "\n".join(search.said).encode()
    assert b"POST /v1/chat/completions" in said, "the log was not looked at"
    assert search.found_in(said) == []
    answered = "\n".join(search.answered).encode()
    assert b"canary-of-an-answer" in answered
    assert search.found_in(answered) == []
    search.secrets += ["canary-of-a-prompt", "canary-of-an-answer"]  # which clients may be told, and nobody else
    assert search.found_in(said) == []
    held = {path.relative_to(home).as_posix(): search.found_in(path.read_bytes()) for path in files_below(home)}
    assert len(held) > 5
    where = {name: found for name, found in held.items() if found}
    assert [Path(name).parent.name for name in where] == ["grants"], where
    assert not list(home.rglob("core*"))
