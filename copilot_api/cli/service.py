"""`copilot-api service install`, `remove`, `status` and `logs`."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from copilot_api import console, settings
from copilot_api.cli.options import with_settings
from copilot_api.errors import KeyringUnusable, NotSignedIn
from copilot_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from copilot_api.desktop.keeper import Kept

service = typer.Typer(
    help="Keep the server running: now, and whenever you log in.", no_args_is_help=True, rich_markup_mode=None
)


@service.command()
@with_settings()
def install(loaded: Settings) -> None:
    """Start the server now and at each login. Settings come from the settings file; a second time mends what has changed."""
    from copilot_api.desktop.keeper import keeper

    kept_by = keeper()
    given = kept_by.given()
    _check_sign_in(loaded, given)
    for variable, setting in _left_behind(loaded, given).items():
        console.warn(f"{variable} is set here only, and not handed on", hint=f"set {setting} in {settings.config_path()}")
    for step in kept_by.install():
        console.say(step)
    if kept_by.look().lingers is False:
        console.say("it ends when you log out; loginctl enable-linger lets it run from boot on")


@service.command()
@with_settings()
def remove(_loaded: Settings) -> None:
    """Stop the server, and start it at login no more. Settings and sign-in stay."""
    from copilot_api.desktop.keeper import keeper

    for step in keeper().remove():
        console.say(step)


@service.command()
@with_settings()
def status(_loaded: Settings, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False) -> None:
    """Show whether it starts at login, and runs. The exit code is 0 if both are so."""
    from copilot_api.desktop.autostart import autostart
    from copilot_api.desktop.keeper import keeper

    kept, tray = keeper().look(), autostart().is_on()
    if as_json:
        names = {"is_installed": "installed", "is_running": "running"}
        console.data_json({names.get(name, name): value for name, value in asdict(kept).items()} | {"trayAtLogin": tray})
    else:
        _show(kept, tray=tray)
    raise typer.Exit(0 if kept.is_installed and kept.is_running is not False else 1)


@service.command()
@with_settings()
def logs(
    _loaded: Settings,
    *,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many of its last lines [default: 50]", show_default=False)
    ] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is said from now on, until Ctrl-C")] = False,
) -> None:
    """Show what the server said."""
    from copilot_api.desktop.keeper import keeper

    for line in keeper().log(lines, follow=follow):
        console.data(line)
        sys.stdout.flush()  # whoever follows through a pipe waits for it


def _show(kept: "Kept", *, tray: bool | None) -> None:
    console.data(f"{kept.kind}: {kept.where or 'none'}")
    console.data(f"starts at login: {'yes' if kept.is_installed else 'no'}")
    if kept.is_running is not None:
        console.data(f"running: {f'yes, process {kept.pid}' if kept.is_running else 'no'}")
    if kept.state:
        console.data(f"state: {kept.state}")
    if kept.lingers is not None:
        console.data(f"runs without a login: {'yes' if kept.lingers else 'no'}")
    if kept.kind == "systemd unit":
        console.data(f"tray starts at login: {'yes' if tray else 'no'}")
    console.data(f"log: {kept.log}")


def _check_sign_in(loaded: Settings, given: "AbstractSet[str]") -> None:
    """A token from this terminal is not handed on, so there must be another. Raises NotSignedIn."""
    from copilot_api.upstream.secrets import open_vault

    if loaded.sandbox:
        return
    origin = loaded.origins.get("github_token", "")
    is_here_only = origin in settings.variables("github_token") and origin not in given
    if origin and not is_here_only:
        return
    try:
        vault = open_vault(loaded)
        is_stored, why = vault.read() is not None, "you are not signed in"
    except KeyringUnusable as problem:
        is_stored, why = False, problem.message
    if is_here_only and not is_stored:
        raise NotSignedIn(
            f"the token in {origin} is set here only, and is not written into a file; otherwise {why}",
            hint="run copilot-api auth, which keeps a token where the service finds it",
        )
    if is_here_only:
        console.warn(f"the token in {origin} is not handed on; the one in {vault.name} is used")
    elif not is_stored:
        console.warn(why, hint="run copilot-api auth")


def _left_behind(loaded: Settings, given: "AbstractSet[str]") -> dict[str, str]:
    """Variables that set something for this terminal only, by name, and what."""
    own = {name: origin for name, origin in loaded.origins.items() if origin in settings.variables(name)}
    return {variable: name for name, variable in own.items() if variable not in given and name != "github_token"}
