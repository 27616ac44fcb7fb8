"""`copilot-api tray`: the icon that starts and stops the server, and shows how it is."""

import threading
from contextlib import ExitStack
from typing import Annotated

import typer

from copilot_api import console, form, leftovers, log, own_process, session, settings
from copilot_api.cli import secrecy
from copilot_api.cli.options import WITH_FLAGS, with_settings
from copilot_api.settings import Settings

BAR_WITHIN_S, BAR_AT_LOGIN_WITHIN_S = 3.0, 60.0
"""Seconds after which the person is told that no bar shows us: at login it may start long after us."""


@with_settings(*WITH_FLAGS)
def tray(
    loaded: Settings,
    *,
    at_login: Annotated[
        bool, typer.Option("--at-login", help="Say nothing while all is well, as where it starts by itself")
    ] = False,
) -> None:
    """Show an icon in the bar of the desktop, with a menu to serve, to sign in and to see what is left."""
    from copilot_api.desktop.only_one import beckon, only_one

    if at_login:
        log.keep_in(session.log_path())
        log.set_up(verbose=loaded.verbose)
    with ExitStack() as kept:
        other = kept.enter_context(only_one(settings.run_folders()[0]))
        if other is None:
            if folder := form.unpacked():
                kept.enter_context(leftovers.held(folder))
                threading.Thread(target=leftovers.sweep, args=(folder,), name="leftovers", daemon=True).start()
            _run(loaded, is_quiet=at_login)
        elif not at_login:
            console.say(f"the tray runs already (process {other})" + ("; it shows itself" if beckon(other) else ""))


def _run(loaded: Settings, *, is_quiet: bool) -> None:
    from copilot_api import settings_file
    from copilot_api.desktop.autostart import autostart
    from copilot_api.desktop.backends import open_backend
    from copilot_api.desktop.tray import Tray
    from copilot_api.errors import DesktopMissing
    from copilot_api.server.connections import descriptors_for

    environ = session.environment()
    secrecy.keep(loaded)
    own_process.raise_descriptors(descriptors_for(loaded.max_connections))
    flags = {name: getattr(loaded, name) for name, origin in loaded.origins.items() if origin == "flag"}
    try:
        backend = open_backend()
    except DesktopMissing as problem:
        console.warn(problem.message, hint="it serves all the same; copilot-api status and stop work without an icon")
        backend = None
    if backend is not None and not is_quiet:
        console.say("the icon is in the bar of your desktop; quit it there, or press Ctrl-C here")
    Tray(
        load=lambda: settings.load(flags, environ=environ),
        keep=settings_file.put,
        autostart=autostart(),
        backend=backend,
        unseen=_unseen,
        bar_within_s=BAR_AT_LOGIN_WITHIN_S if is_quiet else BAR_WITHIN_S,
    ).run()


def _unseen() -> None:
    console.warn(
        "no bar of this desktop shows the icons of programs, so ours cannot be seen",
        hint="GNOME needs the extension AppIndicator; copilot-api status and stop work without an icon",
    )
