"""Where the GitHub token is kept: the operating system's keyring, or a private file when that was asked for by name."""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from copilot_api.errors import KeyringUnusable
from copilot_api.log import redact
from copilot_api.settings import Settings, data_dir, has_session_bus
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.token_file import FileVault

SERVICE = "copilot-api"
WAYS_OUT = "or set GH_TOKEN or COPILOT_GITHUB_TOKEN, or allow a private file with --token-store file"

# A locked keyring asks the person to unlock it, and nobody may be there to answer.
PROMPT_LIMIT_S = 60.0

T = TypeVar("T")


class Vault(Protocol):
    """A place for one GitHub token. Every call blocks and may raise KeyringUnusable; coroutines call `aside`."""

    @property
    def name(self) -> str:
        """The place in words, for people."""
        ...

    def read(self) -> str | None:
        """The token, or None."""
        ...

    def write(self, token: str) -> None:
        """Keeps `token`, in place of any other."""
        ...

    def erase(self) -> bool:
        """Forgets the token; whether there was one."""
        ...


class Backend(Protocol):
    """What is used of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None:
        """The secret of that entry."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Writes that entry."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Removes that entry."""
        ...


class KeyringVault:
    """An entry in the system's keyring: service copilot-api, user name = the GitHub host it is for."""

    def __init__(self, backend: Backend, host: str, *, name: str, limit_s: float = PROMPT_LIMIT_S) -> None:
        self._backend = backend
        self._host = host
        self._limit_s = limit_s
        self.name = name

    def read(self) -> str | None:
        """The token, or None."""
        return _within(self._limit_s, lambda: self._backend.get_password(SERVICE, self._host)) or None

    def write(self, token: str) -> None:
        """Keeps `token`, in place of any other."""
        _within(self._limit_s, lambda: self._backend.set_password(SERVICE, self._host, token))

    def erase(self) -> bool:
        """Forgets the token; whether there was one."""
        # The backends disagree about how they say that there was nothing to delete.
        if self.read() is None:
            return False
        _within(self._limit_s, lambda: self._backend.delete_password(SERVICE, self._host))
        return True


def open_vault(settings: Settings, *, platform: str = sys.platform, limit_s: float = PROMPT_LIMIT_S) -> Vault:
    """The vault for the account that the settings describe. Blocks. Raises KeyringUnusable, SettingsBroken."""
    host = Hosts.of(settings).name
    if settings.token_store == "file":  # noqa: S105 - the name of a choice, not a secret
        return FileVault.of(data_dir() / "grants", host)
    name, make = _BACKENDS.get(platform, ("Secret Service", _secret_service))
    backend = _within(limit_s, make)()
    return KeyringVault(backend, host, name=name, limit_s=limit_s)


# Each backend is named: keyring finds them by entry points, which a compiled program does not have. Reading `priority`
# raises RuntimeError where one of keyring's cannot work.


def _windows() -> type[Backend]:
    from keyring.backends.Windows import WinVaultKeyring

    _ = WinVaultKeyring.priority
    return WinVaultKeyring


def _macos() -> type[Backend]:
    from keyring.backends.macOS import Keyring

    _ = Keyring.priority
    return Keyring


def _secret_service() -> type[Backend]:
    if not has_session_bus():
        raise KeyringUnusable("There is no desktop session here, so no keyring", hint=f"sign in from a desktop, {WAYS_OUT}")
    from copilot_api.upstream.secret_service import SecretService

    SecretService.check()
    return SecretService


_BACKENDS: dict[str, tuple[str, Callable[[], type[Backend]]]] = {
    "win32": ("Windows Credential Manager", _windows),
    "darwin": ("macOS Keychain", _macos),
}


def _within(limit_s: float, call: Callable[[], T]) -> T:
    """What `call` returns, in at most `limit_s` seconds. Raises KeyringUnusable."""
    try:
        return _started(call).result(limit_s)
    except TimeoutError as error:
        raise KeyringUnusable(
            "The keyring did not answer in time; it may be waiting to be unlocked", hint=f"unlock it and try again, {WAYS_OUT}"
        ) from error
    except KeyringUnusable:
        raise
    except Exception as error:
        raise _renamed(error) from error


async def aside(call: Callable[[], T]) -> T:
    """What a blocking call to a vault returns, without blocking the loop. Raises what it raises.

    Unlike `asyncio.to_thread` this does not keep a program that is told to stop waiting for a prompt that nobody answers.
    """
    return await asyncio.wrap_future(_started(call))


def _started(call: Callable[[], T]) -> Future[T]:
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()  # from here on nobody can cancel it, and the result has somewhere to go

    def run() -> None:
        try:
            done.set_result(call())
        except Exception as error:  # noqa: BLE001 - a thread's top: whatever it was is raised in the caller
            done.set_exception(error)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    return done


def _renamed(error: Exception) -> KeyringUnusable:
    """A backend's failure as ours: keyring's on Windows and macOS, our Secret Service's, jeepney's or the system's own."""
    if "locked" in type(error).__name__.lower():
        return KeyringUnusable("The keyring is locked", hint=f"unlock it and try again, {WAYS_OUT}")
    return KeyringUnusable(
        f"The keyring cannot be used: {redact(str(error)) or type(error).__name__}",
        hint=f"sign in from a desktop with a keyring such as GNOME Keyring or KWallet, {WAYS_OUT}",
    )
