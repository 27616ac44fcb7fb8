"""Reading Chat Completions as Copilot sends them: whole answers and streams. Source: copilot-upstream §3.2, §3.3."""

import re
from collections.abc import Iterator
from typing import Any

from copilot_api.dialects import kinds
from copilot_api.dialects.arguments import Scanner
from copilot_api.dialects.codec import Json, loads
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
from copilot_api.dialects.read import amount, obj, objs, string
from copilot_api.dialects.sse import Sse
from copilot_api.dialects.weight import BLOCK, PIECE, Weight
from copilot_api.errors import CopilotApiError, UpstreamBroke, UpstreamRefused

CUT_SHORT = "The answer from Copilot ended before it was complete"
REPORTED = "Copilot reported an error instead of an end"
RUNAWAY = "The model wrote nothing but blanks into a tool call"

_THOUGHTS = ("reasoning_text", "reasoning_content", "cot_summary")
_REASONS: dict[str, Reason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def whole(answer: Json) -> Iterator[Event]:
    """A complete answer as events. Claude's answers come split over several choices; they are one answer."""
    yield Opened(id=string(answer.get("id")), model=string(answer.get("model")))
    messages = [obj(choice.get("message")) for choice in objs(answer.get("choices"))]
    for message in messages:
        if thought := thought_in(message):
            yield Thought(text=thought)
    if opaque := next((m["reasoning_opaque"] for m in messages if string(m.get("reasoning_opaque"))), ""):
        yield Thought(signature=opaque)
    for message in messages:
        if text := _content(message.get("content")):
            yield Text(text=text)
        if refusal := string(message.get("refusal")):
            yield Refused(text=refusal)
    calls = [call for message in messages for call in objs(message.get("tool_calls"))]
    for index, call in enumerate(calls):
        function = obj(call.get("function"))
        yield ToolOpened(index=index, id=string(call.get("id")) or _minted(answer, index), name=string(function.get("name")))
        yield ToolInput(index=index, json=string(function.get("arguments")))
    if counted := counted_in(answer):
        yield counted
    finishes = [finish for choice in objs(answer.get("choices")) if (finish := string(choice.get("finish_reason")))]
    yield _ending(finishes[-1] if finishes else None, has_tools=bool(calls))


class Decoder:
    """Copilot's stream as events, whatever variant of a chunk it sends (copilot-upstream §3.3)."""

    def __init__(self) -> None:
        self._opened = False
        self._ended = False
        self._finish: str | None = None
        self._counted: Counted | None = None
        self._first: Json = {}
        self._calls: list[_Call] = []
        self._weight = Weight()
        self._at: dict[tuple[str, str], _Call] = {}

    @property
    def finished(self) -> bool:
        """Whether the finish reason was seen: only usage and the end mark may follow."""
        return self._finish is not None

    def feed(self, sse: Sse) -> list[Event]:
        """The events in one frame."""
        if self._ended or not sse.data:
            return []
        if sse.data == b"[DONE]":
            return self.close()
        try:
            chunk = loads(sse.data)
        except ValueError:
            return self._fail(UpstreamBroke("Copilot sent a chunk that is not JSON"))
        return self._read(chunk) if isinstance(chunk, dict) else []

    def close(self) -> list[Event]:
        """The end of the bytes: the answer is complete if its finish reason was seen, otherwise it failed."""
        if self._ended:
            return []
        last: list[Event] = []
        for call in self._calls:
            last += call.open(_minted(self._first, call.index), force=True)
        if self._finish is None:
            return last + self._fail(UpstreamBroke(CUT_SHORT))
        self._ended = True
        if self._counted:
            last.append(self._counted)
        last.append(_ending(self._finish, has_tools=bool(self._calls)))
        return last

    def _read(self, chunk: Json) -> list[Event]:
        if problem := problem_in(chunk):
            return self._fail(problem)
        self._counted = counted_in(chunk) or self._counted
        choices = objs(chunk.get("choices"))
        told: list[Event] = []
        if not self._opened and (choices or chunk.get("id")):
            self._opened, self._first = True, chunk
            told.append(Opened(id=string(chunk.get("id")), model=string(chunk.get("model"))))
        for choice in choices:
            self._delta(choice.get("index"), obj(choice.get("delta")), told)
            if self._ended:
                break
            self._finish = string(choice.get("finish_reason")) or self._finish
        return told

    def _delta(self, choice: Any, delta: Json, told: list[Event]) -> None:
        if thought := thought_in(delta):
            told.append(Thought(text=thought))
        if opaque := string(delta.get("reasoning_opaque")):
            told.append(Thought(signature=opaque))
        if text := _content(delta.get("content")):
            told.append(Text(text=text))
        if refusal := string(delta.get("refusal")):
            told.append(Refused(text=refusal))
        if calls := delta.get("tool_calls"):
            for piece in objs(calls):
                told += self._call(choice, piece)

    def _call(self, choice: Any, piece: Json) -> list[Event]:
        """One piece of a call. Claude numbers calls within a choice; Gemini leaves the number out; a new id is a new call."""
        key = (str(choice), str(piece.get("index")))
        call = self._at.get(key)
        id_ = string(piece.get("id"))
        if call is None or (id_ and call.id and id_ != call.id):
            self._weight.add(BLOCK)
            call = self._at[key] = _Call(len(self._calls))
            self._calls.append(call)
        function = obj(piece.get("function"))
        call.id = call.id or id_
        call.name = call.name or string(function.get("name"))
        arguments = string(function.get("arguments"))
        if not call.name:
            self._weight.add(PIECE + len(arguments))
        told = call.take(arguments)
        return told + self._fail(UpstreamBroke(RUNAWAY)) if call.scanner.is_runaway else told

    def _fail(self, problem: CopilotApiError) -> list[Event]:
        self._ended = True
        return [Failed(problem=problem)]


class _Call:
    """One tool call under way. It opens when both its id and its name are known; what came before is held."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.scanner = Scanner()
        self._held: list[str] = []
        self._is_open = False

    def take(self, arguments: str) -> list[Event]:
        if arguments:
            self.scanner.feed(arguments)
            self._held.append(arguments)
        return self.open(self.id, force=False)

    def open(self, id_: str, *, force: bool) -> list[Event]:
        told: list[Event] = []
        if not self._is_open and ((self.id and self.name) or (force and self.name)):
            self._is_open = True
            told.append(ToolOpened(index=self.index, id=self.id or id_, name=self.name))
        if self._is_open and self._held:
            told.append(ToolInput(index=self.index, json="".join(self._held)))
            self._held.clear()
        return told


def _ending(finish: str | None, *, has_tools: bool) -> Event:
    """`stop` after tool calls happens; a client that believes it never runs them. `error` and nothing at all are failures."""
    if finish is None or finish == "error":
        return Failed(problem=UpstreamBroke(CUT_SHORT if finish is None else REPORTED))
    reason = _REASONS.get(finish, "stop")
    return Closed(reason="tool_use" if has_tools and reason == "stop" else reason)


def problem_in(chunk: Json) -> CopilotApiError | None:
    """The failure that a chunk tells of, in either of Copilot's two forms."""
    # Asked of each chunk. Compiled, a call of `get` costs what five questions with `in` do.
    if "error" not in chunk and "copilot_errors" not in chunk:
        return None
    failure = chunk.get("error")
    if not failure and (reported := chunk.get("copilot_errors")):
        failure = next(iter(objs(reported)), None)
    if not failure:
        return None
    if not isinstance(failure, dict):
        return UpstreamRefused(str(failure), status=502)
    message = string(failure.get("message")) or "Copilot reported an error in the middle of its answer"
    code = string(failure.get("code")) or string(failure.get("type"))
    return UpstreamRefused(message, status=502, kind=kinds.of_code(code) or "server", code=code)


def counted_in(chunk: Json) -> Counted | None:
    """The usage that an answer or a chunk reports, if it does."""
    if "usage" not in chunk:  # as above
        return None
    reported = chunk["usage"]
    if not isinstance(reported, dict):
        return None
    prompt, output = obj(reported.get("prompt_tokens_details")), obj(reported.get("completion_tokens_details"))
    return Counted(
        prompt=amount(reported.get("prompt_tokens")),
        output=amount(reported.get("completion_tokens")),
        cached=amount(prompt.get("cached_tokens")),
        cache_write=amount(prompt.get("cache_write_tokens") or prompt.get("cache_creation_input_tokens")),
        reasoning=amount(output.get("reasoning_tokens")),
        nano_aiu=amount(obj(chunk.get("copilot_usage")).get("total_nano_aiu")),
    )


def _minted(answer: Json, index: int) -> str:
    return f"call_{re.sub(r'[^a-zA-Z0-9]', '', string(answer.get('id')))[-24:]}{index}"


def thought_in(message: Json) -> str:
    """Visible reasoning under its present and its former names."""
    for name in _THOUGHTS:
        if name in message and (thought := string(message[name])):
            return thought
    return ""


def _content(content: Any) -> str:
    return content if isinstance(content, str) else "".join(string(part.get("text")) for part in objs(content))
