"""A real systemd of one's own keeps the server: started, looked at, read, mended, ended; and what is in the way is told."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from copilot_api.desktop.keeper.unit import MARK, UNIT, unit
from copilot_api.sandbox import Sandbox
from tests.builders.own_systemd import RUNTIME, OwnSystemd, own_systemd
from tests.builders.program import Program

if sys.platform == "linux":
    LIMIT_S = 20.0

    def settings(program: Program, sandbox: Sandbox, port: int) -> Path:
        """The file in which a person has put all that a server must know."""
        path = program.home / ".config" / "copilot-api" / "config.toml"
        path.parent.mkdir(parents=True)
        lines = {
            "port": port,
            "token_store": "file",
            "drain_s": 0.2,
            "github_url": sandbox.github_url,
            "github_api_url": sandbox.github_api_url,
            "copilot_url": sandbox.copilot_url,
        }
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()), "utf-8")
        del program.environ["COPILOT_API_TOKEN_STORE"]
        return path

    @pytest.fixture
    def person(program: Program, login: OwnSystemd, sandbox: Sandbox, port: int) -> Program:
        """The program, as somebody types it who has just logged in."""
        settings(program, sandbox, port)
        return login.holds(program)

    @pytest.fixture
    async def signed_in(person: Program, sandbox: Sandbox) -> Program:
        """That person, signed in."""
        ended = await person.run("auth", "--with-token", typed=sandbox.grant)
        assert ended.code == 0, ended.err
        return person

    def own(person: Program) -> Path:
        return person.home / ".config" / "systemd" / "user" / UNIT

    async def models(http: aiohttp.ClientSession, port: int) -> int:
        async with http.get(f"http://127.0.0.1:{port}/v1/models") as answer:
            return answer.status

    async def state(person: Program) -> dict[str, object]:
        read: dict[str, object] = json.loads((await person.run("service", "status", "--json")).out)
        return read

    async def is_running(person: Program) -> bool:
        return (await state(person))["running"] is True

    async def until(happens: Callable[[], Awaitable[bool]]) -> None:
        """Waits for it, asking again and again, because a service manager calls nobody."""
        async with asyncio.timeout(LIMIT_S):
            while not await happens():  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.1)

    async def test_it_is_installed_serves_is_looked_at_read_and_removed(
        signed_in: Program, login: OwnSystemd, http: aiohttp.ClientSession, port: int
    ) -> None:
        before = await signed_in.run("service", "status")
        assert before.code == 1
        assert before.out.startswith("systemd unit: none\nstarts at login: no\nrunning: no\n")

        installed = await signed_in.run("service", "install")
        assert installed.code == 0, installed.err
        wrote, enabled, started = installed.err.splitlines()[:3]
        assert wrote == f"wrote {own(signed_in)}"
        assert enabled == f"enabled {UNIT}: it starts whenever you log in"
        assert started.endswith(f": serving at http://127.0.0.1:{port}")
        assert await models(http, port) == 200

        status = await signed_in.run("service", "status")
        assert status.code == 0
        found = await state(signed_in)
        assert f"running: yes, process {found['pid']}\n" in status.out
        assert found | {"pid": 0} == {
            "kind": "systemd unit",
            "where": str(own(signed_in)),
            "installed": True,
            "running": True,
            "pid": 0,
            "state": f"active (running), serving at http://127.0.0.1:{port}",
            "log": f"journalctl --user-unit {UNIT}",
            "lingers": None,
            "trayAtLogin": False,
        }
        assert own(signed_in).read_text("utf-8").startswith(f"{MARK}\n[Unit]\n")
        again = await signed_in.run("service", "install")
        assert again.err == f"it is running already, as process {found['pid']}\n"

        logs = await signed_in.run("service", "logs", "--lines", "20")
        assert f"copilot-api[{found['pid']}]: serving GitHub Copilot of sandbox-dev at http://127.0.0.1:{port}" in logs.out
        assert "press Ctrl-C" not in logs.out, "nobody can"
        assert len((await signed_in.run("service", "logs", "-n", "1")).out.splitlines()) == 1

        removed = await signed_in.run("service", "remove")
        assert removed.code == 0
        assert removed.err.splitlines() == [
            f"stopped {UNIT}",
            f"disabled {UNIT}: it starts no more at login",
            f"removed {own(signed_in)}",
        ]
        assert login.ask("systemctl", "--user", "list-units", "--all", "--plain", "--no-legend", UNIT) == ""
        assert [path.name for path in own(signed_in).parent.rglob("*")] in ([], ["default.target.wants"])
        assert (await signed_in.run("service", "remove")).err == f"there is no {UNIT}\n"

    @asynccontextmanager
    async def logged_in(home: Path) -> AsyncIterator[OwnSystemd]:
        """A login during which the sandbox goes on answering."""
        login = own_systemd(home)
        yield await asyncio.to_thread(login.__enter__)
        await asyncio.to_thread(login.__exit__, None, None, None)

    async def test_it_starts_at_the_next_login(
        program: Program, sandbox: Sandbox, http: aiohttp.ClientSession, has_systemd: None, port: int
    ) -> None:
        settings(program, sandbox, port)
        async with logged_in(program.home) as first:
            person = first.holds(program)
            assert (await person.run("auth", "--with-token", typed=sandbox.grant)).code == 0
            assert (await person.run("service", "install")).code == 0
        with pytest.raises(aiohttp.ClientConnectionError):
            await models(http, port)
        async with logged_in(program.home) as second:
            await until(lambda: is_running(second.holds(program)))
            assert await models(http, port) == 200

    @pytest.mark.slow
    async def test_it_serves_before_anybody_is_signed_in_and_becomes_whole_by_itself(
        person: Program, sandbox: Sandbox, http: aiohttp.ClientSession, port: int
    ) -> None:
        installed = await person.run("service", "install")
        assert installed.code == 0, installed.err
        assert installed.err.startswith("warning: you are not signed in\nhint: run copilot-api auth\n")
        assert await models(http, port) == 401
        assert "warning: you are not signed in" in (await person.run("service", "logs")).out
        assert (await person.run("auth", "--with-token", typed=sandbox.grant)).code == 0

        async def is_whole() -> bool:
            return await models(http, port) == 200

        await until(is_whole)

    @pytest.mark.slow
    async def test_the_unit_of_a_package_serves_until_it_has_to_be_told_something(
        signed_in: Program, login: OwnSystemd, starts: tuple[str, ...]
    ) -> None:
        program = json.loads((await signed_in.run("debug", "--json")).out)["program"]["command"]
        packaged = signed_in.home / ".local" / "share" / "systemd" / "user" / UNIT
        packaged.parent.mkdir(parents=True, exist_ok=True)
        packaged.write_text(unit(" ".join([*program, "start", "--patient"])), "utf-8")
        login.ask("systemctl", "--user", "daemon-reload")
        signed_in.environ.pop("XDG_CACHE_HOME", None)  # else it would have to be told
        installed = await signed_in.run("service", "install")
        assert installed.code == 0, installed.err
        assert not own(signed_in).exists()
        before = await state(signed_in)
        assert before["where"] == str(packaged)

        moved = signed_in.home / "elsewhere.toml"
        (signed_in.home / ".config" / "copilot-api" / "config.toml").rename(moved)
        signed_in.environ["COPILOT_API_CONFIG"] = str(moved)
        again = await signed_in.run("service", "install")
        assert again.code == 0, again.err
        assert f"wrote {own(signed_in)}" in again.err, "this it has to be told"
        assert f"Environment=COPILOT_API_CONFIG={moved}\n" in own(signed_in).read_text("utf-8")
        after = await state(signed_in)
        assert after["where"] == str(own(signed_in)), "never two"
        assert after["pid"] not in {before["pid"], None}, "it was started anew"

        assert (await signed_in.run("service", "remove")).code == 0
        assert packaged.exists()
        assert (await state(signed_in))["installed"] is False

    @pytest.mark.slow
    async def test_what_a_removed_package_left_is_taken_away(person: Program, login: OwnSystemd) -> None:
        link = own(person).parent / "default.target.wants" / UNIT
        link.parent.mkdir(parents=True)
        link.symlink_to(f"/usr/lib/systemd/user/{UNIT}")
        login.ask("systemctl", "--user", "daemon-reload")
        assert (await person.run("service", "remove")).err == f"removed {link}\n"
        assert not link.is_symlink()

    @pytest.mark.slow
    async def test_a_unit_of_the_person_s_own_hand_is_left_alone(signed_in: Program, login: OwnSystemd) -> None:
        own(signed_in).parent.mkdir(parents=True)
        own(signed_in).write_text("[Service]\nExecStart=/bin/true\n", "utf-8")
        login.ask("systemctl", "--user", "daemon-reload")
        refused = await signed_in.run("service", "install")
        assert refused.code == 1
        assert refused.err == (
            f"error: {own(signed_in)} was not written by copilot-api\n"
            "hint: move it away, or go on using it with systemctl --user\n"
        )
        await signed_in.run("service", "remove")
        assert own(signed_in).read_text("utf-8") == "[Service]\nExecStart=/bin/true\n"

    async def test_a_server_that_cannot_start_says_why_and_the_journal_knows_it_for_an_error(
        signed_in: Program, login: OwnSystemd, port: int
    ) -> None:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
        async with server:
            installed = await signed_in.run("service", "install")
            assert installed.code == 1
            assert f"error: {UNIT} is installed but does not start: port {port} is in use" in installed.err
            assert installed.err.endswith("hint: copilot-api service logs shows what it said\n")
            errors = login.ask("journalctl", f"--user-unit={UNIT}", "--priority=err", "--output=cat")
            assert f"error: port {port} is in use" in errors
            status = await signed_in.run("service", "status")
            assert status.code == 1
            assert "running: no\n" in status.out
        assert (await signed_in.run("service", "install")).code == 0, "once the port is free"

    @pytest.mark.slow
    async def test_a_manager_that_looks_elsewhere_is_told_of(signed_in: Program) -> None:
        signed_in.environ["XDG_CONFIG_HOME"] = str(signed_in.home / "unknown to systemd")
        refused = await signed_in.run("service", "install")
        assert refused.code == 1
        assert "error: your systemd does not read " in refused.err
        assert "hint: let it know XDG_CONFIG_HOME, too, or do without that variable here\n" in refused.err

    @pytest.mark.slow
    async def test_where_systemd_runs_but_not_for_this_terminal_it_says_so(person: Program) -> None:
        """As after su."""
        person.environ["XDG_RUNTIME_DIR"] = "/run/user/4711"
        refused = await person.run("service", "install")
        assert refused.code == 1
        assert "the one of your own cannot be reached from here" in refused.err

    @pytest.mark.slow
    async def test_a_token_that_the_manager_has_too_is_no_secret_to_it(
        person: Program, login: OwnSystemd, sandbox: Sandbox
    ) -> None:
        """environment.d(5). Of a terminal's own: cli/test_service.py."""
        login.ask("systemctl", "--user", "set-environment", f"GH_TOKEN={sandbox.grant}", "COPILOT_API_RATE_LIMIT=1")
        person.environ |= {"GH_TOKEN": sandbox.grant, "COPILOT_API_RATE_LIMIT": "1"}
        installed = await person.run("service", "install")
        assert (installed.code, "warning" in installed.err) == (0, False), installed.err
        assert sandbox.grant not in own(person).read_text("utf-8")

    @pytest.fixture
    def desktop(login: OwnSystemd) -> Iterator[OwnSystemd]:
        """The login with gnome-keyring in it, open and new."""
        assert shutil.which("gnome-keyring-daemon"), "apt-get install gnome-keyring"
        bus = f"DBUS_SESSION_BUS_ADDRESS=unix:path={RUNTIME}/bus"
        command = ["env", bus, "gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"]
        daemon = subprocess.Popen(
            [*login.enters, *command], stdin=subprocess.PIPE, env=login.environ, stderr=subprocess.DEVNULL
        )
        assert daemon.stdin
        daemon.stdin.write(b"the password of this keyring")
        daemon.stdin.close()
        yield login
        daemon.kill()
        daemon.wait()

    async def signs_in(person: Program, sandbox: Sandbox) -> bool:
        return "kept in Secret Service" in (await person.run("auth", "--with-token", typed=sandbox.grant)).err

    @pytest.mark.slow
    async def test_the_server_finds_the_token_in_the_keyring(
        person: Program, desktop: OwnSystemd, sandbox: Sandbox, http: aiohttp.ClientSession, port: int
    ) -> None:
        """Whether or not the manager knows a variable for the bus, which is where systemd keeps it."""
        path = person.home / ".config" / "copilot-api" / "config.toml"
        path.write_text(path.read_text("utf-8").replace('token_store = "file"', 'token_store = "keyring"'), "utf-8")
        await until(lambda: signs_in(person, sandbox))
        desktop.ask("systemctl", "--user", "unset-environment", "DBUS_SESSION_BUS_ADDRESS")
        installed = await person.run("service", "install")
        assert installed.code == 0, installed.err
        assert await models(http, port) == 200
        assert person.stored() == []

    @pytest.mark.slow
    async def test_after_a_crash_it_is_started_again(
        signed_in: Program, login: OwnSystemd, http: aiohttp.ClientSession, port: int
    ) -> None:
        assert (await signed_in.run("service", "install")).code == 0
        first = await state(signed_in)
        login.ask("systemctl", "--user", "kill", f"--signal={signal.SIGKILL.name}", UNIT)

        async def is_another() -> bool:
            found = await state(signed_in)
            return found["running"] is True and found["pid"] != first["pid"]

        await until(is_another)
        assert "started again 1 times" in str((await state(signed_in))["state"])
        assert await models(http, port) == 200
