"""As much of Windows as pystray calls, so that its own code for Windows runs here: windows, messages, menus, and a tray that
keeps what it is told.
"""

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import wintypes
from itertools import count
from queue import SimpleQueue
from typing import Any

import pytest

TASKBAR_CREATED = 0xC001
MODULES = ("pystray._win32", "pystray._util.win32", "copilot_api.desktop.windows_tray")


class Function:
    """A function of a library: it takes attributes as those of ctypes do."""

    def __init__(self, does: Callable[..., Any]) -> None:
        self._does = does

    def __call__(self, *arguments: Any) -> Any:
        return self._does(*arguments)


class Windows:
    """The system. `choose` is asked for a row's text when a menu is open, and may do something meanwhile."""

    def __init__(self) -> None:
        self.messages: SimpleQueue[tuple[int, int, int, int] | None] = SimpleQueue()
        self.procedures: list[Any] = []
        self.menus: dict[int, list[dict[str, Any]]] = {}
        self.open_menu = 0
        self.icons: dict[int, tuple[int, bytes]] = {}
        self.tray: dict[str, Any] = {}
        self.balloons: list[tuple[str, str]] = []
        self.choose: Callable[[list[str]], str] = lambda _: ""
        self._handles = count(101)
        self._libraries: dict[str, Any] = {}

    def library(self, name: str) -> Any:
        """A stand-in for `ctypes.WinDLL(name)`: each function is one of the methods below, or says yes."""
        system = self

        class Library:
            def __getattr__(self, function: str) -> Function:
                does = getattr(system, f"_{function}", lambda *_: 1)
                self.__dict__[function] = Function(does)
                return self.__dict__[function]  # type: ignore[no-any-return]

        return self._libraries.setdefault(name, Library())

    def post(self, message: int, wparam: int = 0, lparam: int = 0) -> None:
        """What the system tells the window of the icon."""
        self.messages.put((self.tray["hWnd"], message, wparam, lparam))

    def _RegisterClassExW(self, description: Any) -> int:
        self.procedures.append(description.lpfnWndProc)
        return 1

    def _RegisterWindowMessageW(self, _: str) -> int:
        return TASKBAR_CREATED

    def _CreateWindowExW(self, *_: Any) -> int:
        return next(self._handles)

    def _PostMessageW(self, window: int, message: int, wparam: int, lparam: int) -> int:
        self.messages.put((window, message, wparam, lparam))
        return 1

    def _PostQuitMessage(self, _: int) -> None:
        self.messages.put(None)

    def _GetMessageW(self, place: Any, *_: Any) -> int:
        got = self.messages.get()
        if got is None:
            return 0
        message = place._obj
        message.hWnd, message.message, message.wParam, message.lParam = got
        return 1

    def _DispatchMessageW(self, place: Any) -> int:
        message = place._obj
        return int(self.tell(message.hWnd, message.message, message.wParam, message.lParam))

    def tell(self, window: int, message: int, wparam: int = 0, lparam: int = 0) -> int:
        """What the window's procedure answers."""
        assert threading.current_thread() is threading.main_thread()
        return int(self.procedures[-1](window, message, wparam, lparam))

    def _CreatePopupMenu(self) -> int:
        self.menus[handle := next(self._handles)] = []
        return handle

    def _InsertMenuItemW(self, menu: int, _: int, __: bool, place: Any) -> int:
        item = place._obj
        fields = {name: getattr(item, name) for name in ("wID", "dwTypeData", "fState", "fType", "hSubMenu")}
        self.menus[menu].append(fields)
        return 1

    def _DestroyMenu(self, menu: int) -> int:
        assert menu != self.open_menu, "an open menu is taken away"
        del self.menus[menu]
        return 1

    def rows(self, menu: int) -> Iterator[dict[str, Any]]:
        """Every row of a menu and of those below."""
        for row in self.menus[menu]:
            yield row
            if row["hSubMenu"]:
                yield from self.rows(row["hSubMenu"])

    def _TrackPopupMenuEx(self, menu: int, *_: Any) -> int:
        self.open_menu = menu
        rows = list(self.rows(menu))
        chosen = self.choose([row["dwTypeData"] or "-" for row in rows])
        # Messages are dispatched while a menu is open.
        while not self.messages.empty():
            message = wintypes.MSG()
            if self._GetMessageW(ctypes.byref(message)):
                self._DispatchMessageW(ctypes.byref(message))
        self.open_menu = 0
        return next((int(row["wID"]) for row in rows if row["dwTypeData"] == chosen), 0)

    def _GetSystemMetrics(self, which: int) -> int:
        assert which == 49, "the width of a small icon"
        return 20

    def _CreateIconFromResourceEx(self, picture: bytes, size: int, *rest: int) -> int:
        assert size == len(picture)
        assert rest == (1, 0x00030000, 20, 20, 0)
        self.icons[handle := next(self._handles)] = (int.from_bytes(picture[4:8], "little"), picture)
        return handle

    def _DestroyIcon(self, icon: int) -> int:
        del self.icons[icon]
        return 1

    def _Shell_NotifyIconW(self, code: int, data: Any) -> int:
        assert threading.current_thread() is threading.main_thread() or data.uFlags == 0x10, "drawn on another thread"
        fields = {0x2: "hIcon", 0x4: "szTip"}
        if code == 2:
            self.tray.clear()
            return 1
        self.tray["hWnd"] = data.hWnd
        self.tray |= {name: getattr(data, name) for flag, name in fields.items() if data.uFlags & flag}
        if data.uFlags & 0x10:
            self.balloons.append((data.szInfoTitle, data.szInfo))
        return 1


@contextmanager
def windows(patch: pytest.MonkeyPatch) -> Iterator[Windows]:
    """That system under pystray, until the block ends."""
    system = Windows()
    for name, value in {
        "WinDLL": system.library,
        "WINFUNCTYPE": ctypes.CFUNCTYPE,
        "HRESULT": ctypes.c_long,
        "WinError": OSError,
    }.items():
        patch.setattr(ctypes, name, value, raising=False)
    # LibraryLoader gives one library for each name, and asks its argument for it.
    patch.setattr(ctypes, "LibraryLoader", lambda _: _Libraries(system))
    try:
        yield system
    finally:
        forget(*MODULES)


def forget(*modules: str) -> None:
    """Lets them be imported anew: a module also stands in its package."""
    for name in modules:
        package, _, last = name.rpartition(".")
        sys.modules.pop(name, None)
        vars(sys.modules.get(package, sys)).pop(last, None)


class _Libraries:
    def __init__(self, system: Windows) -> None:
        self._system = system

    def __getattr__(self, name: str) -> Any:
        return self._system.library(name)
