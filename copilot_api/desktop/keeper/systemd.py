"""Linux with systemd: a unit of the person's own manager runs the server, and the journal keeps what it says."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from copilot_api import session
from copilot_api.desktop.autostart.ask import ask, stream, tell
from copilot_api.desktop.autostart.program import Program, at_login
from copilot_api.desktop.autostart.written import put, remove
from copilot_api.desktop.keeper import Kept
from copilot_api.desktop.keeper.unit import MARK, UNIT, line, unit
from copilot_api.errors import SystemRefused

_ASKED = "LoadState,UnitFileState,ActiveState,SubState,FragmentPath,ExecStart,MainPID,StatusText,Result,NRestarts"
_ERROR = "error: "
_LOOKS, _LOOKS_EACH_S = 5, 0.2


def answers() -> bool:
    """Whether the person's own manager can be reached from here."""
    return ask("systemctl", "--user", "show", "--property=Version").code == 0


class Systemd:
    """The unit, by its name. The one that a package brought serves as it is; else one of our own stands before it."""

    def __init__(self, program: Program | None = None) -> None:
        self._program = program or at_login("start", "--patient")
        self._own = session.config_home() / "systemd" / "user" / UNIT

    def install(self) -> Iterator[str]:
        self._program.check()
        before = _facts()
        is_new = False
        if not self._is_packaged(before):
            is_new = self._write()
            if is_new:
                yield f"wrote {self._own}"
        if before["UnitFileState"] != "enabled":
            tell("systemctl", "--user", "enable", UNIT)
            yield f"enabled {UNIT}: it starts whenever you log in"
        if before["ActiveState"] == "active" and not is_new:
            yield f"it is running already, as process {before['MainPID']}"
            return
        ask("systemctl", "--user", "reset-failed", UNIT)
        # A mere start would wait with systemd for the next of its own attempts.
        self._start("restart" if before["ActiveState"] in {"active", "activating"} else "start")
        after = _facts()
        yield f"started it as process {after['MainPID']}: {after['StatusText']}"

    def remove(self) -> Iterator[str]:
        before, link = _facts(), self._own.parent / "default.target.wants" / UNIT
        if before["LoadState"] == "not-found":
            # What a package left that was removed while its unit was enabled; systemctl knows nothing of it any more.
            ask("systemctl", "--user", "stop", UNIT)
            was_there = link.is_symlink() and remove(link)
            yield f"removed {link}" if was_there else f"there is no {UNIT}"
            return
        tell("systemctl", "--user", "disable", "--now", UNIT)
        if before["ActiveState"] in {"active", "activating", "reloading"}:
            yield f"stopped {UNIT}"
        if before["UnitFileState"] == "enabled":
            yield f"disabled {UNIT}: it starts no more at login"
        if self._is_ours():
            remove(self._own)
            tell("systemctl", "--user", "daemon-reload")
            yield f"removed {self._own}"
        ask("systemctl", "--user", "reset-failed", UNIT)

    def look(self) -> Kept:
        facts = _facts()
        state = f"{facts['ActiveState']} ({facts['SubState']})"
        failed = f"failed: {facts['Result']}" if facts["Result"] not in {"", "success"} else ""
        again = f"started again {facts['NRestarts']} times" if facts["NRestarts"] not in {"", "0"} else ""
        return Kept(
            kind="systemd unit",
            where=facts["FragmentPath"],
            is_installed=facts["UnitFileState"] == "enabled",
            is_running=facts["ActiveState"] in {"active", "reloading"},
            pid=int(facts["MainPID"] or 0) or None,
            state=", ".join(filter(None, (state, failed, again, facts["StatusText"]))),
            log=f"journalctl --user-unit {UNIT}",
            lingers={"yes": True, "no": False}.get(_linger()),
        )

    def given(self) -> frozenset[str]:
        told = tell("systemctl", "--user", "show-environment")
        return frozenset(entry.partition("=")[0] for entry in told.splitlines())

    def log(self, lines: int, *, follow: bool) -> Iterator[str]:
        # Not --user, which leaves out what the machine's own journal holds of ours where it keeps none for each person.
        options = (f"--lines={lines}", "--no-pager", "--no-hostname", "--output=short-iso", *(["--follow"] if follow else []))
        return stream("journalctl", f"--user-unit={UNIT}", *options)

    def _is_ours(self) -> bool:
        return self._own.is_file() and self._own.read_text("utf-8", "replace").startswith(MARK)

    def _is_packaged(self, facts: dict[str, str]) -> bool:
        """Whether there is a unit that starts this very program, with nothing that it would have to be told."""
        if self._own.exists() or facts["LoadState"] != "loaded" or self._program.variables:
            return False
        path, _, rest = facts["ExecStart"].partition("path=")[2].partition(" ; argv[]=")
        arguments = " ".join(self._program.command[1:])
        same = Path(path).is_file() and Path(path).samefile(self._program.command[0])
        return same and rest.partition(" ; ")[0] == f"{path} {arguments}"

    def _write(self) -> bool:
        """Whether the unit is another now than it was."""
        if self._own.exists() and not self._is_ours():
            raise SystemRefused(
                f"{self._own} was not written by copilot-api", hint="move it away, or go on using it with systemctl --user"
            )
        text = f"{MARK}\n{unit(line(self._program.command), self._program.variables)}"
        if self._own.is_file() and self._own.read_text("utf-8", "replace") == text:
            return False
        put(self._own, text.encode())
        tell("systemctl", "--user", "daemon-reload")
        read = _facts()["FragmentPath"]
        if not read or not self._own.samefile(read):
            raise SystemRefused(
                f"your systemd does not read {self._own}",
                hint="let it know XDG_CONFIG_HOME, too, or do without that variable here",
            )
        return True

    def _start(self, verb: str) -> None:
        began = int(time.time())
        said = ask("systemctl", "--user", verb, UNIT)
        if said.code:
            raise SystemRefused(
                f"{UNIT} is installed but does not start: {_complaint(since=began) or said.err}",
                hint="copilot-api service logs shows what it said",
            )


def _facts() -> dict[str, str]:
    """What the manager knows of the unit; every property that is asked for is there."""
    told = tell("systemctl", "--user", "show", UNIT, f"--property={_ASKED}")
    return dict.fromkeys(_ASKED.split(","), "") | dict(entry.split("=", 1) for entry in told.splitlines() if "=" in entry)


def _complaint(*, since: int) -> str:
    """The last error that the program has drawn since that time; "" for none. The journal may take a moment to have it."""
    for _ in range(_LOOKS):
        told = ask("journalctl", f"--user-unit={UNIT}", f"--since=@{since}", "--no-pager", "--quiet", "--output=cat").out
        if why := [text.removeprefix(_ERROR) for text in told.splitlines() if text.startswith(_ERROR)]:
            return why[-1]
        time.sleep(_LOOKS_EACH_S)
    return ""


def _linger() -> str:
    """ "yes" or "no"; anything else where logins are not kept count of."""
    with suppress(SystemRefused):
        if sys.platform != "win32":
            return ask("loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value").out.strip()
    return ""
