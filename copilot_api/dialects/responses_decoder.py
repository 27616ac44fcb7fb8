"""Reading OpenAI Responses as Copilot sends them: whole answers and streams. Source: copilot-upstream §4.3, §4.4.

Copilot gives an item another id in every event, so items are told apart by `output_index`. A text may come in pieces, as a
whole when it is done, or only with its finished item; whatever was not said yet is said then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from copilot_api.dialects import kinds
from copilot_api.dialects.arguments import Scanner
from copilot_api.dialects.codec import Json, dumps_text, loads
from copilot_api.dialects.events import (
    Closed,
    Counted,
    Event,
    Failed,
    Opened,
    Reason,
    Refused,
    Text,
    Thought,
    ToolInput,
    ToolOpened,
)
from copilot_api.dialects.read import amount, number, obj, objs, string
from copilot_api.dialects.sse import Sse
from copilot_api.dialects.weight import BLOCK, PIECE, Weight
from copilot_api.errors import CopilotApiError, UpstreamBroke, UpstreamRefused

CUT_SHORT = "The answer from Copilot ended before it was complete"
ENDINGS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})

_Kind = Literal["text", "refusal", "summary", "reasoning", "input"]

# What a piece of text belongs to, the field that numbers it within its item, and the field that holds it.
_PIECES: dict[str, tuple[_Kind, str, str]] = {
    "response.output_text.delta": ("text", "content_index", "delta"),
    "response.refusal.delta": ("refusal", "content_index", "delta"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "delta"),
    "response.reasoning_text.delta": ("reasoning", "content_index", "delta"),
    "response.function_call_arguments.delta": ("input", "", "delta"),
    "response.custom_tool_call_input.delta": ("input", "", "delta"),
}
_WHOLES: dict[str, tuple[_Kind, str, str]] = {
    "response.output_text.done": ("text", "content_index", "text"),
    "response.refusal.done": ("refusal", "content_index", "refusal"),
    "response.reasoning_summary_text.done": ("summary", "summary_index", "text"),
    "response.reasoning_text.done": ("reasoning", "content_index", "text"),
    "response.function_call_arguments.done": ("input", "", "arguments"),
    "response.custom_tool_call_input.done": ("input", "", "input"),
}
_INPUTS = {"function_call": "arguments", "custom_tool_call": "input"}
_INCOMPLETE: dict[str, Reason] = {"content_filter": "refusal"}


def whole(answer: Json) -> Iterator[Event]:
    """A complete answer as events."""
    yield Opened(id=string(answer.get("id")), model=string(answer.get("model")))
    items = _Items()
    for at, item in enumerate(objs(answer.get("output"))):
        yield from items.done(at, item)
    if counted := counted_in(answer):
        yield counted
    yield _ending(answer, has_calls=items.calls > 0)


class Decoder:
    """Copilot's stream as events."""

    def __init__(self) -> None:
        self.finished = False
        self._opened = False
        self._ended = False
        self._items = _Items()
        self._scanners: dict[int, Scanner] = {}

    def feed(self, sse: Sse) -> list[Event]:
        """The events in one frame. `finished` turns true with the event that says how the answer ended."""
        if self._ended or not sse.data or sse.data == b"[DONE]":  # Copilot may append the end mark of another dialect
            return []
        try:
            data = obj(loads(sse.data))
        except ValueError:
            return self._fail(UpstreamBroke("Copilot sent an event that is not JSON"))
        kind = str(data.get("type") or sse.event)
        if kind == "error":
            return self._fail(problem_in(data))
        if self._opened or not kind.startswith("response."):
            return self._read(kind, data)
        self._opened = True
        response = obj(data.get("response"))
        return [Opened(id=string(response.get("id")), model=string(response.get("model"))), *self._read(kind, data)]

    def close(self) -> list[Event]:
        """The end of the bytes: an answer that was not said to be complete failed."""
        return [] if self._ended else self._fail(UpstreamBroke(CUT_SHORT))

    def _read(self, kind: str, data: Json) -> list[Event]:
        at = number(data.get("output_index"))
        if kind in _PIECES:
            which, place, held = _PIECES[kind]
            piece = string(data.get(held))
            if kind == "response.function_call_arguments.delta" and self._is_runaway(at, piece):
                return self._fail(UpstreamBroke("The model wrote nothing but blanks into a tool call"))
            return self._items.say(at, which, number(data.get(place)), piece)
        if kind in _WHOLES:
            which, place, held = _WHOLES[kind]
            return self._items.say_rest(at, which, number(data.get(place)), string(data.get(held)))
        if kind == "response.output_item.added":
            return list(self._items.added(at, obj(data.get("item"))))
        if kind == "response.output_item.done":
            return list(self._items.done(at, obj(data.get("item"))))
        return list(self._end(kind, data)) if kind in ENDINGS else []

    def _end(self, kind: str, data: Json) -> Iterator[Event]:
        response = obj(data.get("response")) | {"status": kind.removeprefix("response.")}
        yield from self._items.rest(objs(response.get("output")))
        if counted := counted_in(data):
            yield counted
        self._ended = True
        ending = _ending(response, has_calls=self._items.calls > 0)
        self.finished = isinstance(ending, Closed)
        yield ending

    def _is_runaway(self, at: int, piece: str) -> bool:
        scanner = self._scanners.setdefault(at, Scanner())
        scanner.feed(piece)
        return scanner.is_runaway

    def _fail(self, problem: CopilotApiError) -> list[Event]:
        self._ended = True
        return [Failed(problem=problem)]


@dataclass(slots=True)
class _Item:
    """One item under way: how much of each of its texts was said, the number of its call, and whether it is done."""

    said: dict[tuple[_Kind, int], int] = field(default_factory=dict)
    call: int | None = None
    is_done: bool = False


class _Items:
    """The items of one answer by output index, as events. Texts and reasoning are numbered as they first appear."""

    def __init__(self) -> None:
        self.calls = 0
        self._items: dict[int, _Item] = {}
        self._weight = Weight()
        self._texts: dict[tuple[int, int], int] = {}
        self._thoughts: dict[int, int] = {}

    def added(self, at: int, item: Json) -> Iterator[Event]:
        """An item that has begun. A call opens as soon as its id and its name are known."""
        state = self._at(at)
        if item.get("call_id"):
            yield from self._open(state, item)

    def done(self, at: int, item: Json) -> Iterator[Event]:
        """An item that is complete: whatever of it was not said yet. Kinds that no other dialect knows say nothing."""
        state = self._at(at)
        if state.is_done:
            return
        state.is_done = True
        match item.get("type"):
            case "message":
                for place, part in enumerate(objs(item.get("content"))):
                    yield from self.say_rest(at, "text", place, string(part.get("text")))
                    yield from self.say_rest(at, "refusal", place, string(part.get("refusal")))
            case "reasoning":
                yield from self._reasoning(at, item)
            case "function_call" | "custom_tool_call" as kind:
                yield from self._open(state, item)
                yield from self.say_rest(at, "input", 0, string(item.get(_INPUTS[kind])))
            case _:
                pass

    def rest(self, output: list[Json]) -> Iterator[Event]:
        """The output of the whole answer, for what no event told of."""
        places = sorted(self._items) or list(range(len(output)))
        if len(places) == len(output):  # otherwise nobody knows which is which
            for at, item in zip(places, output, strict=True):
                yield from self.done(at, item)

    def say(self, at: int, kind: _Kind, place: int, text: str) -> list[Event]:
        """A piece of a text."""
        item = self._at(at)
        if not text or (kind == "input" and item.call is None):  # an unopened call says all when it is done
            return []
        key = (kind, place)
        said = item.said.get(key, 0)
        if not said:
            self._weight.add(PIECE)
        item.said[key] = said + len(text)
        match kind:
            case "text":
                return [Text(text=text, part=self._texts.setdefault((at, place), len(self._texts)))]
            case "refusal":
                return [Refused(text=text)]
            case "input":
                return [ToolInput(index=item.call or 0, json=text)]
            case _:
                begins_anew = not said and len(item.said) > 1
                return [Thought(text=f"\n\n{text}" if begins_anew else text, part=self._part(at))]

    def say_rest(self, at: int, kind: _Kind, place: int, text: str) -> list[Event]:
        """What of a complete text was not said in pieces."""
        said = self._items[at].said.get((kind, place), 0) if at in self._items else 0
        return self.say(at, kind, place, text[said:])

    def _reasoning(self, at: int, item: Json) -> Iterator[Event]:
        for place, part in enumerate(objs(item.get("summary"))):
            yield from self.say_rest(at, "summary", place, string(part.get("text")))
        for place, part in enumerate(objs(item.get("content"))):
            yield from self.say_rest(at, "reasoning", place, string(part.get("text")))
        if encrypted := string(item.get("encrypted_content")):
            yield Thought(signature=signature(string(item.get("id")), encrypted), part=self._part(at))

    def _at(self, at: int) -> _Item:
        item = self._items.get(at)
        if item is None:
            self._weight.add(BLOCK)
            item = self._items[at] = _Item()
        return item

    def _part(self, at: int) -> int:
        return self._thoughts.setdefault(at, len(self._thoughts))

    def _open(self, item: _Item, call: Json) -> Iterator[Event]:
        name = string(call.get("name"))
        if item.call is not None or not name:
            return
        item.call, self.calls = self.calls, self.calls + 1
        yield ToolOpened(
            index=item.call,
            id=string(call.get("call_id")) or string(call.get("id")),
            name=name,
            custom=call.get("type") == "custom_tool_call",
            namespace=string(call.get("namespace")),
        )


def signature(item_id: str, encrypted: str) -> str:
    """What seals reasoning: its encrypted text with the id of its item, to which Copilot's backends may hold it."""
    return dumps_text({"id": item_id, "e": encrypted})


def counted_in(data: Json) -> Counted | None:
    """The usage that a whole answer or the last event of a stream reports, if it does."""
    usage = (obj(data.get("response")) or data).get("usage")
    if not isinstance(usage, dict):
        return None
    prompt, output = obj(usage.get("input_tokens_details")), obj(usage.get("output_tokens_details"))
    return Counted(
        prompt=amount(usage.get("input_tokens")),
        output=amount(usage.get("output_tokens")),
        cached=amount(prompt.get("cached_tokens")),
        cache_write=amount(prompt.get("cache_write_tokens")),
        reasoning=amount(output.get("reasoning_tokens")),
        nano_aiu=amount(obj(data.get("copilot_usage")).get("total_nano_aiu")),
    )


def problem_in(data: Json) -> CopilotApiError:
    """The failure that an `error` event or a failed response tells of; events hold it flat or in an object."""
    nested = data.get("error")
    failure = nested if isinstance(nested, dict) else {"message": nested} if nested else data
    message = string(failure.get("message")) or "Copilot reported an error in the middle of its answer"
    code = string(failure.get("code")) or (string(failure.get("type")) if failure is not data else "")
    kind = "context_overflow" if kinds.is_context_overflow(message) else kinds.of_code(code)
    if kind is None and any(report.get("blocked") for report in objs(data.get("content_filters"))):
        kind = "content_filter"
    return UpstreamRefused(message, status=502, kind=kind or "server", code=code, param=string(failure.get("param")))


def _ending(response: Json, *, has_calls: bool) -> Event:
    match response.get("status"):
        case "completed":
            return Closed(reason="tool_use" if has_calls else "stop")
        case "incomplete":
            return Closed(reason=_INCOMPLETE.get(string(obj(response.get("incomplete_details")).get("reason")), "length"))
        case "failed" | "cancelled":
            return Failed(problem=problem_in(response))
        case _:
            return Failed(problem=UpstreamBroke(CUT_SHORT))
