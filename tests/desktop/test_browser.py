"""A browser opens only where it has a window of its own, and never holds the program up."""

import sys
import threading
import webbrowser

import pytest

from copilot_api.desktop import browser


@pytest.mark.parametrize(
    ("system", "display", "can"),
    [("linux", "", False), ("linux", ":0", True), ("darwin", "", True), ("win32", "", True)],
)
def test_a_screen_is_needed(
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    display: str,
    can: bool,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    assert browser.can_open() is can


def test_opening_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    asked, may_end = threading.Event(), threading.Event()

    class Slow(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002, FBT002 - the library's signature
            opened.append(url)
            asked.set()
            return may_end.wait(10)

    monkeypatch.setattr(webbrowser, "_tryorder", ["slow"])
    monkeypatch.setattr(webbrowser, "_browsers", {"slow": [None, Slow()]})
    browser.open_page("https://github.com/login/device")
    assert asked.wait(10)
    assert opened == ["https://github.com/login/device"]
    may_end.set()
