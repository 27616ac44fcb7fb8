"""Sets one value in the person's settings file and touches nothing else in it: neither comments nor order nor spacing.

The file is the person's, so a change is proposed on its text and proved by reading both versions: only that value may differ.
Where that cannot be shown nothing is written, and the person is told what to write.
"""

import json
import os
import re
import secrets
import stat
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from copilot_api.errors import FileUnsafe, SettingsBroken
from copilot_api.settings import checked, config_path

Value = bool | int | float | str

# Of one line, as people write it: a text, or a word such as a number.
_VALUE = r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s#"\'\[{][^\s#]*'
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_LEAD = re.compile(r"(?:(?<=\n)|\A)(?:[ \t]*\r?\n)*(?:[ \t]*#[^\n]*\n)*\Z")
"""What belongs to the table that follows: the comment right above it, and the blank lines above that."""


def put(name: str, value: Value, *, path: Path | None = None) -> Path:
    """Makes the file say `name = value`, and makes the file where there is none. Blocks. Gives the file's path.

    The environment and the command line still win. Raises SettingsBroken for a value that cannot be, for a file that is broken
    or cannot be written, or where it is not certain what to change; FileUnsafe where a link leads to what is not the person's.
    """
    path = path or config_path()
    value = checked(name, value, name)
    place = _place(path)
    before = _read(place)
    after = edited(before, name, value, str(path))
    if after != before:
        _write(place, before, after)
    return path


def edited(text: str, name: str, value: Value, where: str = "the settings file") -> str:
    """`text` with that value in it. Raises SettingsBroken."""
    table = _parsed(text)
    if table is None:
        raise SettingsBroken(f"{where} is not valid TOML", hint="copilot-api debug says where; mend it, or move it away")
    written = _written(value)
    keys = [key for key in table if key.replace("-", "_") == name]
    key = keys[0] if keys else name
    if len(keys) == 1 and _is(table[key], value):
        return text
    if len(keys) < 2:
        wanted = table | {key: value}
        for candidate in _replaced(text, key, written) if keys else _inserted(text, f"{name} = {written}"):
            found = _parsed(candidate)
            if found == wanted and _is(found[key], value):
                return candidate
    raise SettingsBroken(
        f"{name} stands in {where} in a way that only you should change",
        hint=f"write {name} = {written} there, and nothing else of it",
    )


def _is(found: Any, value: Value) -> bool:
    """Whether it is the same, and True is not 1."""
    return type(found) is type(value) and found == value


def _written(value: Value) -> str:
    """As TOML has it, whose texts are JSON's."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | str) else repr(value)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _replaced(text: str, key: str, written: str) -> Iterator[str]:
    """The text with another value, at each place that looks like it: one may be of another table, or inside a long text."""
    name = re.escape(key)
    line = re.compile(rf"""^[ \t]*(?:{name}|"{name}"|'{name}')[ \t]*=[ \t]*({_VALUE})[ \t]*(?:#[^\n]*)?\r?$""", re.MULTILINE)
    for found in line.finditer(text):
        yield text[: found.start(1)] + written + text[found.end(1) :]


def _inserted(text: str, line: str) -> Iterator[str]:
    """The text with another line, before each place that looks like the first table, and at the end."""
    end = "\r\n" if "\r\n" in text else "\n"
    for found in _HEADER.finditer(text):
        lead = _LEAD.search(text[: found.start()])
        place = lead.start() if lead else found.start()
        gap = "" if text[place:].lstrip(" \t\r").startswith("\n") else end
        yield text[:place] + line + end + gap + text[place:]
    yield text + (end if text and not text.endswith("\n") else "") + line + end


def _place(path: Path) -> Path:
    """Where to write: a link, as in a folder of dotfiles, is followed to what is the person's and stays a link."""
    try:
        place = path.resolve()
        if not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not place.is_file():
            raise FileUnsafe(f"{path} is not a plain file", hint="move it away")
        for owned in (place, place.parent):
            if sys.platform != "win32" and owned.exists() and owned.stat().st_uid != os.geteuid():
                raise FileUnsafe(
                    f"{path} leads to {owned}, which is not yours", hint="change the setting there, or make it yours"
                )
    except (OSError, RuntimeError) as error:  # the latter: links that lead to each other
        raise SettingsBroken(f"{path} cannot be used: {error}", hint="look where it leads") from error
    return place


def _read(place: Path) -> str:
    try:
        return place.read_bytes().decode()  # as it is: reading as text would lose the kind of its line ends
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsBroken(f"{place} cannot be read: {error}", hint="mend it, or move it away") from error


def _write(place: Path, before: str, after: str) -> None:
    beside = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    try:
        mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o600
        _filled(beside, after.encode())
        beside.chmod(mode)
        _check_unchanged(place, before)
        beside.replace(place)
    except (OSError, UnicodeEncodeError) as error:
        raise SettingsBroken(f"{place} cannot be written: {error}", hint="check the folder and the disk") from error
    finally:
        with suppress(OSError):
            beside.unlink()


def _filled(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)


def _check_unchanged(place: Path, before: str) -> None:
    if _read(place) != before:
        raise SettingsBroken(f"{place} was changed by somebody else just now", hint="try again")
