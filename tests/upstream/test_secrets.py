import asyncio
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import pytest

from copilot_api.errors import KeyringUnusable
from copilot_api.settings import Settings
from copilot_api.upstream.secrets import SERVICE, KeyringVault, aside, open_vault
from copilot_api.upstream.token_file import FileVault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders.desktop import Desktop

TOKEN = "ghu_CANARYcanaryCANARYcanaryCANARYcanary"
OPEN = "from copilot_api.settings import Settings; from copilot_api.upstream.secrets import open_vault; "


def test_a_new_process_reads_back_what_the_secret_service_keeps(inside: "Desktop") -> None:
    vault = open_vault(Settings())
    vault.write(TOKEN)
    other = inside.run(OPEN + "print(open_vault(Settings()).read())")
    assert (other.stdout.strip(), vault.name) == (TOKEN, "Secret Service")
    assert vault.erase() is True
    assert inside.run(OPEN + "print(open_vault(Settings()).read())").stdout.strip() == "None"


def test_writing_again_replaces_the_entry(inside: "Desktop") -> None:
    vault = open_vault(Settings())
    vault.write(TOKEN)
    vault.write(TOKEN.lower())
    assert vault.read() == TOKEN.lower()
    assert (vault.erase(), vault.erase(), vault.read()) == (True, False, None)


def test_each_host_has_an_entry_of_its_own(inside: "Desktop") -> None:
    public, company = open_vault(Settings()), open_vault(Settings(enterprise_url="company.ghe.com"))
    public.write(TOKEN)
    assert company.read() is None
    company.write("ghu_company")
    assert (public.read(), company.read()) == (TOKEN, "ghu_company")
    assert (public.erase(), company.erase()) == (True, True)


def test_no_file_of_the_person_holds_the_token(inside: "Desktop") -> None:
    vault = open_vault(Settings())
    vault.write(TOKEN)
    assert inside.files_with(TOKEN) == []
    assert list(inside.home.rglob("*.keyring")) != []
    vault.erase()


REPORT = """
from copilot_api.errors import KeyringUnusable
try:
    open_vault(Settings()).read()
except KeyringUnusable as problem:
    print(problem.message, problem.hint, sep="|")
"""


def test_a_locked_keyring_is_named_with_the_ways_out(locked_desktop: "Desktop") -> None:
    message, _, hint = locked_desktop.run(OPEN + REPORT).stdout.strip().partition("|")
    assert message == "The keyring is locked"
    assert "GH_TOKEN or COPILOT_GITHUB_TOKEN" in hint
    assert "--token-store file" in hint


def test_a_bus_without_a_secret_service_is_no_keyring(bare_session: "Desktop") -> None:
    message, _, hint = bare_session.run(OPEN + REPORT).stdout.strip().partition("|")
    assert message.startswith("The keyring cannot be used: none runs in this desktop session")
    assert "--token-store file" in hint


def test_without_a_session_bus_it_fails_at_once(home: "Path") -> None:
    started = time.monotonic()
    with pytest.raises(KeyringUnusable) as caught:
        open_vault(Settings())
    assert time.monotonic() - started < 1
    assert caught.value.message == "There is no desktop session here, so no keyring"
    assert "COPILOT_GITHUB_TOKEN" in caught.value.hint
    assert list(home.rglob("*")) == []


def test_a_bus_that_has_gone_is_no_keyring(home: "Path", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={home}/gone")
    with pytest.raises(KeyringUnusable, match="The keyring cannot be used"):
        open_vault(Settings())


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_another_systems_keyring_is_never_replaced_by_some_other(platform: str) -> None:
    with pytest.raises(KeyringUnusable, match="The keyring cannot be used"):
        open_vault(Settings(), platform=platform)


def test_a_file_is_used_only_when_asked_for_by_name(home: "Path") -> None:
    vault = open_vault(Settings(token_store="file"))
    assert isinstance(vault, FileVault)
    assert vault.path == home / ".local" / "share" / "copilot-api" / "grants" / "github.com"


class Odd:
    """A backend that does one thing, whatever is asked of it."""

    def __init__(self, does: Callable[..., object]) -> None:
        self._does = does

    def get_password(self, service: str, username: str) -> str | None:
        self._does(service, username)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self._does(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        self._does(service, username)


def test_a_prompt_that_nobody_answers_ends() -> None:
    answered = threading.Event()
    vault = KeyringVault(Odd(lambda *_: answered.wait()), "github.com", name="silent", limit_s=0.05)
    with pytest.raises(KeyringUnusable, match="did not answer in time") as caught:
        vault.write(TOKEN)
    assert "GH_TOKEN" in caught.value.hint
    answered.set()


def test_a_program_that_is_told_to_stop_does_not_wait_for_the_prompt() -> None:
    answered = threading.Event()

    async def ask() -> None:
        async with asyncio.timeout(0.05):
            await aside(answered.wait)

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(ask())
    assert time.monotonic() - started < 5
    answered.set()


async def test_a_coroutine_gets_what_the_vault_returns_or_raises() -> None:
    vault = KeyringVault(Plain(), "aside.ghe.com", name="plain")
    await aside(lambda: vault.write(TOKEN))
    assert await aside(vault.read) == TOKEN
    assert await aside(vault.erase) is True
    with pytest.raises(KeyError):
        await aside(lambda: Plain().delete_password("no", "one"))


def test_a_backends_own_failure_is_renamed_and_holds_no_secret() -> None:
    def fail(*words: str) -> None:
        raise OSError(f"no logon session for {' '.join(words)}")

    vault = KeyringVault(Odd(fail), "github.com", name="broken")
    with pytest.raises(KeyringUnusable, match="The keyring cannot be used: no logon session") as caught:
        vault.write(TOKEN)
    assert TOKEN not in caught.value.text


def test_a_failure_without_words_is_named_by_its_kind() -> None:
    def fail(*_: str) -> None:
        raise ValueError

    with pytest.raises(KeyringUnusable, match="The keyring cannot be used: ValueError"):
        KeyringVault(Odd(fail), "github.com", name="broken").read()


class Plain:
    """A backend that works, and shows what it was asked."""

    entries: ClassVar[dict[tuple[str, str], str]] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


def test_the_entry_is_named_for_the_program_and_the_host() -> None:
    KeyringVault(Plain(), "company.ghe.com", name="plain").write(TOKEN)
    assert Plain.entries == {(SERVICE, "company.ghe.com"): TOKEN}
    assert KeyringVault(Plain(), "company.ghe.com", name="plain").erase() is True
    assert Plain.entries == {}
