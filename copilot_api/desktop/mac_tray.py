"""The menu bar icon of macOS: what pystray leaves to be wished for there."""

import logging
from collections.abc import Callable
from typing import Any

import AppKit
import Foundation
from pystray import _darwin

from copilot_api.desktop.icons import Icons, png
from copilot_api.desktop.pystray_tray import PystrayTray

_POINTS = 18.0
_NO_ICON_IN_THE_DOCK = 1
"""NSApplicationActivationPolicyAccessory."""


def mac_tray() -> PystrayTray:
    """The backend of this system."""
    return PystrayTray(MacIcon)


_log = logging.getLogger(__name__)


class _MainThread(Foundation.NSObject):  # type: ignore[misc] # PyObjC has no types
    def do_(self, job: Callable[[], object]) -> None:
        try:
            job()
        except Exception:  # noqa: BLE001 - which would end the program on its way through the system's own code
            _log.exception("the menu bar icon could not be changed")


class MacIcon(_darwin.Icon):
    """Draws our faces as template images, and changes nothing while the menu is open."""

    on_click: Callable[[], None]
    on_end: Callable[[], None]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._icons = Icons()
        self._main = _MainThread.alloc().init()
        self._app.setActivationPolicy_(_NO_ICON_IN_THE_DOCK)

    def post(self, job: Callable[[], object]) -> None:
        # While a menu is open, the loop is in another mode than this.
        modes = [Foundation.NSDefaultRunLoopMode]
        self._main.performSelectorOnMainThread_withObject_waitUntilDone_modes_(b"do:", job, False, modes)

    def _run(self) -> None:
        """Without pystray's handler of Ctrl-C, which would end the process before it could stop serving."""
        self._mark_ready()
        try:
            self._app.run()
        finally:
            self._status_bar.removeStatusItem_(self._status_item)

    def _assert_image(self) -> None:
        image = AppKit.NSImage.alloc().initWithSize_((_POINTS, _POINTS))
        for size, cover in self._icons.template(self._icon).items():
            picture = png(size, cover)
            drawn = AppKit.NSBitmapImageRep.imageRepWithData_(Foundation.NSData.dataWithBytes_length_(picture, len(picture)))
            drawn.setSize_((_POINTS, _POINTS))
            image.addRepresentation_(drawn)
        image.setTemplate_(True)
        self._icon_image = image
        self._status_item.button().setImage_(image)
