"""copilot-api(1), written from the real commands and settings, in the macros that every man program knows."""

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from copilot_api import settings
from copilot_api.cli.app import ENDINGS
from copilot_api.settings import Settings
from installers import product
from installers.commands import Command, Option, root

# Variables that are no setting: what they do, in one sentence.
_FURTHER_VARIABLES = {
    "COPILOT_API_CONFIG": "Path of the settings file, in place of the one below.",
    "XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_CACHE_HOME": (
        "Where files go; like COPILOT_API_CONFIG they are handed on to what 'copilot-api service install' starts."
    ),
    "NO_COLOR": "Set to anything, it switches colours off.",
    "DBUS_SESSION_BUS_ADDRESS": "The session bus on which the Secret Service is asked for the token.",
    "HTTPS_PROXY, ALL_PROXY, NO_PROXY": "Network proxies, used where proxy_env is on.",
    "SSL_CERT_FILE, SSL_CERT_DIR": "Root certificates to trust in place of the system's; ca_file adds to them.",
}
_FILES = {
    "~/.config/copilot-api/config.toml": "The settings. XDG_CONFIG_HOME moves it.",
    "~/.local/share/copilot-api/": (
        "What the program learned about token counts, and the GitHub token where token_store is file. XDG_DATA_HOME moves it."
    ),
    "/usr/lib/systemd/user/copilot-api.service": (
        "A unit of the user's own systemd. Installing does not switch it on; 'copilot-api service install' does, or writes one "
        "of the same name into ~/.config/systemd/user where this one would not do."
    ),
    "~/.config/autostart/copilot-api.desktop": "Starts the tray at login, where its menu says so. XDG_CONFIG_HOME moves it.",
    "~/.local/state/copilot-api/log/copilot-api.log": (
        "What a tray that was started at login said; 'copilot-api service logs' shows it where there is no systemd. "
        "XDG_STATE_HOME moves it."
    ),
}
_OWN_DATA = (
    "Removing or purging a package takes away what it installed and touches no home folder. To remove your own data too, "
    "type 'copilot-api logout', which takes the token out of the keyring, and 'copilot-api service remove', and then delete "
    "what is named above in your home folder."
)


def manual() -> str:
    """The page as man reads it."""
    day = datetime.fromtimestamp(product.epoch(), UTC).strftime("%Y-%m-%d")
    lines = [
        f'.TH COPILOT\\-API 1 "{day}" "copilot\\-api {product.version()}" "User Commands"',
        ".SH NAME",
        f"{_text(product.NAME)} \\- {_text(product.SUMMARY)}",
        *_synopsis(root()),
        *_description(),
        *_commands(root()),
        *_settings(),
        *_environment(),
        *_list("FILES", _FILES),
        *_endings(),
        *_examples(),
        ".SH REMOVING ONE'S OWN DATA",
        _text(_OWN_DATA),
        ".SH SEE ALSO",
        ".BR curl (1),",
        ".BR systemctl (1)",
    ]
    return "\n".join(lines) + "\n"


def _synopsis(command: Command) -> Iterator[str]:
    yield ".SH SYNOPSIS"
    for number, each in enumerate(every for every in command.everyone() if every.words[1:] or not every.children):
        if number:
            yield ".br"
        yield f".B {_text(' '.join(each.words))}"
        yield from (f".I {_text(argument.name)}" for argument in each.arguments)
        yield r".RI [ option ]\|.\|.\|."
    yield ".br"
    yield f".B {_text(command.name)}"
    yield r".BR \-\-version | \-\-help"


def _description() -> Iterator[str]:
    yield ".SH DESCRIPTION"
    for number, paragraph in enumerate(product.DESCRIPTION):
        if number:
            yield ".PP"
        yield _text(paragraph)


def _commands(command: Command) -> Iterator[str]:
    yield ".SH OPTIONS"
    yield "These stand alone:"
    yield from _options(command.options)
    yield ".SH COMMANDS"
    yield r"Each of them also takes \fB\-h\fR, \fB\-\-help\fR."
    for each in list(command.everyone())[1:]:
        yield f".SS {_text(' '.join(each.words))}"
        yield _text(each.help)
        for argument in each.arguments:
            yield from (".TP", rf"\fI{_text(argument.name)}\fR", _text(f"{argument.help}."))
        yield from _options(tuple(option for option in each.options if "--help" not in option.spellings))


def _options(options: tuple[Option, ...]) -> Iterator[str]:
    for option in options:
        yield ".TP"
        words = ", ".join(rf"\fB{_text(spelling)}\fR" for spelling in option.all_spellings)
        yield words + (rf" \fI{_text(option.value)}\fR" if option.value else "")
        yield _text(option.help + ("; may be repeated." if option.repeats else "."))


def _settings() -> Iterator[str]:
    yield ".SH SETTINGS"
    yield _text(
        "Each setting can stand in the settings file, in the environment or on the command line; the later of these wins. The "
        "file is TOML. In the environment a setting is its name in capitals after COPILOT_API_, lists by commas, tables as "
        "fast=gpt-4.1,best=claude-opus-4.5."
    )
    for name, option in settings.options().items():
        yield ".TP"
        flags = "".join(f", {_text(flag)}" for flag in option.metadata["flags"])
        yield rf"\fB{_text(name)}\fR{flags}"
        default = _default(name)
        yield _text(option.metadata["help"] + (f" (default: {default})." if default else "."))


def _default(name: str) -> str:
    value: Any = getattr(Settings(), name)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value) if value else ""


def _environment() -> Iterator[str]:
    further = {", ".join(more): f"The setting {name}." for name in settings.options() if (more := settings.variables(name)[1:])}
    named = {f"COPILOT_API_PORT, {settings.ENV_PREFIX}...": "Any setting, as described above."}
    return _list("ENVIRONMENT", {**named, **further, **_FURTHER_VARIABLES})


def _list(title: str, entries: dict[str, str]) -> Iterator[str]:
    yield f".SH {title}"
    for term, explained in entries.items():
        yield ".TP"
        yield rf"\fB{_text(term)}\fR"
        yield _text(explained)


def _endings() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    for ending in ENDINGS.removeprefix("Exit codes: ").removesuffix(".").split(", "):
        code, _, meaning = ending.partition(" ")
        yield from (".TP", rf"\fB{code}\fR", _text(f"{meaning.capitalize()}."))


def _examples() -> Iterator[str]:
    yield ".SH EXAMPLES"
    examples = {
        "Try it without an account:": "copilot-api start --sandbox",
        "Sign in, then serve:": "copilot-api auth && copilot-api start",
        "Serve whenever you are logged in:": "systemctl --user enable --now copilot-api",
        "Read what it says then:": "journalctl --user -u copilot-api",
    }
    for number, (explained, typed) in enumerate(examples.items()):
        yield from (".PP",) if number else ()
        yield from (_text(explained), ".PP", ".EX", f".RS 4\n{_text(typed)}", ".RE", ".EE")


def _text(text: str) -> str:
    """`text` in short lines, so that roff takes no part of it for itself, and a typed hyphen stays one."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga").replace("~", r"\(ti")
    lines = textwrap.wrap(escaped, 76, break_long_words=False, break_on_hyphens=False)
    return "\n".join(rf"\&{line}" if line.startswith(".") else line for line in lines)
