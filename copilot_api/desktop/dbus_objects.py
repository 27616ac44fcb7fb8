"""What this program offers on a D-Bus, and how a call of it is answered: pure, a call in, an answer or an error out.

An interface is a table. What every object is to offer beside its own (Properties, Introspectable, Peer) is made from it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jeepney.low_level import parse_signature

PROPERTIES = "org.freedesktop.DBus.Properties"
_DOCTYPE = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" '
    '"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">'
)
_log = logging.getLogger(__name__)


class Refused(Exception):
    """A D-Bus error, ours or another's: `name` is made for programs, the message for people."""

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(message or name)
        self.name = name if "." in name else f"org.freedesktop.DBus.Error.{name}"


@dataclass(frozen=True, slots=True)
class Method:
    """Arguments of signature `takes` in, a tuple of signature `gives` out. `answer` returns at once; it may raise Refused."""

    takes: str
    gives: str
    answer: Callable[..., tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Property:
    """A value that can be read; `read` is asked each time."""

    signature: str
    read: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Interface:
    """`signals` are the signatures by name."""

    name: str
    methods: Mapping[str, Method] = field(default_factory=dict)
    properties: Mapping[str, Property] = field(default_factory=dict)
    signals: Mapping[str, str] = field(default_factory=dict)


class Objects:
    """Every object that is offered, by its path."""

    def __init__(self) -> None:
        self._offered: dict[str, dict[str, Interface]] = {}

    def offer(self, path: str, interface: Interface) -> None:
        """Adds an interface to the object at `path`."""
        interfaces = self._offered.setdefault(path, {each.name: each for each in self._everywhere(path)})
        interfaces[interface.name] = interface

    def signature_of(self, path: str, interface: str, signal: str) -> str:
        """Of a signal that was offered."""
        return self._offered[path][interface].signals[signal]

    def answer(
        self, path: str, interface: str, member: str, signature: str, body: tuple[Any, ...]
    ) -> tuple[str, tuple[Any, ...]]:
        """The answer's signature and the answer. Raises Refused, also for what went wrong in here."""
        method = self._method(path, interface, member)
        if signature != method.takes:
            raise Refused("InvalidArgs", f"{member} takes ({method.takes}), this is ({signature})")
        try:
            return method.gives, method.answer(*body)
        except Refused:
            raise
        except Exception as error:  # one answer that goes wrong must not end all others
            _log.exception("%s of %s went wrong", member, path)
            raise Refused("Failed", "that went wrong in here") from error

    def _method(self, path: str, interface: str, member: str) -> Method:
        offered = self._offered.get(path)
        if offered is None:
            if member == "Introspect" and any(self._below(path)):
                return Method("", "s", lambda: (self._described(path),))
            raise Refused("UnknownObject", f"there is nothing at {path}")
        # A call may leave the interface out.
        searched = [offered[interface]] if interface in offered else [] if interface else list(offered.values())
        if not searched:
            raise Refused("UnknownInterface", f"{path} has no {interface}")
        for each in searched:
            if member in each.methods:
                return each.methods[member]
        raise Refused("UnknownMethod", f"{interface or path} has no {member}")

    def _everywhere(self, path: str) -> Iterator[Interface]:
        yield Interface(
            PROPERTIES,
            {
                "Get": Method("ss", "v", lambda interface, name: (self._read(path, interface, name),)),
                "GetAll": Method("s", "a{sv}", lambda interface: (self._read_all(path, interface),)),
                "Set": Method("ssv", "", lambda interface, name, _: self._set(path, interface, name)),
            },
            signals={"PropertiesChanged": "sa{sv}as"},
        )
        yield Interface(
            "org.freedesktop.DBus.Introspectable", {"Introspect": Method("", "s", lambda: (self._described(path),))}
        )
        yield Interface("org.freedesktop.DBus.Peer", {"Ping": Method("", "", lambda: ())})

    def _readable(self, path: str, interface: str) -> Mapping[str, Property]:
        if interface not in self._offered[path]:
            raise Refused("UnknownInterface", f"{path} has no {interface}")
        return self._offered[path][interface].properties

    def _read(self, path: str, interface: str, name: str) -> tuple[str, Any]:
        found = self._readable(path, interface).get(name)
        if found is None:
            raise Refused("UnknownProperty", f"{interface} has no {name}")
        return found.signature, found.read()

    def _read_all(self, path: str, interface: str) -> dict[str, tuple[str, Any]]:
        return {name: (each.signature, each.read()) for name, each in self._readable(path, interface).items()}

    def _set(self, path: str, interface: str, name: str) -> tuple[Any, ...]:
        self._read(path, interface, name)
        raise Refused("PropertyReadOnly", f"{name} can only be read")

    def _below(self, path: str) -> Iterator[str]:
        """The names of the objects, or of the folders, one step below."""
        start = path.rstrip("/") + "/"
        yield from sorted({other[len(start) :].split("/")[0] for other in self._offered if other.startswith(start)})

    def _described(self, path: str) -> str:
        interfaces = "".join(_xml(each) for each in self._offered.get(path, {}).values())
        below = "".join(f'<node name="{name}"/>' for name in self._below(path))
        return f"{_DOCTYPE}<node>{interfaces}{below}</node>"


def _xml(interface: Interface) -> str:
    parts = [
        *(f'<property name="{name}" type="{each.signature}" access="read"/>' for name, each in interface.properties.items()),
        *(
            f'<method name="{name}">{_arguments(each.takes, "in")}{_arguments(each.gives, "out")}</method>'
            for name, each in interface.methods.items()
        ),
        *(f'<signal name="{name}">{_arguments(signature, "out")}</signal>' for name, signature in interface.signals.items()),
    ]
    return f'<interface name="{interface.name}">{"".join(parts)}</interface>'


def _arguments(signature: str, direction: str) -> str:
    return "".join(f'<arg type="{each}" direction="{direction}"/>' for each in single_types(signature))


def single_types(signature: str) -> Iterator[str]:
    """The complete types of which a signature is made: `ia{sv}` is `i` and `a{sv}`."""
    left = list(signature)
    while left:
        before = "".join(left)
        parse_signature(left)
        yield before[: len(before) - len(left)]
