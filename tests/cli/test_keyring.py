"""The whole story of a sign-in on a desktop: the token goes into the Secret Service, and nowhere else."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.desktop import Desktop, bus, keyring
from tests.builders.program import Program


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    """A session with gnome-keyring, open and new."""
    with bus(tmp_path) as session, keyring(session):
        yield session


@pytest.fixture
def at_the_desktop(program: Program, desktop: Desktop, sandbox: Sandbox) -> Program:
    """The program as a person at that desktop runs it: no token in its environment, no file allowed."""
    del program.environ["COPILOT_API_TOKEN_STORE"]
    program.environ |= desktop.environment
    program.uses(sandbox)
    return program


async def test_a_sign_in_lies_in_the_keyring_serves_a_new_process_and_leaves_no_trace(
    at_the_desktop: Program, desktop: Desktop, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    signed_in = await at_the_desktop.run("auth", "--verbose")
    assert signed_in.code == 0, signed_in.err
    said = [signed_in]

    status = await at_the_desktop.run("auth", "status", "--json")
    said.append(status)
    assert json.loads(status.out)["login"] == "sandbox-dev"

    async with at_the_desktop.serving("--verbose") as server:
        body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hei"}]}
        async with http.post(f"{server.url}/v1/chat/completions", json=body) as answer:
            assert answer.status == 200
        server.process.terminate()
        said.append(await server.ended())

    granted = {seen.headers["authorization"].split()[-1] for seen in sandbox.seen if seen.path == "/user"}
    [token] = granted
    assert token != sandbox.grant
    copilot_tokens = {seen.headers["authorization"].split()[-1] for seen in sandbox.seen if seen.path == "/models"}
    for secret in (token, *copilot_tokens):
        assert await asyncio.to_thread(desktop.files_with, secret) == []
        assert all(secret not in ended.out + ended.err for ended in said)

    assert (await at_the_desktop.run("logout")).code == 0
    assert (await at_the_desktop.run("auth", "status")).code == 1


async def test_without_a_keyring_nothing_is_stored_and_the_ways_out_are_named(program: Program, sandbox: Sandbox) -> None:
    del program.environ["COPILOT_API_TOKEN_STORE"]
    program.uses(sandbox)
    ended = await program.run("auth")
    assert ended.code == 1
    assert "GH_TOKEN" in ended.err
    assert "--token-store file" in ended.err
    assert [path for path in program.home.rglob("*") if path.is_file()] == []
