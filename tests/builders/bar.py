"""A bar without a screen: it keeps the list of icons as KDE's watcher does, and asks as any program of the session may."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import open_dbus_connection

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = ("/StatusNotifierItem", "org.kde.StatusNotifierItem")
MENU = ("/MenuBar", "com.canonical.dbusmenu")
PROPERTIES = "org.freedesktop.DBus.Properties"


@dataclass
class Heard:
    """A signal of somebody's."""

    name: str
    body: tuple[Any, ...]


class Failed(Exception):
    """The error that was answered, by its name."""


@dataclass
class Caller:
    """A program on that bus. It hears every signal of the icon's interfaces and answers what `answers` knows."""

    address: str
    answers: dict[str, Callable[..., tuple[str, tuple[Any, ...]]]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    answered: int = 0

    def __post_init__(self) -> None:
        self._over = Event()
        self._waiting: dict[int, Future[Any]] = {}
        self._bus = open_dbus_connection(self.address)
        self._thread = Thread(target=self._live, daemon=True)
        self._thread.start()
        for interface in (ITEM[1], MENU[1]):
            self.ask(message_bus.AddMatch(f"type='signal',interface='{interface}'"))

    @property
    def name(self) -> str:
        return str(self._bus.unique_name)

    def ask(self, message: Any) -> tuple[Any, ...]:
        """What is answered. Raises Failed."""
        serial = next(self._bus.outgoing_serial)
        future = self._waiting[serial] = Future()
        self._bus.send(message, serial=serial)
        reply = future.result(10)
        if reply.header.message_type is MessageType.error:
            raise Failed(reply.header.fields[HeaderFields.error_name])
        return tuple(reply.body)

    def call(self, name: str, place: tuple[str, str], member: str, signature: str = "", *arguments: Any) -> tuple[Any, ...]:
        """What a method of another program's object answers."""
        path, interface = place
        return self.ask(new_method_call(DBusAddress(path, name, interface or None), member, signature or None, arguments))

    def own(self, name: str) -> None:
        """Takes that name."""
        assert self.ask(message_bus.RequestName(name, 4)) == (1,)

    def emit(self, place: tuple[str, str], name: str, signature: str = "", *arguments: Any, to: str | None = None) -> None:
        """Sends a signal, to one program only if it is named."""
        path, interface = place
        signal = new_signal(DBusAddress(path, interface=interface), name, signature or None, arguments)
        if to:
            signal.header.fields[HeaderFields.destination] = to
        self._bus.send(signal)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._bus.close()

    def _live(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError, ConnectionError):
                self._take(self._bus.receive(timeout=0.02))

    def _take(self, message: Any) -> None:
        fields = message.header.fields
        match message.header.message_type:
            case MessageType.method_call:
                answer = self.answers.get(fields[HeaderFields.member])
                if answer is None:
                    self._bus.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))
                else:
                    signature, body = answer(*message.body)
                    self._bus.send(new_method_return(message, signature or None, body))
                    self.answered += 1
            case MessageType.signal:
                self.heard.append(Heard(fields[HeaderFields.member], message.body))
            case _:
                # The bus also says when what was sent without a question found nobody.
                if (future := self._waiting.pop(fields[HeaderFields.reply_serial], None)) is not None:
                    future.set_result(message)


class Bar(Caller):
    """The watcher, and the host that draws what is on its list. `has_host`: whether there is somebody to draw."""

    def __init__(self, address: str, *, has_host: bool = True) -> None:
        self.items: list[str] = []
        self.has_host = has_host
        super().__init__(address, {"RegisterStatusNotifierItem": self._register, "Get": self._get})
        self.own(WATCHER)

    def _register(self, name: str) -> tuple[str, tuple[Any, ...]]:
        self.items.append(name)
        return "", ()

    def _get(self, _: str, name: str) -> tuple[str, tuple[Any, ...]]:
        assert name == "IsStatusNotifierHostRegistered"
        return "v", (("b", self.has_host),)

    def tell_of_hosts(self, *, has_host: bool) -> None:
        """A host has come or gone."""
        self.has_host = has_host
        signal = "StatusNotifierHostRegistered" if has_host else "StatusNotifierHostUnregistered"
        self.emit(("/StatusNotifierWatcher", WATCHER), signal)

    def item(self, name: str) -> Any:
        """A property of the icon."""
        [(_, value)] = self.call(self.items[-1], (ITEM[0], PROPERTIES), "Get", "ss", ITEM[1], name)
        return value

    def menu(self, member: str, signature: str = "", *arguments: Any) -> tuple[Any, ...]:
        """A method of the menu."""
        return self.call(self.items[-1], MENU, member, signature, *arguments)

    def rows(self) -> "Shown":
        """The whole menu as it is told."""
        _, layout = self.menu("GetLayout", "iias", 0, -1, [])
        return Shown.of(layout)

    def click(self, number: int) -> None:
        """What a bar says when a row is clicked."""
        self.menu("Event", "isvu", number, "clicked", ("s", ""), 0)

    def signals(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of every signal of that name."""
        return [heard.body for heard in self.heard if heard.name == name]


@dataclass(frozen=True)
class Shown:
    """A row as a bar has it."""

    number: int
    properties: dict[str, Any]
    below: tuple["Shown", ...]

    @classmethod
    def of(cls, layout: Any) -> "Shown":
        number, properties, below = layout
        return cls(number, {name: value for name, (_, value) in properties.items()}, tuple(cls.of(each) for _, each in below))

    @property
    def label(self) -> str:
        return str(self.properties.get("label", "-"))

    def all(self) -> Iterator["Shown"]:
        yield self
        for each in self.below:
            yield from each.all()

    def find(self, label: str) -> "Shown":
        """The one row with that label, wherever it is."""
        [found] = [each for each in self.all() if each.label == label]
        return found


@contextmanager
def bar(address: str, *, has_host: bool = True) -> Iterator[Bar]:
    """A bar that is there until the block ends."""
    running = Bar(address, has_host=has_host)
    try:
        yield running
    finally:
        running.close()
