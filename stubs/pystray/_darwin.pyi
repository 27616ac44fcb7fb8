from typing import Any

from pystray import _base

class Icon(_base.Icon):
    _app: Any
    _icon_image: Any
    _status_bar: Any
    _status_item: Any
    def _assert_image(self) -> None: ...
