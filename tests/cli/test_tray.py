"""`copilot-api tray` as a person has it: the real program, a real session bus, and a bar whose rows are clicked."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import pytest

from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox
from tests.builders.desktop import Desktop
from tests.builders.program import Program, Server, end

if sys.platform == "linux":
    from tests.builders.bar import Bar, bar
    from tests.builders.robot import Robot

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the bar of these tests speaks D-Bus, which is Linux' own")
RUNNING = "the icon is in the bar"


@pytest.fixture
def there(private_bus: Desktop, program: Program) -> Iterator["Bar"]:
    """A bar in the session in which the program is started."""
    program.environ["DBUS_SESSION_BUS_ADDRESS"] = private_bus.address
    with bar(private_bus.address) as running:
        yield running


@pytest.fixture
def robot(there: "Bar") -> "Robot":
    return Robot(there)


@pytest.fixture
async def lab(program: Program) -> AsyncIterator[Sandbox]:
    """GitHub and Copilot for the program, which is not signed in."""
    async with Sandbox(poll_interval_s=0) as running:
        program.uses(running)
        program.environ["COPILOT_API_PORT"] = "0"
        yield running


@asynccontextmanager
async def started(program: Program, *arguments: str) -> AsyncIterator[Server]:
    """The tray, which must have ended when the block does."""
    process = await program.start("tray", *arguments)
    tray = Server(process)
    try:
        yield tray
    finally:
        if process.returncode is None:
            await end(process)
            await process.communicate()


async def ended_well(tray: Server) -> None:
    ended = await tray.ended()
    assert (ended.code, "Traceback" in ended.err) == (0, False), ended.err


def left(home: Path) -> list[str]:
    """Files that speak of a running program."""
    return sorted(path.name for path in (home / "copilot-api").glob("*") if not path.name.startswith("."))


async def ask(url: str, *, stream: bool = False) -> str:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="dummy", max_retries=0) as client:
        messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]
        if not stream:
            whole = await client.chat.completions.create(model="gpt-4.1", messages=messages)
            return whole.choices[0].message.content or ""
        pieces = await client.chat.completions.create(model="gpt-4.1", messages=messages, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in pieces if chunk.choices])


async def url_of(robot: "Robot") -> str:
    row = await robot.row("Serving on ")
    return f"http://{row.label.split()[2].rstrip(',')}"


async def test_the_whole_story_from_the_first_start_to_the_end(
    program: Program, lab: Sandbox, robot: "Robot", there: "Bar"
) -> None:
    async with started(program) as tray:
        await tray.said(RUNNING)
        url = await url_of(robot)
        assert "but not signed in" in (await robot.row("Serving on ")).label
        with pytest.raises(openai.AuthenticationError, match="not signed in"):
            await ask(url)
        await robot.click("Sign in…")
        await robot.row("Sign out sandbox-dev")
        await robot.row("AI credits 6,121 of 7,000")
        lab.script.answer("Good morning", usage=Counted(prompt=1000, output=10, nano_aiu=5_000_000_000))
        assert await ask(url) == "Good morning"
        await robot.row("AI credits 6,116 of 7,000")
        await robot.row("Today 1 request, 5 AI credits, 1k tokens")
        lab.script.fault("delay", seconds=0.5)
        lab.script.answer("This was still finished")
        asking = asyncio.gather(ask(url, stream=True))
        await robot.row(f"Serving on {url.removeprefix('http://')} · sandbox-dev · 1 active")
        await robot.click("Stop serving")
        await robot.row("Stopping, 1 request may finish")
        assert list(await asking) == ["This was still finished"]
        await robot.row("Not serving")
        with pytest.raises(openai.APIConnectionError):
            await ask(url)
        await robot.click("Quit")
        await ended_well(tray)
    assert left(program.home) == []
    assert there.items  # it was there


async def test_a_second_start_finds_the_first(program: Program, lab: Sandbox, robot: "Robot") -> None:
    async with started(program) as tray:
        await tray.said(RUNNING)
        await robot.row("Serving on ")
        again = await program.run("tray")
        assert (again.code, again.err) == (0, f"the tray runs already (process {tray.process.pid}); it shows itself\n")
        quiet = await program.run("tray", "--at-login")
        assert (quiet.code, quiet.err) == (0, "")
        await robot.click("Quit")
        await ended_well(tray)


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
async def test_signals_end_it_politely(program: Program, lab: Sandbox, robot: "Robot", number: signal.Signals) -> None:
    async with started(program) as tray:
        await robot.row("Serving on ")
        os.kill(tray.process.pid, number)
        await ended_well(tray)
    assert left(program.home) == []


async def test_one_that_was_killed_is_in_nobodys_way(program: Program, lab: Sandbox, robot: "Robot") -> None:
    async with started(program) as tray:
        await robot.row("Serving on ")
        tray.process.kill()
        await tray.process.communicate()
    async with started(program) as tray:
        await tray.said(RUNNING)
        await robot.row("Serving on ")
        await robot.click("Quit")
        await ended_well(tray)


async def test_a_server_that_a_terminal_started_is_shown_and_stopped(program: Program, lab: Sandbox, robot: "Robot") -> None:
    program.environ["GH_TOKEN"] = lab.grant
    async with program.serving() as server:
        port = server.url.rpartition(":")[2]
        async with started(program, "--port", port) as tray:
            await robot.row(f"Started elsewhere (process {server.process.pid})")
            assert await url_of(robot) == server.url
            await robot.click("Stop serving")
            assert (await server.ended()).code == 0
            await robot.row("Not serving")
            await robot.click("Quit")
            await ended_well(tray)


async def test_a_start_in_a_terminal_learns_that_the_tray_serves(program: Program, lab: Sandbox, robot: "Robot") -> None:
    program.environ["GH_TOKEN"] = lab.grant
    async with started(program) as tray:
        port = (await url_of(robot)).rpartition(":")[2]
        other = await program.run("start", "--port", port)
        assert other.code == 1
        assert f"port {port} is in use by copilot-api (process {tray.process.pid}" in other.err
        told = await program.run("status")
        assert f":{port}" in told.out
        assert (await program.run("stop")).code == 0
        await robot.row("Not serving")
        await robot.click("Quit")
        await ended_well(tray)


async def test_without_a_bar_it_serves_and_says_what_there_is_instead(
    program: Program, lab: Sandbox, private_bus: Desktop
) -> None:
    program.environ |= {"DBUS_SESSION_BUS_ADDRESS": private_bus.address, "GH_TOKEN": lab.grant}
    async with started(program) as tray:
        await tray.said("no bar of this desktop shows the icons of programs")
        assert (await program.run("status")).code == 0
        tray.process.terminate()
        await ended_well(tray)


async def test_without_a_desktop_it_serves_and_says_so(program: Program, lab: Sandbox) -> None:
    program.environ["GH_TOKEN"] = lab.grant
    async with started(program) as tray:
        await tray.said("no D-Bus session bus")
        await _serving(program)
        tray.process.terminate()
        await ended_well(tray)


async def _serving(program: Program) -> None:
    for _ in range(200):
        if (await program.run("status")).code == 0:
            return
        await asyncio.sleep(0.05)
    pytest.fail("nothing is served")


async def test_settings_that_are_broken_are_told_before_anything_is_shown(program: Program) -> None:
    (program.home / "settings.toml").write_text("port = nonsense\n", "utf-8")
    program.environ["COPILOT_API_CONFIG"] = str(program.home / "settings.toml")
    ended = await program.run("tray")
    assert ended.code == 2
    assert "is not valid TOML" in ended.err


async def test_a_port_that_is_taken_is_told_in_the_menu(program: Program, lab: Sandbox, robot: "Robot") -> None:
    program.environ["GH_TOKEN"] = lab.grant
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with taken:
        port = taken.sockets[0].getsockname()[1]
        async with started(program, "--port", str(port)) as tray:
            assert f"port {port} is in use" in (await robot.row("Not serving: ")).label
            await robot.click("Quit")
            await ended_well(tray)


async def test_in_the_sandbox_all_of_it_works_without_an_account(program: Program, robot: "Robot") -> None:
    async with started(program, "--sandbox", "--port", "0") as tray:
        assert await ask(await url_of(robot))
        await robot.gone("Sign in…")
        await robot.click("Quit")
        await ended_well(tray)
