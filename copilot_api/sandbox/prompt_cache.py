"""The upstream prompt cache, simulated: a prefix that was marked before is read from it, a newly marked one is written to it.

As in the real one, a prefix shorter than 1,024 tokens is not kept. OpenAI's models need no marker.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.models import Model
from copilot_api.sandbox import estimate
from copilot_api.sandbox.strict import structure

LEAST_TOKENS = 1024
MOST_PREFIXES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A piece of a prompt, in order: its bytes, its tokens, and whether the prefix that ends with it is to be kept."""

    data: bytes
    tokens: int
    marked: bool = False


class PromptCache:
    """Remembers digests of prefixes, nothing else."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def measure(self, units: Iterable[Unit]) -> tuple[int, int]:
        """How many tokens of this prompt are read from the cache, and how many are written to it."""
        digest = hashlib.sha256()
        total, read, kept = 0, 0, 0
        prefixes: list[bytes] = []
        count_kept = 0
        for unit in units:
            digest.update(unit.data)
            total += unit.tokens
            prefixes.append(digest.digest())
            if prefixes[-1] in self._known:
                read = total
            if unit.marked and total >= LEAST_TOKENS:
                kept, count_kept = total, len(prefixes)
        if len(self._known) > MOST_PREFIXES:
            self._known.clear()
        self._known.update(prefixes[:count_kept])
        return (read, max(0, kept - read)) if read >= LEAST_TOKENS else (0, kept)


def units_of_messages(body: Json) -> Iterator[Unit]:
    """The prompt of a /v1/messages request: tools, system, turns, in the order in which the real one caches."""
    for tool in structure.objects(body, "tools"):
        yield _unit(tool, "cache_control")
    system = body.get("system") or []
    for block in [{"type": "text", "text": system}] if isinstance(system, str) else system:
        yield _unit(block, "cache_control")
    for message in body["messages"]:
        for block in structure.blocks(message):
            yield _unit({"role": message["role"]} | block, "cache_control")


def units_of_chat(body: Json, model: Model) -> Iterator[Unit]:
    """The prompt of a /chat/completions request. OpenAI caches by itself, Claude after `copilot_cache_control`."""
    for tool in structure.objects(body, "tools"):
        yield _unit(tool, "")
    for message in body["messages"]:
        unit = _unit(message, "copilot_cache_control")
        yield unit if model.is_claude else Unit(data=unit.data, tokens=unit.tokens, marked=True)


def units_of_responses(body: Json) -> Iterator[Unit]:
    """The prompt of a /responses request, which is cached by itself."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    instructions = {"instructions": body.get("instructions")}
    for value in (*structure.objects(body, "tools"), instructions, *items):
        unit = _unit(value, "")
        yield Unit(data=unit.data, tokens=unit.tokens, marked=True)


def _unit(value: Json, mark: str) -> Unit:
    plain = {k: v for k, v in value.items() if k != mark}
    return Unit(data=dumps(plain), tokens=estimate.prompt_tokens(plain), marked=value.get(mark) is not None)
