"""The program's commands and options as plain values, read from the real command line, so that nothing told of it is stale."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer

from copilot_api import settings
from copilot_api.cli.app import app
from installers import product

# How typer calls what an option takes, and how people do.
_VALUES = {"str": "TEXT", "int": "NUMBER", "int range": "NUMBER", "float": "NUMBER"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option: its spellings, those that switch it off, and what it takes ("" for a switch)."""

    spellings: tuple[str, ...]
    off: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    repeats: bool
    help: str

    @property
    def all_spellings(self) -> tuple[str, ...]:
        """What may be typed, on and off."""
        return (*self.spellings, *self.off)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, by the words that are typed for it."""

    words: tuple[str, ...]
    help: str
    options: tuple[Option, ...]
    children: tuple["Command", ...]

    @property
    def name(self) -> str:
        """The last word."""
        return self.words[-1]

    def everyone(self) -> Iterator["Command"]:
        """This command and all below it."""
        yield self
        for child in self.children:
            yield from child.everyone()


def root() -> Command:
    """The whole program."""
    return _command(typer.main.get_command(app), (product.NAME,), None)


def _command(command: Any, words: tuple[str, ...], parent: Any) -> Command:
    # Commands inherit from the context above them how --help is spelt.
    context = typer.Context(command, info_name=words[-1], parent=parent, **command.context_settings)
    children = getattr(command, "commands", {})
    return Command(
        words=words,
        help=" ".join((command.help or "").split()),
        options=tuple(_option(parameter) for parameter in command.get_params(context)),
        children=tuple(_command(child, (*words, name), context) for name, child in children.items()),
    )


def _option(parameter: Any) -> Option:
    declared = settings.options().get(parameter.name)
    choices = tuple(declared.metadata["choices"]) if declared else ()
    return Option(
        spellings=tuple(sorted(parameter.opts, key=lambda spelling: spelling.startswith("--"))),
        off=tuple(parameter.secondary_opts),
        value="" if parameter.is_flag else "|".join(choices) or _VALUES[parameter.type.name],
        choices=choices,
        repeats=bool(parameter.multiple),
        help=" ".join((parameter.help or "").split()).removesuffix("."),
    )
