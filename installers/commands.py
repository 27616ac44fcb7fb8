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
class Argument:
    """What a command asks for without an option: as its help calls it, such as NAME."""

    name: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, by the words that are typed for it."""

    words: tuple[str, ...]
    help: str
    arguments: tuple[Argument, ...]
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
    parameters = command.get_params(context)
    return Command(
        words=words,
        help=" ".join((command.help or "").split()),
        arguments=tuple(_argument(parameter, context) for parameter in parameters if _is_argument(parameter)),
        options=tuple(_option(parameter) for parameter in parameters if not _is_argument(parameter)),
        children=tuple(_command(child, (*words, name), context) for name, child in children.items()),
    )


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _argument(parameter: Any, context: Any) -> Argument:
    return Argument(name=parameter.make_metavar(context), help=_one_line(parameter.help))


def _option(parameter: Any) -> Option:
    declared = settings.options().get(parameter.name)
    choices = tuple(declared.metadata["choices"]) if declared else ()
    return Option(
        spellings=tuple(sorted(parameter.opts, key=lambda spelling: spelling.startswith("--"))),
        off=tuple(parameter.secondary_opts),
        value="" if parameter.is_flag else "|".join(choices) or _VALUES[parameter.type.name],
        choices=choices,
        repeats=bool(parameter.multiple),
        help=_one_line(parameter.help),
    )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).removesuffix(".")
