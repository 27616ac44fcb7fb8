"""What a running server does about its own secrets: nobody finds them where the system shows programs to each other."""

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.program import Program

if sys.platform != "win32":
    from tests.builders.program import OnScreen

KEY = "canary-of-the-settings-0123456789"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what /proc shows")


def shown(pid: int) -> bytes:
    """What `ps eww` shows of a process."""
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))


async def test_options_and_environment_show_no_secret_once_it_runs(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    program.environ["COPILOT_API_KEY"] = KEY
    other = sandbox.issue("gho")
    async with program.serving("-g", other, "--api-key", "canary-of-an-option") as server:
        seen = shown(server.process.pid)
        assert b"\0start\0" in seen
        assert b"COPILOT_API_GITHUB_URL=" in seen
        for secret in (sandbox.grant, other, KEY, "canary-of-an-option"):
            assert secret.encode() not in seen
            assert b"x" * len(secret) in seen


async def test_a_settings_file_with_a_secret_is_shut(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    path = program.home / "config.toml"
    program.environ["COPILOT_API_CONFIG"] = str(path)
    path.write_text(f'api_keys = ["{KEY}"]')
    path.chmod(0o644)
    async with program.serving() as server:
        assert f"warning: {path} holds a secret, and other users could read it; now only you can\n" in server.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with program.serving() as server:
        assert "holds a secret" not in server.err


async def test_a_settings_file_without_a_secret_or_behind_a_link_is_left_alone(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    path = program.home / "config.toml"
    program.environ["COPILOT_API_CONFIG"] = str(path)
    path.write_text("verbose = false")
    path.chmod(0o644)
    async with program.serving():
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    real = path.rename(program.home / "dotfiles.toml")
    real.write_text(f'api_keys = ["{KEY}"]')
    path.symlink_to(real)
    async with program.serving():
        assert stat.S_IMODE(real.stat().st_mode) == 0o644


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()[0])


async def aborted(program: Program, *options: str) -> tuple[str, list[Path]]:
    """What the shell says of a server that crashes where dumps are allowed, and the dumps that are left."""
    starts = program.starts
    program.starts = ("/bin/bash", "-c", 'ulimit -c unlimited; "$@"; exit $?', "bash", *starts)
    try:
        process = await program.start("start", "--port", "0", *options)
        assert process.stderr is not None
        err = ""
        while "press Ctrl-C to stop" not in err:
            line = await process.stderr.readline()
            assert line, err
            err += line.decode()
        os.kill(await asyncio.to_thread(child_of, process.pid), 6)
        rest = (await process.stderr.read()).decode()
        await process.wait()
    finally:
        program.starts = starts
    return err + rest, list(program.home.glob("core*"))


async def test_a_crash_leaves_no_dump(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    said, dumps = await aborted(program)
    assert "Aborted" in said
    assert "core dumped" not in said
    assert dumps == []


async def test_a_dump_is_left_where_it_was_allowed(program: Program, sandbox: Sandbox) -> None:
    """So the test before would have found one."""
    pattern = await asyncio.to_thread(Path("/proc/sys/kernel/core_pattern").read_text, "ascii")
    program.uses(sandbox, grant=sandbox.grant)
    program.environ["COPILOT_API_CORE_DUMPS"] = "true"
    said, dumps = await aborted(program)
    assert "core dumped" in said
    if pattern.strip().startswith("core"):
        assert sandbox.grant.encode() in dumps[0].read_bytes()


if sys.platform != "win32":

    async def test_programs_that_it_starts_get_no_secret(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        """The browser for the sign-in, and what copies its code."""
        program.uses(sandbox, grant=sandbox.grant)
        sandbox.script.device("pending", "granted")
        seen = program.home / "seen"
        for name in ("xclip", "browser"):
            stub = program.home / name
            stub.write_text(f"#!/bin/sh\n(env; cat /proc/self/environ) >> {seen}.{name}\ncat > /dev/null\n", "utf-8")
            stub.chmod(0o755)
        desk = {
            "DISPLAY": ":0",
            "PATH": f"{program.home}:{program.environ['PATH']}",
            "BROWSER": f"{program.home}/browser",
            "COPILOT_API_KEY": KEY,
            "COPILOT_GITHUB_TOKEN": sandbox.issue("gho"),
        }
        screen = await on_screen("auth", environ=desk)
        await screen.expect("press Enter")
        screen.type("\n")
        assert await screen.ended() == 0
        for name in ("xclip", "browser"):
            told = await asyncio.to_thread(Path(f"{seen}.{name}").read_text, "utf-8")
            assert "DISPLAY=:0" in told
            for secret in (sandbox.grant, KEY, desk["COPILOT_GITHUB_TOKEN"]):
                assert secret not in told
