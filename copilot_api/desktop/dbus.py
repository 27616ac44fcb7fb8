"""A connection to a D-Bus: it calls and is called, listens, and comes back by itself. jeepney knows the format of messages.

All of it happens in `Bus.run`, one coroutine that belongs to whoever awaits it. What is offered is answered by plain
functions, so that a call needs no task of its own. File descriptors are not passed.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageFlag,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)

from copilot_api.desktop.dbus_objects import Interface, Objects, Refused
from copilot_api.desktop.dbus_socket import UNREACHABLE, connected, next_message

CALL_S = 5.0
"""Seconds that others get to answer."""

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 20.0
"""Seconds between two tries to come back: they double from the first to the longest."""

BACKLOG = 8 << 20
"""Bytes that wait for the bus to take them. One that does not read for so long is gone."""

_log = logging.getLogger(__name__)

Answer = tuple[Any, ...] | Refused
"""What came back: the arguments, or the error."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A method of another program's: who, where, which. `takes` and `gives` are signatures."""

    name: str
    path: str
    interface: str
    member: str
    takes: str = ""
    gives: str = ""

    def message(self, *arguments: Any) -> Any:
        """A call of it."""
        address = DBusAddress(self.path, self.name, self.interface)
        return new_method_call(address, self.member, self.takes or None, arguments)


@dataclass(frozen=True, slots=True)
class Heard:
    """A signal that is listened for, sent by whoever owns `name`; with `first` only where its first argument is that text."""

    name: str
    interface: str
    member: str
    signature: str = ""
    path: str = ""
    first: str = ""

    @property
    def rule(self) -> str:
        """What the bus is told to pass on."""
        fields = {
            "sender": self.name,
            "interface": self.interface,
            "member": self.member,
            "path": self.path,
            "arg0": self.first,
        }
        return ",".join(["type='signal'", *(f"{field}='{value}'" for field, value in fields.items() if value)])


_DBUS = "org.freedesktop.DBus"
_HELLO, _ADD_MATCH, _OWNER, _REQUEST = (
    Remote(_DBUS, "/org/freedesktop/DBus", _DBUS, member, takes, gives)
    for member, takes, gives in (
        ("Hello", "", "s"),
        ("AddMatch", "s", ""),
        ("GetNameOwner", "s", "s"),
        ("RequestName", "su", "u"),
    )
)
_DO_NOT_QUEUE, _OWNER_NOW = 4, 1
_NOBODY = "org.freedesktop.DBus.Error.NameHasNoOwner"


@dataclass(frozen=True, slots=True)
class _Question:
    """A call that waits for its answer."""

    then: Callable[[Answer], object]
    gives: str
    timer: asyncio.TimerHandle


class Bus:
    """One connection, made anew each time that it is lost. `find` gives the socket; it is asked before each try.

    `offer`, `listen`, `watch` and `own` hold for every connection, whether there is one at the moment or not. Everything
    belongs to the thread whose loop runs `run`.
    """

    def __init__(self, find: Callable[[], str]) -> None:
        self.unique_name = ""
        self._find = find
        self._objects = Objects()
        self._listeners: list[tuple[Heard, Callable[..., None]]] = []
        self._watchers: dict[str, list[Callable[[str], None]]] = {}
        self._owners: dict[str, str] = {}
        self._names: list[str] = []
        self._owned_names: set[str] = set()
        self._waiting: dict[int, _Question] = {}
        self._serials = count(1)
        self._writer: asyncio.StreamWriter | None = None
        self._wait_s = FIRST_WAIT_S
        self._closed = asyncio.Event()

    def offer(self, path: str, interface: Interface) -> None:
        """Lets others call `interface` at `path`."""
        self._objects.offer(path, interface)

    def own(self, name: str) -> None:
        """Takes a name that others know, if no other program has it."""
        self._names.append(name)
        if self.unique_name:
            self._request(name)

    def owns(self, name: str) -> bool:
        """Whether it was given that name."""
        return name in self._owned_names

    def listen(self, heard: Heard, then: Callable[..., None]) -> None:
        """Calls `then` with the arguments of each such signal."""
        if heard.name != _DBUS:  # whose owner is the bus itself
            self.watch(heard.name, lambda _: None)
        self._listeners.append((heard, then))
        if self.unique_name:
            self.ask(_ADD_MATCH, heard.rule)

    def watch(self, name: str, changed: Callable[[str], None]) -> None:
        """Calls `changed` with who owns `name`, first of all and whenever that changes; "" is nobody, or no bus."""
        if name not in self._watchers:
            self._watchers[name] = []
            self.listen(Heard(_DBUS, _DBUS, "NameOwnerChanged", "sss", first=name), self._owner_changed)
            if self.unique_name:
                self._find_owner(name)
        self._watchers[name].append(changed)
        if name in self._owners:
            changed(self._owners[name])

    async def call(self, remote: Remote, *arguments: Any, timeout_s: float = CALL_S) -> tuple[Any, ...]:
        """What the other program answers. Raises Refused: its error, or why there is no answer."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def come(answer: Answer) -> None:
            if not future.done():  # as it is when nobody waits any more
                future.set_result(answer)

        self.ask(remote, *arguments, then=come, timeout_s=timeout_s)
        answer = await future
        if isinstance(answer, Refused):
            raise answer
        return answer

    def ask(
        self, remote: Remote, *arguments: Any, then: Callable[[Answer], object] | None = None, timeout_s: float = CALL_S
    ) -> None:
        """The same for those who do not wait: `then` is called with the answer, or with the error, and before anything that the
        other program says after it is heard.
        """
        loop, then = asyncio.get_running_loop(), then or _nothing
        serial = self._send(remote.message(*arguments))
        if not serial:
            loop.call_soon(then, Refused("Disconnected", "there is no connection to the bus"))
            return
        late = Refused("NoReply", f"{remote.name} did not answer within {timeout_s:g} seconds")
        timer = loop.call_later(timeout_s, self._settle, serial, late)
        self._waiting[serial] = _Question(then, remote.gives, timer)

    def emit(self, path: str, interface: str, signal: str, *arguments: Any) -> None:
        """Tells everybody who listens; nobody, while there is no connection."""
        signature = self._objects.signature_of(path, interface, signal)
        self._send(new_signal(DBusAddress(path, interface=interface), signal, signature or None, arguments))

    def close(self) -> None:
        """Lets `run` end as soon as what was said has been sent."""
        self._closed.set()
        if self._writer is not None:
            self._writer.close()

    async def run(self) -> None:
        """Keeps up the connection until `close`."""
        while not self._closed.is_set():
            try:
                await self._session()
            except UNREACHABLE as problem:
                _log.debug("no D-Bus: %s: %s", type(problem).__name__, problem)
            finally:
                self._lose()
            await self._pause()

    async def _pause(self) -> None:
        wait_s, self._wait_s = self._wait_s, min(2 * self._wait_s, LONGEST_WAIT_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._closed.wait()

    async def _session(self) -> None:
        """One connection from its beginning to its end."""
        async with asyncio.timeout(CALL_S):
            reader, self._writer = await connected(self._find())
        self.ask(_HELLO, then=self._greeted)
        while not self._closed.is_set():
            message = await next_message(reader)
            _do(self._take, message)

    def _greeted(self, answer: Answer) -> None:
        if isinstance(answer, Refused):
            _log.debug("the bus does not greet: %s", answer)
            self._drop()
            return
        [self.unique_name] = answer
        self._wait_s = FIRST_WAIT_S
        for heard, _ in self._listeners:
            self.ask(_ADD_MATCH, heard.rule)
        for name in self._names:
            self._request(name)
        for name in self._watchers:
            self._find_owner(name)

    def _request(self, name: str) -> None:
        def answered(answer: Answer) -> None:
            if answer == (_OWNER_NOW,):
                self._owned_names.add(name)

        self.ask(_REQUEST, name, _DO_NOT_QUEUE, then=answered)

    def _find_owner(self, name: str) -> None:
        def found(answer: Answer) -> None:
            if not isinstance(answer, Refused):
                self._owned(name, str(answer[0]))
            elif answer.name == _NOBODY:
                self._owned(name, "")

        self.ask(_OWNER, name, then=found)

    def _owner_changed(self, name: str, _: str, owner: str) -> None:
        self._owned(name, owner)

    def _owned(self, name: str, owner: str) -> None:
        if self._owners.get(name) != owner:
            self._owners[name] = owner
            for changed in self._watchers[name]:
                _do(changed, owner)

    def _lose(self) -> None:
        """What is to be done when there is no connection any more, or never was."""
        self._drop()
        self.unique_name = ""
        self._owned_names.clear()
        for serial in list(self._waiting):
            self._settle(serial, Refused("Disconnected", "the connection to the bus was lost"))
        for name in self._watchers:
            self._owned(name, "")

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _settle(self, serial: int, answer: Answer) -> None:
        question = self._waiting.pop(serial)
        question.timer.cancel()
        _do(question.then, answer)

    def _send(self, message: Any) -> int:
        """The number of the message, 0 when there is nobody to send it to."""
        if self._writer is None or self._writer.is_closing():
            return 0
        serial = next(self._serials)
        self._writer.write(message.serialise(serial))
        if self._writer.transport.get_write_buffer_size() > BACKLOG:
            self._writer.transport.abort()
        return serial

    def _take(self, message: Any) -> None:
        if message is None:
            return
        match message.header.message_type:
            case MessageType.method_call:
                self._answer(message)
            case MessageType.signal:
                self._hear(message)
            case _:
                self._answered(message)

    def _answered(self, message: Any) -> None:
        fields = message.header.fields
        serial = fields.get(HeaderFields.reply_serial, 0)
        question = self._waiting.get(serial)
        if question is None:
            return
        if message.header.message_type is MessageType.error:
            said = message.body[0] if message.body and isinstance(message.body[0], str) else ""
            self._settle(serial, Refused(fields.get(HeaderFields.error_name, "Failed"), said))
        elif fields.get(HeaderFields.signature, "") != question.gives:
            self._settle(serial, Refused("InvalidSignature", f"({question.gives}) was expected"))
        else:
            self._settle(serial, message.body)

    def _hear(self, message: Any) -> None:
        fields = message.header.fields
        said = tuple(fields.get(each, "") for each in _OF_A_SIGNAL)
        for heard, then in tuple(self._listeners):
            sender = _DBUS if heard.name == _DBUS else self._owners.get(heard.name)
            path = heard.path or fields.get(HeaderFields.path)
            is_it = said == (sender, path, heard.interface, heard.member, heard.signature)
            if is_it and (not heard.first or message.body[0] == heard.first):
                _do(then, *message.body)

    def _answer(self, call: Any) -> None:
        fields = call.header.fields
        path, interface, member, signature = (fields.get(each, "") for each in _OF_A_CALL)
        try:
            gives, answer = self._objects.answer(path, interface, member, signature, call.body)
            reply = new_method_return(call, gives or None, answer)
        except Refused as refused:
            reply = new_error(call, refused.name, "s", (str(refused),))
        if not call.header.flags & MessageFlag.no_reply_expected:
            self._send(reply)


_OF_A_CALL = (HeaderFields.path, HeaderFields.interface, HeaderFields.member, HeaderFields.signature)
_OF_A_SIGNAL = (HeaderFields.sender, *_OF_A_CALL)


def _nothing(_: Answer) -> None:
    """For those who do not care."""


def _do(then: Callable[..., object], *arguments: Any) -> None:
    """A fault in what one message sets off must not end the conversation."""
    try:
        then(*arguments)
    except Exception:  # noqa: BLE001 - see above
        _log.exception("what a message of the bus set off went wrong")
