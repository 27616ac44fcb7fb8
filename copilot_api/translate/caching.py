"""Prompt cache marks: where Claude may stop and remember. A lost mark can multiply a bill by ten.

Messages puts `cache_control` on blocks, Copilot's chat `copilot_cache_control` on messages (copilot-upstream §3.1, §6.1).
"""

import hashlib
from collections.abc import Iterable, Sequence

from copilot_api.dialects.codec import Json
from copilot_api.translate.fields import Fields

MOST_MARKS = 4
LONGEST_KEY = 64
_KEYS = ("cache_control", "copilot_cache_control")


def short_key(key: str) -> str:
    """A key that OpenAI takes, for a user or a cache: of a longer one a hash, which tells apart as well."""
    return key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def take_mark(fields: Fields) -> bool:
    """Whether the client marked this object. Of the mark itself only that it is there can be carried."""
    marked = False
    for key in _KEYS:
        if isinstance(fields.peek(key), dict):
            fields.object(key).take("type")
            marked = True
    return marked


def on_message(*, marked: bool) -> Json:
    """The fields that mark a chat message."""
    return {"copilot_cache_control": {"type": "ephemeral"}} if marked else {}


def on_block(*, marked: bool) -> Json:
    """The fields that mark a Messages block or tool."""
    return {"cache_control": {"type": "ephemeral"}} if marked else {}


def without_marks(parts: Sequence[Json]) -> tuple[list[Json], bool]:
    """`parts` without their marks, and whether one of them had one."""
    plain = [{key: value for key, value in part.items() if key not in _KEYS} for part in parts]
    return plain, plain != list(parts)


def keep_newest(blocks: Iterable[Json]) -> bool:
    """Takes marks off the first of `blocks` until upstream accepts their number; returns whether there were too many."""
    marked = [block for block in blocks if "cache_control" in block]
    surplus = marked[:-MOST_MARKS]
    for block in surplus:
        del block["cache_control"]
    return bool(surplus)


def add_marks(system: list[Json], messages: list[Json]) -> None:
    """Marks the end of the system prompt and of the two newest user turns.

    An OpenAI client cannot mark anything, because its models need no marks; without them Claude would cache nothing.
    """
    turns = [message["content"] for message in messages if message["role"] == "user"]
    for blocks in (system, *turns[-2:]):
        if blocks:
            blocks[-1].update(on_block(marked=True))


def mark_turns(messages: list[Json]) -> None:
    """`add_marks` for chat messages: at the system prompt, and where the two newest turns end that are not the assistant's."""
    roles = [message["role"] for message in messages]
    ends = [at for at, role in enumerate(roles) if role != "assistant" and roles[at + 1 : at + 2] in ([], ["assistant"])]
    for at in (*([0] if roles[:1] == ["system"] else []), *ends[-2:]):
        messages[at].update(on_message(marked=True))
