"""A connection that calls and is called, listens to whom it should, and comes back: over a real bus, with another program."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from copilot_api.desktop import dbus, dbus_socket
from copilot_api.desktop.dbus import Answer, Bus, Heard, Remote
from copilot_api.desktop.dbus_objects import Interface, Method, Refused
from tests.builders.bar import Caller, Failed
from tests.builders.desktop import Desktop
from tests.builders.desktop import bus as dbus_daemon
from tests.builders.waiting import eventually, until

LAMP = "org.example.Lamp"
PLACE = ("/lamp", LAMP)
SWITCH = Remote(LAMP, "/lamp", LAMP, "Switch", "b", "s")
BROKEN = "org.freedesktop.DBus.Error"


@pytest.fixture
def lamp(session_bus: Desktop) -> Iterator[Caller]:
    """Another program, which can be switched on and off."""
    program = Caller(session_bus.address, {"Switch": lambda is_on: ("s", ("on" if is_on else "off",))})
    program.own(LAMP)
    yield program
    program.close()


@asynccontextmanager
async def kept(bus: Bus, *, is_up: bool = True) -> AsyncIterator[Bus]:
    """The connection, until the block ends."""
    keeper = asyncio.create_task(bus.run())
    if is_up:
        await eventually(lambda: bool(bus.unique_name))
    yield bus
    bus.close()
    async with asyncio.timeout(5):
        await keeper


@pytest.fixture
async def bus(session_bus: Desktop) -> AsyncIterator[Bus]:
    async with kept(Bus(dbus_socket.session)) as connected:
        yield connected


async def test_a_call_brings_the_answer(bus: Bus, lamp: Caller) -> None:
    assert await bus.call(SWITCH, True) == ("on",)
    answers: list[Answer] = []
    bus.ask(SWITCH, False, then=answers.append)
    await eventually(lambda: answers == [("off",)])


async def test_an_error_keeps_its_name(bus: Bus, lamp: Caller) -> None:
    with pytest.raises(Refused) as refused:
        await bus.call(Remote(LAMP, "/lamp", LAMP, "Explode"))
    assert refused.value.name == f"{BROKEN}.UnknownMethod"
    with pytest.raises(Refused) as refused:
        await bus.call(Remote("org.example.Nobody", "/", LAMP, "Switch"))
    assert refused.value.name == f"{BROKEN}.ServiceUnknown"


async def test_an_answer_of_another_form_than_was_promised_is_an_error(bus: Bus, lamp: Caller) -> None:
    with pytest.raises(Refused) as refused:
        await bus.call(Remote(LAMP, "/lamp", LAMP, "Switch", "b", "u"), True)
    assert refused.value.name == f"{BROKEN}.InvalidSignature"


def hang(message: Any) -> None:
    """Takes a message as a program does that hangs."""


async def test_one_that_does_not_answer_is_not_waited_for(bus: Bus, session_bus: Desktop) -> None:
    silent = Bus(dbus_socket.session)
    silent.own("org.example.Silent")
    async with kept(silent):
        silent._take = hang  # type: ignore[method-assign]
        with pytest.raises(Refused, match=r"org\.example\.Silent did not answer within 0\.05 seconds") as refused:
            await bus.call(Remote("org.example.Silent", "/", LAMP, "Switch"), timeout_s=0.05)
    assert refused.value.name == f"{BROKEN}.NoReply"
    assert not bus._waiting


async def test_a_call_that_is_given_up_is_forgotten(bus: Bus, lamp: Caller) -> None:
    waiting = asyncio.create_task(bus.call(SWITCH, True))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await bus.call(SWITCH, True) == ("on",)
    assert not bus._waiting


async def test_an_answer_is_taken_before_what_is_said_after_it(bus: Bus, lamp: Caller) -> None:
    order: list[Any] = []
    bus.listen(Heard(LAMP, LAMP, "Changed", "s"), order.append)
    await eventually(lambda: bus._owners.get(LAMP) == lamp.name)
    bus.ask(SWITCH, True, then=order.append)
    # The loop stands still meanwhile, so that both wait to be read at once.
    until(lambda: lamp.answered == 1)
    lamp.emit(PLACE, "Changed", "s", "after")
    assert lamp.call("org.freedesktop.DBus", ("/", "org.freedesktop.DBus"), "GetId")  # and so the bus has passed it on
    await eventually(lambda: len(order) == 2)
    assert order == [("on",), "after"]


async def test_others_can_call_and_no_answer_goes_where_none_is_wanted(bus: Bus, lamp: Caller) -> None:
    heard: list[str] = []

    def hear(text: str) -> tuple[int]:
        heard.append(text)
        return (len(text),)

    bus.offer("/ear", Interface("org.example.Ear", {"Say": Method("s", "u", hear)}))

    def say() -> Any:
        return lamp.call(bus.unique_name, ("/ear", "org.example.Ear"), "Say", "s", "hello")

    assert await asyncio.to_thread(say) == (5,)
    with pytest.raises(Failed, match="InvalidArgs"):
        await asyncio.to_thread(lambda: lamp.call(bus.unique_name, ("/ear", "org.example.Ear"), "Say", "u", 5))
    assert heard == ["hello"]


async def test_what_was_offered_can_be_heard(bus: Bus, session_bus: Desktop) -> None:
    bus.offer("/ear", Interface("org.kde.StatusNotifierItem", signals={"NewStatus": "s"}))
    other = await asyncio.to_thread(Caller, session_bus.address)
    bus.emit("/ear", "org.kde.StatusNotifierItem", "NewStatus", "Active")
    await eventually(lambda: [heard.body for heard in other.heard if heard.name == "NewStatus"] == [("Active",)])
    await asyncio.to_thread(other.close)


async def test_a_signal_is_heard_from_the_owner_of_the_name_and_from_nobody_else(
    bus: Bus, lamp: Caller, session_bus: Desktop
) -> None:
    heard: list[Any] = []
    bus.listen(Heard(LAMP, LAMP, "Changed", "s"), heard.append)
    await eventually(lambda: bus._owners.get(LAMP) == lamp.name)
    stranger = await asyncio.to_thread(Caller, session_bus.address)
    stranger.emit(PLACE, "Changed", "s", "forged", to=bus.unique_name)
    lamp.emit(PLACE, "Changed", "u", 7)
    lamp.emit(PLACE, "Other", "s", "other")
    lamp.emit(PLACE, "Changed", "s", "on")
    await eventually(lambda: bool(heard))
    assert heard == ["on"]
    await asyncio.to_thread(stranger.close)


async def test_only_the_path_and_the_first_argument_that_were_asked_for_are_heard(bus: Bus, lamp: Caller) -> None:
    heard: list[Any] = []
    bus.listen(Heard(LAMP, LAMP, "Changed", "s", path="/lamp", first="red"), heard.append)
    await eventually(lambda: LAMP in bus._owners)
    for place, word in ((("/other", LAMP), "red"), (PLACE, "blue"), (PLACE, "red")):
        lamp.emit(place, "Changed", "s", word, to=bus.unique_name)
    await eventually(lambda: bool(heard))
    assert heard == ["red"]


async def test_whoever_has_a_name_is_told_first_and_at_each_change(bus: Bus, session_bus: Desktop) -> None:
    owners: list[str] = []
    bus.watch(LAMP, owners.append)
    await eventually(lambda: owners == [""])
    first = await asyncio.to_thread(Caller, session_bus.address)
    await asyncio.to_thread(first.own, LAMP)
    await eventually(lambda: owners == ["", first.name])
    late: list[str] = []
    bus.watch(LAMP, late.append)
    assert late == [first.name]
    await asyncio.to_thread(first.close)
    await eventually(lambda: owners == ["", first.name, ""])
    assert late == [first.name, ""]


async def test_a_name_is_owned_unless_another_has_it(bus: Bus, lamp: Caller) -> None:
    bus.own("org.example.Mine")
    bus.own(LAMP)
    owner = Remote("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", "s", "s")
    assert await bus.call(owner, "org.example.Mine") == (bus.unique_name,)
    assert await bus.call(owner, LAMP) == (lamp.name,)
    assert (bus.owns("org.example.Mine"), bus.owns(LAMP)) == (True, False)


def ends_with(told: list[Any], last: object) -> bool:
    return told[-1:] == [last]


@pytest.mark.usefixtures("session_bus")
async def test_a_lost_bus_is_told_to_all_who_wait_and_everything_holds_on_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = tmp_path / "bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={socket}")
    bus, owners, heard = Bus(dbus_socket.session), list[str](), list[Any]()
    bus.own("org.example.Mine")
    bus.watch(LAMP, owners.append)
    bus.listen(Heard(LAMP, LAMP, "Changed", "s"), heard.append)
    bus.offer("/ear", Interface("org.example.Ear", {"Ping": Method("", "", lambda: ())}))
    async with kept(bus, is_up=False):
        for word in ("on", "off"):
            with dbus_daemon(tmp_path, socket=socket) as session:
                lamp = await asyncio.to_thread(Caller, session.address)
                await asyncio.to_thread(lamp.own, LAMP)
                await eventually(partial(ends_with, owners, lamp.name))
                assert await asyncio.to_thread(lamp.call, "org.example.Mine", ("/ear", "org.example.Ear"), "Ping") == ()
                lamp.emit(PLACE, "Changed", "s", word)
                await eventually(partial(ends_with, heard, word))
                hanging = asyncio.create_task(bus.call(Remote(bus.unique_name, "/ear", "org.example.Ear", "Nap", "", "")))
                await asyncio.to_thread(lamp.close)
            await eventually(lambda: not bus.unique_name)
            with pytest.raises(Refused):
                await hanging
            assert owners[-1] == ""
        with pytest.raises(Refused, match="no connection") as refused:
            await bus.call(SWITCH, True)
        assert refused.value.name == f"{BROKEN}.Disconnected"


async def test_tries_to_come_back_are_further_and_further_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbus, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(dbus, "LONGEST_WAIT_S", 0.04)
    tries: list[float] = []

    def nowhere() -> str:
        tries.append(asyncio.get_running_loop().time())
        return "/nowhere/at/all"

    async with kept(Bus(nowhere), is_up=False):
        await eventually(lambda: len(tries) == 6)
    apart = [later - earlier for earlier, later in pairwise(tries)]
    assert [round(wait, 2) >= least for wait, least in zip(apart, (0.01, 0.02, 0.04, 0.04), strict=False)] == [True] * 4


async def served(answer: bytes, tmp_path: Path) -> tuple[asyncio.Server, list[int]]:
    """Something that greets as a bus does, and then says that."""
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await reader.readuntil(b"\r\n")
        writer.write(b"OK 1234deadbeef\r\n")
        await reader.readuntil(b"BEGIN\r\n")
        writer.write(answer)
        await reader.read()
        writer.close()

    return await asyncio.start_unix_server(serve, tmp_path / "nonsense"), connections


def message(size: int = 0, *, kind: bytes = b"l") -> bytes:
    """A message whose body of `size` bytes nobody can read."""
    return kind + struct.pack("<BBBIII", 4, 0, 1, size, 1, 0) + b"\xff" * size


@pytest.mark.parametrize(
    "nonsense", [message(2 << 20), message(kind=b"x")], ids=["larger than anything that is said to us", "of no byte order"]
)
async def test_a_bus_that_talks_nonsense_is_left_and_tried_again(
    nonsense: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbus, "FIRST_WAIT_S", 0.01)
    server, connections = await served(nonsense, tmp_path)
    async with server, kept(Bus(lambda: str(tmp_path / "nonsense")), is_up=False):
        await eventually(lambda: len(connections) >= 2)


async def test_a_message_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    unreadable = b"l" + struct.pack("<BBBIII", 4, 0, 1, 0, 1, 8) + b"\x63\x01s\0\0\0\0\0"
    server, connections = await served(unreadable, tmp_path)
    bus = Bus(lambda: str(tmp_path / "nonsense"))
    async with server, kept(bus, is_up=False):
        await eventually(lambda: bool(connections))
        await asyncio.sleep(0.05)
        assert bus._writer is not None
    assert len(connections) == 1


async def test_a_bus_that_does_not_take_what_is_said_is_given_up(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbus, "BACKLOG", 0)
    bus.offer("/ear", Interface("org.example.Ear", signals={"Much": "ay"}))
    before = bus.unique_name
    for _ in range(50):
        bus.emit("/ear", "org.example.Ear", "Much", b"x" * 500_000)
    await eventually(lambda: bus.unique_name not in {"", before})


async def test_a_fault_in_what_a_signal_sets_off_does_not_end_the_conversation(
    bus: Bus, lamp: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("a fault")

    bus.listen(Heard(LAMP, LAMP, "Changed", "s"), fail)
    await eventually(lambda: LAMP in bus._owners)
    lamp.emit(PLACE, "Changed", "s", "on")
    await eventually(lambda: "a fault" in caplog.text)
    assert await bus.call(SWITCH, True) == ("on",)


async def test_a_refused_greeting_is_not_taken_for_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbus, "FIRST_WAIT_S", 0.01)
    from jeepney import MessageType, new_error, new_method_call
    from jeepney.wrappers import DBusAddress

    call = new_method_call(DBusAddress("/", "org.example.Bus", "org.example.Bus"), "Hello")
    call.header.serial = 1
    refusal = new_error(call, "org.example.Full")
    assert refusal.header.message_type is MessageType.error
    server, connections = await served(refusal.serialise(1), tmp_path)
    bus = Bus(lambda: str(tmp_path / "nonsense"))
    async with server, kept(bus, is_up=False):
        await eventually(lambda: len(connections) >= 2)
        assert not bus.unique_name
