"""The keyring of Linux desktops: the Secret Service, asked over D-Bus as GNOME Keyring and KWallet offer it.

The `keyring` package reaches it through SecretStorage and `cryptography`: 12 MB in an executable, all to encrypt the way over
a socket that only this person's programs can open. Entries look as keyring's do, so each finds what the other has stored.
Interface: https://specifications.freedesktop.org/secret-service/latest/
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, MessageType, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from copilot_api.settings import session_bus

_NAME = "org.freedesktop.secrets"
_ROOT = "/org/freedesktop/secrets"
_SERVICE, _COLLECTION, _ITEM, _PROMPT = (
    f"org.freedesktop.Secret.{part}" for part in ("Service", "Collection", "Item", "Prompt")
)
_NOWHERE = "/"
"""The path that stands for no object and for no prompt."""
_ABSENT = {
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
    "org.freedesktop.DBus.Error.Spawn.ExecFailed",
    "org.freedesktop.DBus.Error.Spawn.ServiceNotFound",
}
APPLICATION = "Python keyring library"
"""What keyring calls itself in the entries that it makes."""


class Locked(Exception):
    """The keyring is locked, and the person did not open it."""


class NoAnswer(Exception):
    """There is no such service in this session, or it refuses; the message says which."""


class SecretService:
    """Entries of the person's default collection. Every call blocks, for as long as a prompt is open.

    Each raises Locked, NoAnswer, OSError where the bus has gone, and jeepney's errors where it answers nonsense.
    """

    @staticmethod
    def check() -> None:
        """Asks whether somebody is there to answer."""
        with _session():
            return

    def get_password(self, service: str, username: str) -> str | None:
        """The secret of that entry."""
        with _session() as session:
            for item in session.items(service, username):
                return session.secret(item)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Writes that entry, in place of any other."""
        with _session() as session:
            session.store(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        """Removes that entry, if there is one."""
        with _session() as session:
            for item in session.items(service, username):
                session.remove(item)


@contextmanager
def _session() -> Iterator["_Session"]:
    with open_dbus_connection(session_bus()) as connection:
        yield _Session(connection)


class _Session:
    """One conversation with the service, its secrets in the clear."""

    def __init__(self, connection: DBusConnection) -> None:
        self._bus = connection
        _, self._path = self._call(_ROOT, _SERVICE, "OpenSession", "sv", "plain", ("s", ""))

    def items(self, service: str, username: str) -> list[str]:
        """The paths of the entries for that name, in the collection, which is unlocked first."""
        attributes = {"service": service, "username": username}
        [found] = self._call(self._collection(), _COLLECTION, "SearchItems", "a{ss}", attributes)
        self._unlock(found)
        return list(found)

    def secret(self, item: str) -> str:
        [[_, _, value, _]] = self._call(item, _ITEM, "GetSecret", "o", self._path)
        return bytes(value).decode()

    def store(self, service: str, username: str, password: str) -> None:
        properties = {
            f"{_ITEM}.Label": ("s", f"Password for '{username}' on '{service}'"),
            f"{_ITEM}.Attributes": ("a{ss}", {"service": service, "username": username, "application": APPLICATION}),
        }
        secret = (self._path, b"", password.encode(), "text/plain; charset=utf8")
        arguments = (properties, secret, True)
        _, prompt = self._call(self._collection(), _COLLECTION, "CreateItem", "a{sv}(oayays)b", *arguments)
        self._answered(prompt)

    def remove(self, item: str) -> None:
        [prompt] = self._call(item, _ITEM, "Delete")
        self._answered(prompt)

    def _collection(self) -> str:
        """The default collection, unlocked; made where there is none yet."""
        [path] = self._call(_ROOT, _SERVICE, "ReadAlias", "s", "default")
        if path == _NOWHERE:
            label = {f"{_COLLECTION}.Label": ("s", "Default")}
            path, prompt = self._call(_ROOT, _SERVICE, "CreateCollection", "a{sv}s", label, "default")
            if path == _NOWHERE:
                path = self._answered(prompt)
        self._unlock([path])
        return str(path)

    def _unlock(self, paths: list[str]) -> None:
        _, prompt = self._call(_ROOT, _SERVICE, "Unlock", "ao", paths)
        self._answered(prompt)

    def _answered(self, prompt: str) -> Any:
        """What the person's answer to `prompt` brought; None where nothing had to be asked. Raises when it was no answer."""
        if prompt == _NOWHERE:
            return None
        rule = MatchRule(type="signal", interface=_PROMPT, member="Completed", path=prompt)
        self._asked(message_bus.AddMatch(rule))
        with self._bus.filter(rule) as completed:
            self._call(prompt, _PROMPT, "Prompt", "s", "")
            dismissed, (_, result) = self._bus.recv_until_filtered(completed).body
        if dismissed:
            raise Locked
        return result

    def _call(self, path: str, interface: str, member: str, signature: str | None = None, *arguments: Any) -> tuple[Any, ...]:
        return self._asked(new_method_call(DBusAddress(path, _NAME, interface), member, signature, arguments))

    def _asked(self, message: Any) -> tuple[Any, ...]:
        """What the bus answers. Raises Locked or NoAnswer when that is an error."""
        reply = self._bus.send_and_get_reply(message)
        if reply.header.message_type is not MessageType.error:
            return tuple(reply.body)
        name = str(reply.header.fields.get(HeaderFields.error_name, ""))
        if name == "org.freedesktop.Secret.Error.IsLocked":
            raise Locked
        raise NoAnswer("none runs in this desktop session" if name in _ABSENT else str(reply.body[0] if reply.body else name))
