"""Reading Anthropic Messages as Copilot sends them: whole answers, streams, and streams put together again.

Source: copilot-upstream §6.3, and Anthropic's streaming reference for the event order.
"""

from collections.abc import Iterator
from copy import deepcopy

from copilot_api.dialects import kinds
from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json, dumps_text, loads
from copilot_api.dialects.events import (
    Closed,
    Counted,
    Event,
    Failed,
    Opened,
    Reason,
    Text,
    Thought,
    ToolInput,
    ToolOpened,
)
from copilot_api.dialects.read import amount, number, obj, objs, string
from copilot_api.dialects.sse import Sse
from copilot_api.dialects.weight import BLOCK, PART, PIECE, Weight
from copilot_api.errors import CopilotApiError, UpstreamBroke, UpstreamRefused

CUT_SHORT = "The answer from Copilot ended before it was complete"

_REASONS: dict[str, Reason] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "max_tokens": "length",
    "model_context_window_exceeded": "context_window",
    "pause_turn": "pause",
    "refusal": "refusal",
}


def whole(answer: Json) -> Iterator[Event]:
    """A complete answer as events."""
    yield Opened(id=string(answer.get("id")), model=string(answer.get("model")))
    tools = 0
    for part, block in enumerate(objs(answer.get("content"))):
        match block.get("type"):
            case "text" if block.get("text"):
                yield Text(text=string(block.get("text")), part=part)
            case "thinking":
                yield from _thinking(block, part)
            case "redacted_thinking":
                yield Thought(redacted=string(block.get("data")), part=part)
            case "tool_use":
                yield ToolOpened(index=tools, id=string(block.get("id")), name=string(block.get("name")))
                yield ToolInput(index=tools, json=dumps_text(block.get("input") or {}))
                tools += 1
            case _:
                pass
    yield counted_in(answer)
    yield _ending(string(answer.get("stop_reason")), answer.get("stop_sequence"))


class Decoder:
    """Copilot's stream as events."""

    def __init__(self) -> None:
        self._ended = False
        self._usage: Json = {}
        self._reason: str | None = None
        self._stop_sequence: str | None = None
        self._cost: Json = {}
        self._tools: dict[int, _Tool] = {}

    @property
    def finished(self) -> bool:
        """Whether the stop reason was seen: only the end mark may follow."""
        return self._reason is not None

    def feed(self, sse: Sse) -> list[Event]:
        """The events in one frame."""
        if self._ended or not sse.data or sse.data == b"[DONE]":  # Copilot appends OpenAI's end mark
            return []
        try:
            data = obj(loads(sse.data))
        except ValueError:
            return self._fail(UpstreamBroke("Copilot sent an event that is not JSON"))
        match data.get("type") or sse.event:
            case "content_block_delta":
                return self._delta(number(data.get("index")), obj(data.get("delta")))
            case "content_block_start":
                return list(self._start(number(data.get("index")), obj(data.get("content_block"))))
            case "content_block_stop":
                return self._stop(number(data.get("index")))
            case "message_start":
                message = obj(data.get("message"))
                self._usage |= obj(message.get("usage"))
                return [Opened(id=string(message.get("id")), model=string(message.get("model")))]
            case "message_delta":
                self._note_end(data)
            case "message_stop":
                return self.close()
            case "error":
                return self._fail(problem_in(data))
            case _:
                pass
        return []

    def close(self) -> list[Event]:
        """The end of the bytes: the answer is complete if its stop reason was seen, otherwise it failed."""
        if self._ended:
            return []
        if self._reason is None:
            return self._fail(UpstreamBroke(CUT_SHORT))
        self._ended = True
        return [counted_in({"usage": self._usage} | self._cost), _ending(self._reason, self._stop_sequence)]

    def _note_end(self, data: Json) -> None:
        delta = obj(data.get("delta"))
        self._reason = string(delta.get("stop_reason")) or self._reason
        self._stop_sequence = string(delta.get("stop_sequence")) or None
        self._usage |= obj(data.get("usage"))
        self._cost = {"copilot_usage": data.get("copilot_usage")}

    def _start(self, part: int, block: Json) -> Iterator[Event]:
        match block.get("type"):
            case "text" if block.get("text"):
                yield Text(text=string(block.get("text")), part=part)
            case "thinking":
                yield from _thinking(block, part)
            case "redacted_thinking":
                yield Thought(redacted=string(block.get("data")), part=part)
            case "tool_use":
                self._tools[part] = tool = _Tool(len(self._tools), obj(block.get("input")))
                yield ToolOpened(index=tool.index, id=string(block.get("id")), name=string(block.get("name")))
            case _:
                pass

    def _delta(self, part: int, delta: Json) -> list[Event]:
        match delta.get("type"):
            case "text_delta" if text := delta.get("text"):
                return [Text(text=string(text), part=part)]
            case "input_json_delta" if (json := delta.get("partial_json")) and part in self._tools:
                self._tools[part].has_input = True
                return [ToolInput(index=self._tools[part].index, json=string(json))]
            case "thinking_delta" if text := delta.get("thinking"):
                return [Thought(text=string(text), part=part)]
            case "signature_delta" if signature := delta.get("signature"):
                return [Thought(signature=string(signature), part=part)]
            case _:
                return []

    def _stop(self, part: int) -> list[Event]:
        """A tool whose input came in its start, or never, still has one."""
        tool = self._tools.get(part)
        if tool is None or tool.has_input:
            return []
        tool.has_input = True
        return [ToolInput(index=tool.index, json=dumps_text(tool.given))]

    def _fail(self, problem: CopilotApiError) -> list[Event]:
        self._ended = True
        return [Failed(problem=problem)]


class _Tool:
    """A tool call under way: its number in this answer, and the input that its start already held."""

    def __init__(self, index: int, given: Json) -> None:
        self.index = index
        self.given = given
        self.has_input = False


class Assembler:
    """Puts a stream back together as the message it tells of, with every field that Copilot sent."""

    def __init__(self) -> None:
        self._message: Json | None = None
        self._inputs: dict[int, list[str]] = {}
        self._said: dict[tuple[int, str], list[str]] = {}
        self._weight = Weight()
        self._is_complete = False

    def feed(self, sse: Sse) -> None:
        """Takes one frame. Raises the problem when the frame tells of one."""
        if not sse.data or sse.data == b"[DONE]":
            return
        try:
            data = obj(loads(sse.data))
        except ValueError as error:
            raise UpstreamBroke("Copilot sent an event that is not JSON") from error
        kind = data.get("type") or sse.event
        if kind == "error":
            raise problem_in(data)
        if kind == "message_start":
            self._message = deepcopy(obj(data.get("message")))
            self._message["content"] = objs(self._message.get("content"))
        elif self._message is not None:
            self._take(self._message, str(kind), data)

    def message(self) -> Json:
        """The whole message. Raises UpstreamBroke when the stream ended before it was complete."""
        if self._message is None or not (self._is_complete or self._message.get("stop_reason")):
            raise UpstreamBroke(CUT_SHORT)
        for (index, key), pieces in self._said.items():
            block = self._message["content"][index]
            block[key] = string(block.get(key)) + "".join(pieces)
        self._said.clear()
        return self._message

    def _take(self, message: Json, kind: str, data: Json) -> None:
        blocks = message["content"]
        index = number(data.get("index"))
        match kind:
            case "content_block_start":
                self._weight.add(BLOCK)
                blocks.append(obj(data.get("content_block")))
            case "content_block_delta" if index < len(blocks):
                self._extend(blocks[index], index, obj(data.get("delta")))
            case "content_block_stop" if index in self._inputs:
                blocks[index]["input"] = self._input(index)
            case "message_delta":
                message |= obj(data.get("delta"))
                message["usage"] = obj(message.get("usage")) | obj(data.get("usage"))
                message |= {key: value for key, value in data.items() if key not in {"type", "delta", "usage"}}
            case "message_stop":
                self._is_complete = True
            case _:
                pass

    def _extend(self, block: Json, index: int, delta: Json) -> None:
        match delta.get("type"):
            case "text_delta":
                self._keep(self._said.setdefault((index, "text"), []), string(delta.get("text")))
            case "thinking_delta":
                self._keep(self._said.setdefault((index, "thinking"), []), string(delta.get("thinking")))
            case "signature_delta":
                block["signature"] = string(delta.get("signature"))
            case "input_json_delta":
                self._keep(self._inputs.setdefault(index, []), string(delta.get("partial_json")))
            case "citations_delta":
                self._weight.add(PART)
                block["citations"] = [*(block.get("citations") or []), delta.get("citation")]
            case _:
                pass

    def _keep(self, pieces: list[str], piece: str) -> None:
        self._weight.add(PIECE + len(piece))
        pieces.append(piece)

    def _input(self, index: int) -> Json:
        parsed = parse("".join(self._inputs[index]))
        if parsed is None:
            raise UpstreamBroke("The model wrote tool arguments that are not a JSON object")
        return parsed


def counted_in(answer: Json) -> Counted:
    """The usage that an answer reports. Anthropic's three prompt numbers are disjoint; the hub's prompt is their sum."""
    usage = obj(answer.get("usage"))
    cached, written = amount(usage.get("cache_read_input_tokens")), amount(usage.get("cache_creation_input_tokens"))
    return Counted(
        prompt=amount(usage.get("input_tokens")) + cached + written,
        output=amount(usage.get("output_tokens")),
        cached=cached,
        cache_write=written,
        reasoning=amount(obj(usage.get("output_tokens_details")).get("thinking_tokens")),
        nano_aiu=amount(obj(answer.get("copilot_usage")).get("total_nano_aiu")),
        estimated=not usage,
    )


def problem_in(data: Json) -> CopilotApiError:
    """The failure that an `error` event tells of."""
    failure = obj(data.get("error"))
    message = string(failure.get("message")) or "Copilot reported an error in the middle of its answer"
    code = string(failure.get("type")) or string(failure.get("code"))
    return UpstreamRefused(message, status=502, kind=kinds.of_code(code) or "server", code=code)


def _thinking(block: Json, part: int) -> Iterator[Event]:
    if block.get("thinking"):
        yield Thought(text=string(block.get("thinking")), part=part)
    if block.get("signature"):
        yield Thought(signature=string(block.get("signature")), part=part)


def _ending(reason: str, stop_sequence: object) -> Event:
    if not reason:
        return Failed(problem=UpstreamBroke(CUT_SHORT))
    return Closed(reason=_REASONS.get(reason, "stop"), stop_sequence=stop_sequence if isinstance(stop_sequence, str) else None)
