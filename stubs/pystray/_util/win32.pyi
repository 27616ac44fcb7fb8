from typing import Any

WM_LBUTTONUP: int
WM_RBUTTONUP: int
WM_USER: int
windll: Any

def PostMessage(window: int | None, message: int, wparam: int, lparam: int) -> int: ...
