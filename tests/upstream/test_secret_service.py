"""Our client of the Secret Service against a real one, with the `keyring` package as the judge of what it writes and reads."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from copilot_api.upstream.secret_service import Locked, NoAnswer, SecretService
from tests.builders.desktop import bus

if TYPE_CHECKING:
    from tests.builders.desktop import Desktop

TOKEN = "ghu_CANARYcanaryCANARYcanaryCANARYcanary"
HOST = "judged.ghe.com"
KEYRING = "from keyring.backends.SecretService import Keyring; "


def test_what_it_writes_the_keyring_package_reads(inside: "Desktop") -> None:
    ours = SecretService()
    ours.set_password("copilot-api", HOST, TOKEN)
    read = inside.run(f"{KEYRING}print(Keyring().get_password('copilot-api', '{HOST}'))")
    assert read.stdout.strip() == TOKEN
    ours.delete_password("copilot-api", HOST)


def test_what_the_keyring_package_wrote_it_reads_replaces_and_removes(inside: "Desktop") -> None:
    ours = SecretService()
    inside.run(f"{KEYRING}Keyring().set_password('copilot-api', '{HOST}', 'ghu_older')")
    assert ours.get_password("copilot-api", HOST) == "ghu_older"
    ours.set_password("copilot-api", HOST, TOKEN)
    read = inside.run(f"{KEYRING}print(Keyring().get_password('copilot-api', '{HOST}'))")
    assert read.stdout.strip() == TOKEN
    ours.delete_password("copilot-api", HOST)
    assert ours.get_password("copilot-api", HOST) is None


@pytest.mark.usefixtures("inside")
def test_an_entry_that_is_not_there_is_none_and_can_be_removed_again() -> None:
    ours = SecretService()
    assert ours.get_password("copilot-api", "nobody.ghe.com") is None
    ours.delete_password("copilot-api", "nobody.ghe.com")


def test_a_keyring_that_nobody_opens_is_locked(locked_desktop: "Desktop", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", locked_desktop.environment["DBUS_SESSION_BUS_ADDRESS"])
    with pytest.raises(Locked):
        SecretService().set_password("copilot-api", HOST, TOKEN)


@pytest.mark.usefixtures("bare_session")
def test_a_session_is_found_in_its_usual_place_where_only_the_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runtime").mkdir(exist_ok=True)
    with bus(tmp_path, socket=tmp_path / "runtime" / "bus"):
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
        with pytest.raises(NoAnswer, match="none runs in this desktop session"):
            SecretService.check()


def test_a_session_without_a_keyring_says_so(bare_session: "Desktop", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bare_session.environment["DBUS_SESSION_BUS_ADDRESS"])
    with pytest.raises(NoAnswer, match="none runs in this desktop session"):
        SecretService().get_password("copilot-api", HOST)
