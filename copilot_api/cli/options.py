"""Options of a command made from the declarations in settings.py, so that each is spelt and explained in one place."""

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import typer

from copilot_api import settings
from copilot_api.log import set_up
from copilot_api.settings import Settings

T = TypeVar("T")

WITH_FLAGS = tuple(name for name, option in settings.options().items() if option.metadata["flags"])
# What every command needs that talks to GitHub: which account, where its token is, how to get there.
NETWORK = ("proxy_env", "proxy", "ca_file")
ACCOUNT = ("sandbox", "github_token", "enterprise_url", "account_type", "token_store", *NETWORK, "verbose")


def with_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the options of those settings to a command, whose first argument becomes the loaded Settings.

    Also sets up the log as the settings want it, and runs an `async` command in a loop of its own. The command then raises
    SettingsBroken like `settings.load`.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

        @functools.wraps(command)
        def run(*arguments: Any, **given: Any) -> Any:
            # typer gives an empty list for an option that may be repeated and was not given.
            flags = {name: None if value == [] else value for name in names for value in (given.pop(name),)}
            loaded: Settings = settings.load(flags)
            set_up(verbose=loaded.verbose)
            result = command(loaded, *arguments, **given)
            return run_to_end(result) if inspect.iscoroutine(result) else result

        run.__annotations__ = {}  # typer would take the command's own before the signature's
        vars(run)["__signature__"] = inspect.Signature([*own, *(_parameter(name) for name in names)])
        return run

    return decorate


def run_to_end(command: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine in an event loop of its own; gives its result."""
    import asyncio  # a fifth of the time that --help takes, and --help needs none of it

    return asyncio.run(command)


def _parameter(name: str) -> inspect.Parameter:
    """One setting as typer reads it. None means: not given on the command line."""
    option = settings.options()[name]
    default = getattr(Settings(), name)
    long, *short = option.metadata["flags"]
    kind: Any = list[str] if isinstance(default, tuple) else float if default is None else type(default)
    if kind is bool:
        long = f"{long}/--no-{long.removeprefix('--')}"  # to switch off what the settings file switches on
    explained = option.metadata["help"]
    if default and kind in {str, int, float}:
        explained += f" [default: {default}]"
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=typer.Option(None, long, *short, help=explained, show_default=False),
        annotation=kind | None,
    )
