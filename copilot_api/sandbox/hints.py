"""What a sentence offers to fill an argument with: commands, quotations, paths, addresses, numbers, places."""

import re
from dataclasses import dataclass, replace

FOCUS_CHARACTERS = 2000

_BACKQUOTED = re.compile(r"`([^`\n]+)`")
_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|(?<![\w])'([^'\n]+)'(?!\w)")
_URL = re.compile(r"https?://[^\s\"'`<>)]+")
_PATH = re.compile(r"(?<![\w:/])(?:~|\.{1,2})?/[\w.@+-]+(?:/[\w.@+-]+)*|\b[\w-]+(?:/[\w-]+)*\.[a-z]{1,5}\b")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_NAME = r"[A-ZÀ-Þ][\w'-]*(?:\s[A-ZÀ-Þ][\w'-]*)*"
_PLACES = re.compile(rf"\b(?:in|for|at|of|from|to)\s+({_NAME}(?:(?:,\s*(?:and\s+)?|\s+and\s+){_NAME})*)")
_LIST = re.compile(r",\s*(?:and\s+)?|\s+and\s+")

_DEFAULTS = {
    "command": "echo sandbox",
    "path": "sandbox.txt",
    "url": "https://example.invalid/",
    "place": "Oslo",
    "text": "sandbox",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Each tuple in the order of the sentence."""

    said: str = ""
    commands: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    places: tuple[str, ...] = ()

    def text_for(self, name: str) -> str:
        """A value for a string argument of that name."""
        kind = _kind(name)
        offers = {
            "command": (*self.commands, *self.quoted),
            "path": (*self.paths, *self.commands, *self.quoted),
            "url": self.urls,
            "place": (*self.places, *self.quoted, *self.commands),
            "text": (*self.quoted, *self.commands, *self.places, *((self.said[:200],) if self.said else ())),
        }[kind]
        return offers[0] if offers else _DEFAULTS[kind]

    def variants(self, name: str) -> list["Hints"]:
        """One set of hints for each of several values on offer for the argument of that name; one set if there is one."""
        kind = _kind(name)
        if kind == "command" and len(self.commands) > 1:
            return [replace(self, commands=(command,)) for command in self.commands]
        if kind == "path" and len(self.paths) > 1:
            return [replace(self, paths=(path,)) for path in self.paths]
        if kind in {"place", "text"} and len(self.quoted) > 1:
            return [replace(self, quoted=(text,), places=()) for text in self.quoted]
        if kind in {"place", "text"} and not self.quoted and len(self.places) > 1:
            return [replace(self, places=(place,)) for place in self.places]
        return [self]


def focus(said: str) -> str:
    """The part of a long text in which a wish is looked for: its beginning and its end."""
    return said if len(said) <= 2 * FOCUS_CHARACTERS else f"{said[:FOCUS_CHARACTERS]}\n{said[-FOCUS_CHARACTERS:]}"


def of(said: str, *, ignoring: frozenset[str] = frozenset()) -> Hints:
    """The hints of a sentence. `ignoring` are the names of tools, which are quoted without being values."""
    said = focus(said)
    bare = _URL.sub(" ", said)
    quoted = ("".join(groups) for groups in _QUOTED.findall(bare))
    return Hints(
        said=said,
        commands=tuple(c for c in _BACKQUOTED.findall(said) if c not in ignoring),
        quoted=tuple(q for q in quoted if q not in ignoring),
        paths=tuple(_PATH.findall(bare)),
        urls=tuple(url.rstrip(".,;:!?") for url in _URL.findall(said)),
        numbers=tuple(float(n) for n in _NUMBER.findall(bare)),
        places=tuple(p for found in _PLACES.findall(bare) for p in _LIST.split(found) if p not in ignoring),
    )


def _kind(name: str) -> str:
    name = name.lower()
    if name in {"command", "cmd", "script", "code"}:
        return "command"
    if "url" in name or "uri" in name:
        return "url"
    if "path" in name or "file" in name:
        return "path"
    if name in {"city", "location", "place", "town", "country", "where"}:
        return "place"
    return "text"
