"""Where the bus is, and whether somebody is there."""

from pathlib import Path

import pytest

from copilot_api.desktop import dbus_socket
from tests.builders.desktop import Desktop


@pytest.fixture
def no_session(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that tells of no bus."""
    for name in ("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_session_is_where_the_environment_says(no_session: pytest.MonkeyPatch) -> None:
    no_session.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert dbus_socket.session() == "/run/user/1000/bus"
    no_session.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/tmp/its-bus,guid=1")
    assert dbus_socket.session() == "/tmp/its-bus"
    no_session.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=hidden")
    assert dbus_socket.session() == "\0hidden"


def test_the_systems_bus_has_its_place(no_session: pytest.MonkeyPatch) -> None:
    assert dbus_socket.system() == "/var/run/dbus/system_bus_socket"
    no_session.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/tmp/of-the-system")
    assert dbus_socket.system() == "/tmp/of-the-system"


@pytest.mark.parametrize("address", ["", "tcp:host=example.org,port=1", "nonsense", "unix:path=/nowhere/at/all"])
def test_a_bus_that_cannot_be_reached_is_not_there(address: str, no_session: pytest.MonkeyPatch) -> None:
    no_session.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert not dbus_socket.is_there(dbus_socket.session)


def test_a_socket_on_which_nobody_listens_is_no_bus(no_session: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bus").touch()
    no_session.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert not dbus_socket.is_there(dbus_socket.session)


@pytest.mark.usefixtures("session_bus")
def test_a_bus_that_runs_is_there() -> None:
    assert dbus_socket.is_there(dbus_socket.session)


async def test_a_bus_that_does_not_believe_us_is_no_connection(session_bus: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jeepney.auth.os.geteuid", lambda: 54321)
    with pytest.raises(ValueError, match="Authentication failed"):
        await dbus_socket.connected(dbus_socket.session())
