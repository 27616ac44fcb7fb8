"""Opens a page in the person's browser, only where that is a window of its own."""

import threading

from copilot_api import settings


def can_open() -> bool:
    """False where a browser would take over the terminal, or where there is no screen to show it on."""
    return settings.has_screen()


def open_page(url: str) -> None:
    """Starts the browser without waiting for it; some wait until their window is closed."""
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()
