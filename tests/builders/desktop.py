"""A desktop session with a real Secret Service in it: a D-Bus daemon and gnome-keyring, both private and ended by their ids."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
PACKAGES = "dbus gnome-keyring"
ROOT = Path(__file__).parent.parent.parent
PASSWORD = "the password of this keyring"


@dataclass(frozen=True)
class Desktop:
    """A D-Bus session. `environment` is what a program in that session sees."""

    home: Path
    environment: dict[str, str]

    @property
    def address(self) -> str:
        """Of the bus."""
        return self.environment["DBUS_SESSION_BUS_ADDRESS"]

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Runs Python in a process of its own, as another program of this session would."""
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )

    def files_with(self, text: str) -> list[Path]:
        """The files of this home that hold `text`."""
        return [path for path in self.home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def _environment(home: Path, address: str) -> dict[str, str]:
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "COVERAGE_PROCESS_START"}}
    return {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "DBUS_SESSION_BUS_ADDRESS": address}


# The session's own configuration could start services; here nothing runs but what the test starts.
_BUS = """<busconfig><type>session</type><listen>unix:{where}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
{services}</busconfig>"""


@contextmanager
def bus(home: Path, *, socket: Path | None = None, services: Path | None = None) -> Iterator[Desktop]:
    """A D-Bus session of its own, with `home` as HOME and nothing in it but the services of that folder.

    With `socket` it listens there, so that another can take its place.
    """
    config = home / "session.conf"
    where = f"path={socket}" if socket else "tmpdir=/tmp"
    config.write_text(_BUS.format(where=where, services=f"<servicedir>{services}</servicedir>" if services else ""))
    daemon = subprocess.Popen(
        [_program("dbus-daemon"), f"--config-file={config}", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(home, ""),
    )
    assert daemon.stdout
    with daemon.stdout, ending(daemon):
        yield Desktop(home, _environment(home, daemon.stdout.readline().strip()))


@contextmanager
def keyring(session: Desktop) -> Iterator[Desktop]:
    """The session with gnome-keyring in it, unlocked and new."""
    daemon = subprocess.Popen(
        [_program("gnome-keyring-daemon"), "--unlock", "--components=secrets", "--foreground"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=session.environment,
    )
    assert daemon.stdin
    with ending(daemon):
        daemon.stdin.write(PASSWORD.encode())
        daemon.stdin.close()
        ends = time.monotonic() + 20
        ready = "import secretstorage as s; s.get_default_collection(s.dbus_init()).get_label()"
        while session.run(ready).returncode:
            assert time.monotonic() < ends, "gnome-keyring does not come up"
            time.sleep(0.1)
        yield session


@contextmanager
def ending(process: "subprocess.Popen[Any]") -> Iterator[None]:
    """Ends the process with the block, if it has not ended by itself."""
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"the tests of the desktop need {name}: apt-get install {PACKAGES}"
    return found
