"""Which model a client means: people and programs write the same model in many ways, and never mean another version.

The rules, strongest first: the id itself; an alias of the settings; the id with dashes for dots or in capitals, with a date,
`-latest` or `[1m]` behind it, or with the `-0` of an x.0 version; a role (`opus`, `claude-sonnet`), which is the newest usable
Claude of that kind. `claude-sonnet-4-5` is never taken for `claude-sonnet-4`.
"""

import difflib
import re
from collections.abc import Iterator, Mapping

from copilot_api.dialects.models import Model

_LONG = "[1m]"
_LONG_VARIANT = "-1m"
_DATE = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d)$")
_ROLE = re.compile(r"^(?:claude-)?([a-z]+)(?:-latest)?$")


def resolve(name: str, models: Mapping[str, Model], aliases: Mapping[str, str]) -> Model | None:
    """The model that `name` stands for, enabled or not; None when there is none."""
    return models.get(name) or _respelt(aliases.get(name, name), models) or _role(aliases.get(name, name), models)


def closest(name: str, ids: list[str]) -> str:
    """The id that looks most like `name`, or ""."""
    return next(iter(difflib.get_close_matches(_plain(name), ids, 1, 0.5)), "")


def _respelt(name: str, models: Mapping[str, Model]) -> Model | None:
    by_key: dict[str, Model] = {}
    for model in models.values():
        by_key.setdefault(_key(model.id), model)
    return next((by_key[spelling] for spelling in _spellings(name) if spelling in by_key), None)


def _spellings(name: str) -> Iterator[str]:
    """Keys under which `name` may be found, best first. With `[1m]` that is the long-context variant, if there is one."""
    plain = _plain(name)
    undated = _DATE.sub("", plain).removesuffix("-latest")
    for base in dict.fromkeys((plain, undated)):
        if name.lower().endswith(_LONG):
            yield _key(base + _LONG_VARIANT)
        yield _key(base)
        if base.startswith("claude"):
            yield _key(base).removesuffix("-0")


def _role(name: str, models: Mapping[str, Model]) -> Model | None:
    found = _ROLE.match(_plain(name))
    if not found:
        return None
    kin = [m for m in models.values() if m.kind == "chat" and re.match(rf"claude-{found[1]}-\d", m.id)]
    # Of one version the shortest id is the plain model; longer ones are variants (-fast, -1m) nobody asked for.
    newest = max(kin, key=lambda m: (m.enabled, m.claude_version, -len(m.id)), default=None)
    if newest and name.lower().endswith(_LONG):
        return models.get(newest.id + _LONG_VARIANT, newest)
    return newest


def _plain(name: str) -> str:
    return name.strip().lower().removesuffix(_LONG)


def _key(name: str) -> str:
    return name.lower().replace(".", "-")
