from collections.abc import Callable
from typing import Any

from pystray import _base

class Icon(_base.Icon):
    _hwnd: int | None
    _icon_handle: Any
    _message_handlers: dict[int, Callable[[int, int], object]]
    def _on_notify(self, wparam: int, lparam: int) -> None: ...
    def _message(self, code: int, flags: int, **fields: Any) -> None: ...
    def _assert_icon_handle(self) -> None: ...
