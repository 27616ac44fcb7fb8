"""Which shell the person types into: on Windows by the chain of parent processes, elsewhere by the environment."""

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PureWindowsPath

from copilot_api import settings

_KNOWN = {"powershell", "pwsh", "cmd", "bash", "zsh", "fish", "sh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of the system: its parent's id and its program, such as "cmd.exe"."""

    parent: int
    program: str


def detect() -> str:
    """The shell's name, as `claude_code.launch` knows them."""
    return _parent_shell() or settings.shell()


def nearest_shell(running: Mapping[int, Process], pid: int) -> str | None:
    """The first shell above `pid`: between it and us may stand Python's launcher, our own script, an editor's task runner."""
    seen: set[int] = set()
    while (process := running.get(pid)) is not None and pid not in seen:
        seen.add(pid)  # ids are used again, so the chain may come back to itself
        name = PureWindowsPath(process.program.lower()).stem
        if name in _KNOWN:
            return name
        pid = process.parent
    return None


if sys.platform == "win32":

    def _parent_shell() -> str | None:
        return nearest_shell(processes(), os.getpid())

    class _Entry(ctypes.Structure):
        """PROCESSENTRY32W. Source: Microsoft's reference of tlhelp32.h."""

        _fields_ = (
            ("size", ctypes.c_ulong),
            ("usage", ctypes.c_ulong),
            ("pid", ctypes.c_ulong),
            ("heap", ctypes.c_void_p),
            ("module", ctypes.c_ulong),
            ("threads", ctypes.c_ulong),
            ("parent", ctypes.c_ulong),
            ("priority", ctypes.c_long),
            ("flags", ctypes.c_ulong),
            ("program", ctypes.c_wchar * 260),
        )

    def processes() -> dict[int, Process]:
        """Every running process by its id; none when Windows will not tell. The `wmic` that was asked before is gone."""
        return {entry.pid: Process(parent=entry.parent, program=entry.program) for entry in _entries()}

    def _entries() -> Iterator[_Entry]:
        kernel = ctypes.WinDLL("kernel32")
        kernel.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
        snapshot = ctypes.c_void_p(kernel.CreateToolhelp32Snapshot(2, 0))  # 2: the processes
        entry = _Entry(size=ctypes.sizeof(_Entry))
        found = kernel.Process32FirstW(snapshot, ctypes.byref(entry))
        while found:
            yield entry
            found = kernel.Process32NextW(snapshot, ctypes.byref(entry))
        kernel.CloseHandle(snapshot)

else:

    def _parent_shell() -> str | None:
        return None
