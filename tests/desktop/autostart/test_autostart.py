"""Each system has its own way, and the one of this system is chosen."""

import sys
from pathlib import Path

from copilot_api.desktop.autostart import autostart

WAYS = {"linux": "Entry", "darwin": "LaunchAgent", "win32": "RunKey"}


def test_this_system_s_way_is_chosen_and_starts_the_tray() -> None:
    chosen = autostart()
    assert type(chosen).__name__ == WAYS[sys.platform]
    assert chosen.is_on() in {True, False}
    assert ("copilot-api" in chosen.where) or (Path(chosen.where).suffix == ".plist")
