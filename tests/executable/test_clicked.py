"""A program that was downloaded and double-clicked: no argument, no terminal, a screen."""

from tests.builders.bar import bar
from tests.builders.desktop import Desktop
from tests.builders.program import Program, Server
from tests.builders.robot import Robot


async def test_it_shows_itself_in_the_bar(compiled: Program, private_bus: Desktop) -> None:
    compiled.environ |= {
        "DBUS_SESSION_BUS_ADDRESS": private_bus.address,
        "DISPLAY": ":4141",  # that there is one is all that is looked at
        "COPILOT_API_SANDBOX": "true",
        "COPILOT_API_PORT": "0",
    }
    with bar(private_bus.address) as there:
        process = await compiled.start()
        robot = Robot(there)
        await robot.row("Serving on ")
        await robot.click("Quit")
        ended = await Server(process).ended()
    assert (ended.code, ended.out) == (0, "")


async def test_without_a_screen_it_says_what_it_can_do(compiled: Program) -> None:
    ended = await compiled.run()
    assert ended.code == 0
    assert "Usage: copilot-api" in ended.out
