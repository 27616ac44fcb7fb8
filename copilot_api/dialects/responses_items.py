"""The output items of a Responses answer: what they hold, and the events that tell of them in a stream.

A message or reasoning is closed before anything else begins; calls may interleave, each is closed when its arguments are
whole and something else comes. Encoder and `collect` both draw what this module decides, so a stream and a whole answer
cannot differ. Source: client-apis §3.2, §3.3.
"""

from typing import Any, Literal, TypeAlias

from copilot_api.dialects.arguments import Scanner
from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Refused, Text, Thought, ToolInput, ToolOpened

Content: TypeAlias = Text | Thought | Refused | ToolOpened | ToolInput
_Status = Literal["completed", "incomplete"]
_PartKind = Literal["text", "refusal"]

_PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "compaction": "cmp",
    "tool_search_call": "tsc",
    "web_search_call": "ws",
}


def item_id(kind: str, answer: str, at: int) -> str:
    """The id of the item at output index `at` of the answer whose id ends in `answer`; clients know its kind by its prefix."""
    return f"{_PREFIXES.get(kind, 'item')}_{answer}_{at}"


class Items:
    """Turns content events into the stream's, without their numbers, and keeps the output that they add up to."""

    def __init__(self, answer: str) -> None:
        self._answer = answer
        self._items: list[_Message | _Reasoning | _Call] = []
        self._open: _Message | _Reasoning | None = None
        self._calls: dict[int, _Call] = {}
        self._parts: set[int] = set()
        self._seals: list[Thought] = []

    @property
    def output(self) -> list[Json]:
        """The items so far; one that is not closed is incomplete."""
        return [item.value() for item in self._items]

    def feed(self, event: Content) -> list[Json]:
        """The stream's events for `event`."""
        told: list[Json] = []
        if isinstance(event, Text):
            self._parts.add(event.part)
            self._message(told).say("text", event.part, event.text, told)
        elif isinstance(event, ToolInput):
            self._settle(told, but=event.index)
            if event.index in self._calls:
                told.append(self._calls[event.index].say(event.json))
        elif isinstance(event, ToolOpened):
            self._interrupt(told)
            self._calls[event.index] = call = _Call(*self._next(_kind(event)), event)
            told.append(self._begin(call))
        elif isinstance(event, Thought):
            self._thought(event, told)
        else:
            self._message(told).say("refusal", 0, event.text, told)
        return told

    def close(self, *, is_cut: bool) -> list[Json]:
        """The events that end the answer. `is_cut`: it was stopped in the middle of what is still open."""
        told: list[Json] = []
        self._shut(told, is_cut=is_cut)
        for call in self._calls.values():
            call.close(told, is_cut=is_cut)
        # Late seals are needed where the turn goes on; where it does not, clients take the last item for the answer.
        if any(isinstance(item, _Call) for item in self._items):
            for event in self._seals:
                self._sealed(event.signature, told)
        return told

    # What follows adds the events that it causes to `told`, in the order in which the client is to read them.

    def _thought(self, event: Thought, told: list[Json]) -> None:
        if event.redacted:
            self._interrupt(told)
            self._sealed(event.redacted, told)
        if event.text:
            self._parts.add(event.part)
            self._reasoning(event.part, told).say(event.text, told)
        if event.signature:
            self._seal(event, told)

    def _seal(self, event: Thought, told: list[Json]) -> None:
        if isinstance(self._open, _Reasoning) and self._open.part == event.part:
            self._open.encrypted = event.signature
            self._shut(told)
        elif event.part in self._parts:  # what it seals is closed; Chat, which numbers no parts, may even be in mid-text
            self._seals.append(event)
        else:
            self._interrupt(told)
            self._sealed(event.signature, told)

    def _sealed(self, encrypted: str, told: list[Json]) -> None:
        """Reasoning that shows nothing."""
        item = _Reasoning(*self._next("reasoning"), part=-1)
        told.append(self._begin(item))
        item.encrypted = encrypted
        item.close(told, is_cut=False)

    def _message(self, told: list[Json]) -> "_Message":
        if isinstance(self._open, _Message):
            return self._open
        self._interrupt(told)
        self._open = message = _Message(*self._next("message"))
        told.append(self._begin(message))
        return message

    def _reasoning(self, part: int, told: list[Json]) -> "_Reasoning":
        if isinstance(self._open, _Reasoning) and self._open.part == part:
            return self._open
        self._interrupt(told)
        self._open = reasoning = _Reasoning(*self._next("reasoning"), part=part)
        told.append(self._begin(reasoning))
        return reasoning

    def _next(self, kind: str) -> tuple[str, int]:
        return item_id(kind, self._answer, len(self._items)), len(self._items)

    def _begin(self, item: "_Message | _Reasoning | _Call") -> Json:
        self._items.append(item)
        added = item.value() | {"status": "in_progress"}
        return {"type": "response.output_item.added", "output_index": item.at, "item": added}

    def _interrupt(self, told: list[Json]) -> None:
        self._shut(told)
        self._settle(told)

    def _shut(self, told: list[Json], *, is_cut: bool = False) -> None:
        if self._open is not None:
            closing, self._open = self._open, None
            closing.close(told, is_cut=is_cut)

    def _settle(self, told: list[Json], *, but: int = -1) -> None:
        """Closes the calls whose arguments are whole. What a model adds to them is a repetition, which nobody misses."""
        for index in [index for index, call in self._calls.items() if call.is_whole and index != but]:
            self._calls.pop(index).close(told, is_cut=False)


class _Message:
    """What the model says, in parts."""

    def __init__(self, id_: str, at: int) -> None:
        self.id = id_
        self.at = at
        self._parts: list[_Part] = []
        self._status: _Status = "incomplete"

    def value(self) -> Json:
        content = [part.value() for part in self._parts]
        return {"type": "message", "id": self.id, "role": "assistant", "status": self._status, "content": content}

    def say(self, kind: _PartKind, number: int, text: str, told: list[Json]) -> None:
        if not self._parts or self._parts[-1].key != (kind, number):
            self._end_part(told)
            part = _Part(kind, number)
            self._parts.append(part)
            told.append(self._event("content_part.added", part=part.value()))
            part.delta = self._event(f"{part.field_}.delta", delta="", **part.extra)
        part = self._parts[-1]
        part.pieces.append(text)
        told.append(part.delta | {"delta": text})

    def close(self, told: list[Json], *, is_cut: bool) -> None:
        self._end_part(told)
        self._status = "incomplete" if is_cut else "completed"
        told.append(_done(self.at, self.value()))

    def _end_part(self, told: list[Json]) -> None:
        if self._parts:
            part = self._parts[-1]
            told.append(self._event(f"{part.field_}.done", **{part.kind: part.text}, **part.extra))
            told.append(self._event("content_part.done", part=part.value()))

    def _event(self, kind: str, **fields: Any) -> Json:
        return _event(kind, self.id, self.at, content_index=len(self._parts) - 1, **fields)


class _Part:
    """One part of a message: pieces of text, or of the words of a refusal."""

    def __init__(self, kind: _PartKind, number: int) -> None:
        self.kind = kind
        self.key = (kind, number)
        self.field_ = "output_text" if kind == "text" else "refusal"
        self.extra: Json = {"logprobs": []} if kind == "text" else {}
        self.delta: Json = {}
        """The event of a piece, which is the same for each but for the piece."""
        self.pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def value(self) -> Json:
        if self.kind == "refusal":
            return {"type": "refusal", "refusal": self.text}
        return {"type": "output_text", "text": self.text, "annotations": [], "logprobs": []}


class _Reasoning:
    """What the model thinks, as far as it shows it, and the seal with which it gets it back."""

    def __init__(self, id_: str, at: int, *, part: int) -> None:
        self.id = id_
        self.at = at
        self.part = part
        self.encrypted: str | None = None
        self._pieces: list[str] = []
        self._status: _Status = "incomplete"

    def value(self) -> Json:
        summary = [self._summary()] if self._pieces else []
        item = {"type": "reasoning", "id": self.id, "summary": summary, "encrypted_content": self.encrypted}
        return item | {"status": self._status}

    def say(self, text: str, told: list[Json]) -> None:
        if not self._pieces:
            told.append(self._event("reasoning_summary_part.added", part=self._summary()))
        self._pieces.append(text)
        told.append(self._event("reasoning_summary_text.delta", delta=text))

    def close(self, told: list[Json], *, is_cut: bool) -> None:
        if self._pieces:
            summary = self._summary()
            told.append(self._event("reasoning_summary_text.done", text=summary["text"]))
            told.append(self._event("reasoning_summary_part.done", part=summary))
        self._status = "incomplete" if is_cut else "completed"
        told.append(_done(self.at, self.value()))

    def _summary(self) -> Json:
        return {"type": "summary_text", "text": "".join(self._pieces)}

    def _event(self, kind: str, **fields: Any) -> Json:
        return _event(kind, self.id, self.at, summary_index=0, **fields)


class _Call:
    """A call of a function, or of a tool that takes free text."""

    def __init__(self, id_: str, at: int, opened: ToolOpened) -> None:
        self.id = id_
        self.at = at
        self._opened = opened
        self._field = "input" if opened.custom else "arguments"
        self._stem = "custom_tool_call_input" if opened.custom else "function_call_arguments"
        self._pieces: list[str] = []
        self._scanner = Scanner()
        self._status: _Status = "incomplete"

    @property
    def is_whole(self) -> bool:
        """Whether the arguments are an object that is complete; free text never tells."""
        return self._scanner.is_complete and not self._opened.custom

    def value(self) -> Json:
        call = {"type": _kind(self._opened), "id": self.id, "call_id": self._opened.id, "name": self._opened.name}
        namespace = {"namespace": self._opened.namespace} if self._opened.namespace else {}
        return call | namespace | {self._field: "".join(self._pieces), "status": self._status}

    def say(self, text: str) -> Json:
        self._scanner.feed(text)
        self._pieces.append(text)
        return _event(f"{self._stem}.delta", self.id, self.at, delta=text)

    def close(self, told: list[Json], *, is_cut: bool) -> None:
        is_cut = is_cut and not self.is_whole
        if not self._pieces and not is_cut and not self._opened.custom:
            told.append(self.say("{}"))  # clients read arguments as JSON, also those of a tool that takes none
        self._status = "incomplete" if is_cut else "completed"
        value = self.value()
        named = {} if self._opened.custom else {"name": self._opened.name}
        told.append(_event(f"{self._stem}.done", self.id, self.at, **{self._field: value[self._field]}, **named))
        told.append(_done(self.at, value))


def _kind(opened: ToolOpened) -> str:
    return "custom_tool_call" if opened.custom else "function_call"


def _event(kind: str, id_: str, at: int, **fields: Any) -> Json:
    return {"type": f"response.{kind}", "item_id": id_, "output_index": at} | fields


def _done(at: int, item: Json) -> Json:
    return {"type": "response.output_item.done", "output_index": at, "item": item}
