"""The order of Anthropic's content blocks: one open at a time, none opened twice.

Copilot's other endpoints interleave parallel tool calls and send signatures late; here each block waits for its turn.
Encoder and `collect` both draw what this module decides, so a stream and a whole answer cannot differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from copilot_api.dialects.arguments import Scanner
from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Refused, Text, Thought, ToolInput, ToolOpened

# The type of the block in which each kind of content stands.
_TYPES = {"text": "text", "refusal": "text", "thinking": "thinking", "tool": "tool_use"}

Content = Text | Thought | Refused | ToolOpened | ToolInput


@dataclass(slots=True)
class Step:
    """One move: `start` opens block `index` with the value of its first event, `delta` adds to it, `stop` closes it."""

    kind: Final[Literal["start", "delta", "stop"]]
    index: Final[int]
    value: Final[Json]


class Blocks:
    """Turns content events into steps."""

    def __init__(self) -> None:
        self._index = -1
        self._open: tuple[str, int] | None = None
        self._scanner = Scanner()
        self._held: dict[int, _HeldTool] = {}
        self._late: list[Text | Thought | Refused] = []
        self._seals: list[Thought] = []
        self._waiting: list[Thought] = []
        self._newest_thought = -1
        self._has_tools = False

    @property
    def open_block(self) -> tuple[int, str] | None:
        """Index and type of the block that more may be added to, if there is one."""
        return None if self._open is None else (self._index, _TYPES[self._open[0]])

    def feed(self, event: Content) -> list[Step]:
        """The steps that `event` causes now; some content waits for a later event or for `close`."""
        if isinstance(event, ToolInput):
            return self._tool_input(event)
        if isinstance(event, ToolOpened):
            return self._tool_opened(event)
        if self._tool_is_busy:
            self._late.append(event)
            return []
        if isinstance(event, Text):
            return self._text(event.text, ("text", event.part))
        if isinstance(event, Thought):
            return list(self._thought(event))
        return self._text(event.text, ("refusal", 0))

    def close(self) -> Iterator[Step]:
        """The steps that end the answer: everything that waited, in order."""
        yield from self._stop()
        for index in list(self._held):
            yield from self._release(index)
            yield from self._stop()
        while self._late:
            late, self._late = self._late, []
            for event in late:
                yield from self.feed(event)
            yield from self._stop()
        # A turn with calls goes on, and needs its seals; from any other, clients take what stands in the last block.
        seals, self._waiting = [*self._waiting, *self._seals], []
        if self._has_tools:
            yield from self._sealed(seals)

    def _sealed(self, seals: list[Thought]) -> Iterator[Step]:
        """Signatures without words, each in a block of its own."""
        yield from self._stop()
        for event in seals:
            yield from self._begin(("thinking", event.part), {"type": "thinking", "thinking": "", "signature": ""})
            yield self._delta({"type": "signature_delta", "signature": event.signature})
            yield from self._stop()
            self._newest_thought = event.part

    @property
    def _tool_is_busy(self) -> bool:
        return self._open is not None and self._open[0] == "tool" and not self._scanner.is_complete

    def _text(self, text: str, key: tuple[str, int]) -> list[Step]:
        steps = [] if self._open == key else list(self._begin(key, {"type": "text", "text": ""}))
        steps.append(self._delta({"type": "text_delta", "text": text}))
        return steps

    def _thought(self, event: Thought) -> Iterator[Step]:
        key = ("thinking", event.part)
        if event.redacted:
            yield from self._begin(key, {"type": "redacted_thinking", "data": event.redacted})
            yield from self._stop()
            return
        if event.signature and self._open != key:
            # Of a part that was told already it comes late; of a new one it waits for what that reasoning led to.
            (self._seals if event.part <= self._newest_thought else self._waiting).append(event)
            return
        self._newest_thought = event.part
        if self._open != key:
            yield from self._begin(key, {"type": "thinking", "thinking": "", "signature": ""})
        if event.text:
            yield self._delta({"type": "thinking_delta", "thinking": event.text})
        if event.signature:
            yield self._delta({"type": "signature_delta", "signature": event.signature})
            yield from self._stop()

    def _tool_opened(self, event: ToolOpened) -> list[Step]:
        if self._tool_is_busy:
            self._held[event.index] = _HeldTool(event)
            return []
        return list(self._begin_tool(event))

    def _tool_input(self, event: ToolInput) -> list[Step]:
        steps: list[Step] = []
        if self._open == ("tool", event.index):
            self._scanner.feed(event.json)
            steps.append(self._delta({"type": "input_json_delta", "partial_json": event.json}))
            while self._held and not self._tool_is_busy:
                steps += self._release(next(iter(self._held)))
        elif event.index in self._held:
            self._held[event.index].pieces.append(event.json)
        return steps

    def _release(self, index: int) -> Iterator[Step]:
        held = self._held.pop(index)
        yield from self._begin_tool(held.opened)
        if json := "".join(held.pieces):
            self._scanner.feed(json)
            yield self._delta({"type": "input_json_delta", "partial_json": json})

    def _begin_tool(self, event: ToolOpened) -> Iterator[Step]:
        self._has_tools = True
        block = {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}
        yield from self._begin(("tool", event.index), block)
        self._scanner = Scanner()

    def _begin(self, key: tuple[str, int], block: Json) -> Iterator[Step]:
        waiting, self._waiting = self._waiting, []
        yield from self._sealed(waiting)
        self._index += 1
        self._open = key
        yield Step("start", self._index, block)

    def _delta(self, delta: Json) -> Step:
        return Step("delta", self._index, delta)

    def _stop(self) -> Iterator[Step]:
        if self._open is not None:
            self._open = None
            yield Step("stop", self._index, {})


class _HeldTool:
    """A call that another one is in the way of."""

    def __init__(self, opened: ToolOpened) -> None:
        self.opened = opened
        self.pieces: list[str] = []
