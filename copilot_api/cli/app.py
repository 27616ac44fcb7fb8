"""The program's commands, and how each of them ends: what is printed, and with which exit code."""

import os
import sys
from typing import Annotated

import typer

from copilot_api import __version__, console, form, settings
from copilot_api.cli.auth import auth, logout
from copilot_api.cli.debug import debug
from copilot_api.cli.https import https
from copilot_api.cli.keys import keys
from copilot_api.cli.models import models
from copilot_api.cli.service import service
from copilot_api.cli.start import start
from copilot_api.cli.status import status
from copilot_api.cli.stop import stop
from copilot_api.cli.tray import tray
from copilot_api.cli.usage import check_usage
from copilot_api.errors import CopilotApiError, StartFailed

INTERRUPTED = 130
ENDINGS = "Exit codes: 0 done, 1 failed, 2 a wrong option or setting, 130 interrupted."


class Misspelt(StartFailed):
    """A command, option or value that the command line does not know."""

    exit_code = 2


app = typer.Typer(
    name="copilot-api",
    help="Your own GitHub Copilot subscription as an OpenAI- and Anthropic-compatible API on localhost.",
    epilog=ENDINGS,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(start)
app.command()(tray)
app.command()(status)
app.command()(stop)
app.add_typer(auth, name="auth")
app.command()(logout)
app.command()(models)
app.add_typer(keys, name="keys")
app.add_typer(https, name="https")
app.command("check-usage")(check_usage)
app.add_typer(service, name="service")
app.command()(debug)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        console.data(f"copilot-api {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version")
    ] = False,
) -> None: ...


def run(arguments: list[str], commands: typer.Typer = app) -> int:
    """Runs the command that `arguments` name; gives its exit code. Draws every error, expected or not."""
    console.set_up()
    settings.forget_the_unpacking()
    try:
        code = commands(arguments or [_unasked()], prog_name="copilot-api", standalone_mode=False)
        sys.stdout.flush()
    except CopilotApiError as problem:
        return console.fail(problem)
    except typer.TyperException as mistake:
        return console.fail(_misspelt(mistake))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # whoever read our output wants no more of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the top of the program
        return console.crash(error)
    if code == INTERRUPTED:
        console.say("interrupted")
    return code or 0


def _unasked() -> str:
    """What it does where no command is given: a downloaded program that was double-clicked shows itself in the bar."""
    is_heard = any(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    is_clicked = form.current() is not form.Form.SOURCE and not is_heard and settings.has_screen()
    return "tray" if is_clicked else "--help"


def _misspelt(mistake: typer.TyperException) -> Misspelt:
    """typer's complaint in the words of the house, with the command whose help would have told."""
    context = getattr(mistake, "ctx", None)
    path = context.command_path if context else "copilot-api"
    return Misspelt(mistake.format_message(), hint=f"{path} --help shows what there is")
