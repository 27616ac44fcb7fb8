"""The tray icon of Windows: what pystray leaves to be wished for there."""

import ctypes
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from pystray import _win32
from pystray._util import win32

from copilot_api.desktop.icons import Icons, dib
from copilot_api.desktop.pystray_tray import PystrayTray

_WM_QUERYENDSESSION, _WM_ENDSESSION, _WM_JOB, _TEXT_CLICKED = 0x11, 0x16, win32.WM_USER + 12, win32.WM_USER + 5
_SM_CXSMICON, _ICON_VERSION = 49, 0x00030000
# Characters that fit into the structure that the system takes; one more place is for its end.
_TIP, _TEXT, _HEAD = 127, 255, 63


def windows_tray() -> PystrayTray:
    """The backend of this system. An ampersand would underline what follows it."""
    return PystrayTray(WindowsIcon, literally=lambda label: label.replace("&", "&&"))


class WindowsIcon(_win32.Icon):
    """Draws our faces at the size that is wanted, opens the menu with both buttons, and changes it only while it is closed."""

    on_click: Callable[[], None]
    on_end: Callable[[], None]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._icons = Icons()
        self._jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._is_open = False
        # pystray answers 0 to what it does not know, and that would keep Windows from shutting down.
        self._message_handlers[_WM_QUERYENDSESSION] = lambda _, __: 1
        self._message_handlers[_WM_ENDSESSION] = lambda is_ending, _: self.on_end() if is_ending else None
        self._message_handlers[_WM_JOB] = lambda _, __: self._do_jobs()

    def post(self, job: Callable[[], object]) -> None:
        self._jobs.put(job)
        win32.PostMessage(self._hwnd, _WM_JOB, 0, 0)

    def _do_jobs(self) -> None:
        while not self._jobs.empty():
            self._jobs.get()()

    def _on_notify(self, wparam: int, lparam: int) -> None:
        if lparam == _TEXT_CLICKED:
            self.on_click()
        elif lparam in {win32.WM_LBUTTONUP, win32.WM_RBUTTONUP}:
            self._is_open = True
            try:
                super()._on_notify(wparam, win32.WM_RBUTTONUP)
            finally:
                self._is_open = False
            self._update_menu()

    def _update_menu(self) -> None:
        if not self._is_open:
            super()._update_menu()

    def _message(self, code: int, flags: int, **fields: Any) -> None:
        for name, room in (("szTip", _TIP), ("szInfo", _TEXT), ("szInfoTitle", _HEAD)):
            if name in fields:
                fields[name] = fields[name].encode("utf-16-le", "replace")[: 2 * room].decode("utf-16-le", "ignore")
        super()._message(code, flags, **fields)

    def _assert_icon_handle(self) -> None:
        if not self._icon_handle:
            user32 = win32.windll.user32
            user32.CreateIconFromResourceEx.restype = ctypes.c_void_p
            side = user32.GetSystemMetrics(_SM_CXSMICON)
            drawn = self._icons.argb(self._icon)
            size = min((size for size in drawn if size >= side), default=max(drawn))
            picture = dib(size, drawn[size])
            self._icon_handle = user32.CreateIconFromResourceEx(picture, len(picture), 1, _ICON_VERSION, side, side, 0)
