"""`copilot-api keys`: API keys for clients, each under a name, so that each can be told from the others and revoked alone."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot_api import console
from copilot_api.cli.options import with_settings
from copilot_api.settings import Settings, data_dir

if TYPE_CHECKING:
    from copilot_api.keys import Key, KeyFile

keys = typer.Typer(help="Make, list and revoke API keys for clients.", invoke_without_command=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as claude-code")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]


@keys.callback()
@with_settings()
def _root(loaded: Settings, context: typer.Context) -> None:
    """Make, list and revoke API keys for clients."""
    if context.invoked_subcommand is None:
        _show(loaded, as_json=False)


@keys.command()
@with_settings()
def add(loaded: Settings, name: Name, *, as_json: AsJson = False) -> None:
    """Make a key and show it, this once. From then on a running server asks every client for a key."""
    file = _file()
    is_first = file.read() is None and not loaded.api_keys
    value = file.add(name)
    if as_json:
        console.data_json({"name": name, "key": value})
    else:
        console.data(value)
        console.say("keep it now: it cannot be shown again, because only its hash is kept")
    if is_first:
        console.say("from now on every client must show a key, also on this machine; copilot-api keys off ends that")


@keys.command(name="list")
@with_settings()
def show(loaded: Settings, *, as_json: AsJson = False) -> None:
    """List the keys by name; the keys themselves are not kept."""
    _show(loaded, as_json=as_json)


def _show(loaded: Settings, *, as_json: bool) -> None:
    kept = _file().read()
    rows = [*_of_the_settings(loaded), *(_row(key) for key in kept or ())]
    if as_json:
        console.data_json({"required": kept is not None or bool(loaded.api_keys), "keys": rows})
        return
    if rows:
        console.table(("name", "ends in", "made"), [(row["name"], row["endsIn"], row["made"] or row["from"]) for row in rows])
    elif kept is None:
        console.say("there are no API keys: on this machine any key is accepted")
    else:
        console.say("every API key was revoked, so nobody is let in; copilot-api keys add NAME makes one")


@keys.command()
@with_settings()
def revoke(loaded: Settings, name: Name) -> None:
    """Revoke a key. A running server refuses it within a second."""
    file = _file()
    file.revoke(name)
    console.say(f"revoked: the key {name} is refused from now on")
    if not file.read() and not loaded.api_keys:
        console.say("it was the last one, so nobody is let in until there is another; copilot-api keys off lets in everybody")


@keys.command()
@with_settings()
def off(loaded: Settings) -> None:
    """Forget all keys, and ask for none: on this machine any key is accepted then."""
    count = _file().forget()
    console.say(f"forgotten: {count} API key{'' if count == 1 else 's'}")
    if loaded.api_keys:
        console.warn("the settings still hold API keys, so one of those is asked for", hint="copilot-api debug shows where")


def _file() -> "KeyFile":
    from copilot_api.keys import KeyFile

    return KeyFile.of(data_dir())


def _of_the_settings(loaded: Settings) -> list[dict[str, Any]]:
    from copilot_api.keys import RESERVED

    origin = loaded.origins.get("api_keys", "")
    numbers = range(1, len(loaded.api_keys) + 1)
    return [{"name": f"{RESERVED}-{number}", "endsIn": "", "made": "", "from": origin} for number in numbers]


def _row(key: "Key") -> dict[str, Any]:
    from datetime import UTC, datetime

    made = datetime.fromtimestamp(key.made_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {"name": key.name, "endsIn": key.ending, "made": made, "from": "copilot-api keys"}
