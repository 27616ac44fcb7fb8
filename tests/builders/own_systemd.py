"""A person's own systemd with its journal and its D-Bus, as a login on a machine that was booted with systemd gives it.

Root's, in namespaces of its own: what runs in there sees nothing else, and all of it is gone when the first process is.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.builders.program import Program

PROGRAMS = ("systemctl", "systemd-analyze", "journalctl", "unshare", "nsenter", "dbus-daemon")
MANAGER = Path("/usr/lib/systemd/systemd")
LIMIT_S = 30.0
RUNTIME = "/run/user/0"

# systemd takes hold of all that is in the control group in which it starts, so it gets one below ours, with a name. The kernel
# makes the hierarchy that older systemds use for nothing but names on every machine, whichever the machine itself uses.
_CGROUP = """set -e
mount -t tmpfs none /sys/fs/cgroup
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd
"""
_OUTSIDE = f"""{_CGROUP}
mkdir -p "/sys/fs/cgroup/systemd/$1"
echo $$ >"/sys/fs/cgroup/systemd/$1/cgroup.procs"
exec unshare --pid --fork --kill-child --mount --cgroup --mount-proc sh -c "$2"
"""
_INSIDE = f"""set -e
umount /sys/fs/cgroup/systemd
umount /sys/fs/cgroup
{_CGROUP}
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/systemd/journald.conf.d {RUNTIME}
chmod 700 {RUNTIME}
printf '[Journal]\\nStorage=volatile\\nAudit=no\\nReadKMsg=no\\n' >/run/systemd/journald.conf.d/test.conf
/usr/lib/systemd/systemd-journald &
ours=/sys/fs/cgroup/systemd/user.slice/user-0.slice/user@0.service/init.scope
mkdir -p $ours
(exec sh -c "echo \\$\\$ >$ours/cgroup.procs; exec {MANAGER} --user") &
wait
"""
# The kernel lets go of a group a moment after the last process in it.
_TIDY = f"""{_CGROUP}
for _ in $(seq 100); do
    find "/sys/fs/cgroup/systemd/$1" -depth -type d -exec rmdir {{}} \\; || true
    [ -d "/sys/fs/cgroup/systemd/$1" ] || exit 0
    sleep 0.05
done
exit 1
"""


def lacking() -> str:
    """What keeps this machine from it; "" if nothing does."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if not MANAGER.exists():
        missing.append("systemd")
    if missing:
        return f"{' and '.join(missing)} not installed (apt-get install systemd dbus-user-session)"
    return "" if os.geteuid() == 0 else "they need root"


@dataclass(frozen=True)
class OwnSystemd:
    """A running one. `home` is the HOME of whoever it belongs to."""

    home: Path
    process: int

    def holds(self, program: Program) -> Program:
        """The program as one types it after logging in there."""
        kept = {name: value for name, value in program.environ.items() if name != "DBUS_SESSION_BUS_ADDRESS"}
        return replace(program, starts=(*self.enters, *program.starts), environ={**kept, "XDG_RUNTIME_DIR": RUNTIME})

    @property
    def enters(self) -> tuple[str, ...]:
        """What runs the command behind it in there."""
        return ("nsenter", "--target", str(self.process), "--mount", "--pid", "--cgroup", "--")

    @property
    def environ(self) -> dict[str, str]:
        """What a terminal in there has, and not too much of it."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_RUNTIME_DIR": RUNTIME, "LC_ALL": "C.UTF-8"}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """How a command ends in there."""
        return subprocess.run(
            (*self.enters, *command),
            env=self.environ,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def ask(self, *command: str) -> str:
        """What a command prints in there, nothing being wrong."""
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


@contextmanager
def own_systemd(home: Path) -> Iterator[OwnSystemd]:
    """One for whoever lives in `home`."""
    name = f"copilot-api-test-{os.getpid()}-{time.monotonic_ns()}"
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": RUNTIME}
    said = home / "systemd.log"
    with said.open("w") as log:
        first = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", _OUTSIDE, "sh", name, _INSIDE],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        until = time.monotonic() + LIMIT_S
        made = OwnSystemd(home, 0)
        while made.process == 0 or "running" not in made.run("systemctl", "--user", "is-system-running").stdout:
            assert first.poll() is None, said.read_text("utf-8")
            assert time.monotonic() < until, said.read_text("utf-8")
            inside = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text("utf-8").split()
            made = OwnSystemd(home, int(inside[0]) if inside else 0)
            time.sleep(0.05)
        yield made
    finally:
        first.kill()  # it heeds nothing else, and takes all that is inside along
        first.wait()
        tidied = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _TIDY, "sh", name]
        subprocess.run(tidied, check=True, capture_output=True, timeout=LIMIT_S)
