"""`service` where no service manager is one's own: the tray at login (with systemd: desktop/keeper/test_systemd.py)."""

import asyncio
import json
import shlex
import sys
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.program import Program

if sys.platform == "linux":
    NEXT = "the tray starts at your next login, and serves; copilot-api tray starts it now\n"

    @pytest.fixture
    def person(program: Program) -> Program:
        """The program where no systemctl is to be found."""
        program.environ["PATH"] = str(program.home)
        program.environ["DISPLAY"] = ":77"
        return program

    def settings(person: Program, **values: object) -> Path:
        """The file in which the person has put those, so that every start finds them."""
        path = person.home / ".config" / "copilot-api" / "config.toml"
        path.parent.mkdir(parents=True)
        values |= {"token_store": "file"}
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()), "utf-8")
        del person.environ["COPILOT_API_TOKEN_STORE"]
        return path

    @pytest.fixture
    async def signed_in(person: Program, sandbox: Sandbox) -> Program:
        settings(person, github_url=sandbox.github_url, github_api_url=sandbox.github_api_url, copilot_url=sandbox.copilot_url)
        assert (await person.run("auth", "--with-token", typed=sandbox.grant)).code == 0
        return person

    def entry(person: Program) -> Path:
        return person.home / ".config" / "autostart" / "copilot-api.desktop"

    async def test_it_is_installed_looked_at_and_removed(person: Program) -> None:
        before = await person.run("service", "status")
        assert (before.code, before.out.splitlines()[:2]) == (1, [f"autostart entry: {entry(person)}", "starts at login: no"])
        installed = await person.run("service", "install")
        assert installed.code == 0
        assert installed.err.endswith(f"wrote {entry(person)}\n{NEXT}")
        status = await person.run("service", "status")
        assert (status.code, status.err) == (0, "")
        assert status.out == (
            f"autostart entry: {entry(person)}\n"
            "starts at login: yes\n"
            f"log: {person.home}/.local/state/copilot-api/log/copilot-api.log\n"
        )
        assert json.loads((await person.run("service", "status", "--json")).out) == {
            "kind": "autostart entry",
            "where": str(entry(person)),
            "installed": True,
            "running": None,
            "pid": None,
            "state": "",
            "log": f"{person.home}/.local/state/copilot-api/log/copilot-api.log",
            "lingers": None,
            "trayAtLogin": True,
        }
        removed = await person.run("service", "remove")
        assert (removed.code, removed.err) == (0, f"took back {entry(person)}\n")
        assert (await person.run("service", "remove")).err == "nothing was to start at login\n"

    async def test_what_the_entry_starts_is_this_program_in_the_form_that_it_has(person: Program) -> None:
        person.environ["XDG_DATA_HOME"] = f"{person.home}/my data"
        await person.run("service", "install")
        lines = dict(line.split("=", 1) for line in entry(person).read_text("utf-8").splitlines() if "=" in line)
        command = shlex.split(lines["Exec"])
        assert command[-2:] == ["tray", "--at-login"]
        assert f"XDG_DATA_HOME={person.home}/my data" in command
        assert lines["TryExec"] in command
        again = await asyncio.create_subprocess_exec(*command[:-2], "--version", cwd="/", stdout=asyncio.subprocess.PIPE)
        assert (await again.communicate())[0].startswith(b"copilot-api ")

    async def test_who_is_not_signed_in_is_told_and_not_held_up(person: Program) -> None:
        installed = await person.run("service", "install")
        assert installed.code == 0
        assert installed.err.startswith("warning: you are not signed in\nhint: run copilot-api auth\n")

    async def test_a_keyring_that_cannot_be_used_is_told_and_holds_nobody_up(person: Program) -> None:
        del person.environ["COPILOT_API_TOKEN_STORE"]
        installed = await person.run("service", "install")
        assert installed.code == 0
        assert installed.err.startswith("warning: there is no desktop session here, so no keyring")

    async def test_the_sandbox_needs_no_sign_in(person: Program) -> None:
        settings(person, sandbox=True)
        assert (await person.run("service", "install")).err == f"wrote {entry(person)}\n{NEXT}"

    async def test_a_token_in_the_settings_file_is_found_at_login_too(person: Program) -> None:
        settings(person, github_token="gho_canary12345678")
        assert (await person.run("service", "install")).err == f"wrote {entry(person)}\n{NEXT}"

    async def test_a_token_of_this_terminal_is_not_written_down(person: Program) -> None:
        person.environ["COPILOT_GITHUB_TOKEN"] = "gho_canary12345678"
        refused = await person.run("service", "install")
        assert refused.code == 1
        assert refused.err == (
            "error: the token in COPILOT_GITHUB_TOKEN is set here only, and is not written into a file; "
            "otherwise you are not signed in\n"
            "hint: run copilot-api auth, which keeps a token where the service finds it\n"
        )
        assert not entry(person).exists()

    async def test_who_is_signed_in_is_told_which_token_is_used(signed_in: Program) -> None:
        signed_in.environ["GH_TOKEN"] = "gho_canary12345678"
        installed = await signed_in.run("service", "install")
        assert installed.code == 0
        assert "warning: the token in GH_TOKEN is not handed on; the one in the file " in installed.err
        assert "canary" not in entry(signed_in).read_text("utf-8") + installed.err

    async def test_what_is_set_for_this_terminal_only_is_told(signed_in: Program) -> None:
        signed_in.environ |= {"COPILOT_API_PORT": "4200", "COPILOT_API_KEY": "key-canary"}
        installed = await signed_in.run("service", "install")
        path = signed_in.home / ".config" / "copilot-api" / "config.toml"
        told = "warning: {} is set here only, and not handed on\nhint: set {} in " + f"{path}\n"
        for variable, setting in (("COPILOT_API_PORT", "port"), ("COPILOT_API_KEY", "api_keys")):
            assert told.format(variable, setting) in installed.err
        assert "canary" not in installed.err

    async def test_the_log_is_shown_from_its_end(person: Program) -> None:
        none = await person.run("service", "logs")
        log = person.home / ".local" / "state" / "copilot-api" / "log" / "copilot-api.log"
        assert none.code == 1
        assert none.err.startswith(f"error: there is no log yet at {log}\n")
        log.parent.mkdir(parents=True)
        log.write_text("one\ntwo\x1b[2J\nthree\n", "utf-8")
        assert (await person.run("service", "logs", "-n", "2")).out == "two\N{REPLACEMENT CHARACTER}[2J\nthree\n"

    async def test_the_log_is_followed_until_ctrl_c(person: Program) -> None:
        log = person.home / ".local" / "state" / "copilot-api" / "log" / "copilot-api.log"
        log.parent.mkdir(parents=True)
        log.write_text("one\n", "utf-8")
        follower = await person.start("service", "logs", "--follow")
        assert follower.stdout
        assert await follower.stdout.readline() == b"one\n"
        log.write_text("one\ntwo\n", "utf-8")
        assert await follower.stdout.readline() == b"two\n"
        follower.send_signal(2)
        assert await follower.wait() == 130
        await follower.communicate()


async def test_the_verbs_explain_themselves(program: Program) -> None:
    shown = (await program.run("service", "--help")).out
    for verb in ("install", "remove", "status", "logs"):
        assert f"  {verb} " in shown
