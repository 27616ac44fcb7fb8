"""Reading answers in Gemini's dialect, whole and streamed. Source: client-apis.md §7, Google's reference of the Candidate.

Copilot sends none: this reads what `gemini.Encoder` and `gemini.collect` write, and holds them to their word in the tests.
"""

from collections.abc import Iterator
from itertools import count

from copilot_api.dialects import kinds
from copilot_api.dialects.codec import Json, dumps_text, loads
from copilot_api.dialects.events import Closed, Counted, Event, Failed, Opened, Reason, Text, Thought, ToolInput, ToolOpened
from copilot_api.dialects.gemini_parts import unsealed
from copilot_api.dialects.read import amount, obj, objs, string
from copilot_api.dialects.sse import Sse
from copilot_api.errors import CopilotApiError, UpstreamBroke, UpstreamRefused

CUT_SHORT = "The answer from Copilot ended before it was complete"

_REASONS: dict[str, Reason] = {"STOP": "stop", "MAX_TOKENS": "length"}
_REFUSALS = frozenset({"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"})


def whole(answer: Json) -> Iterator[Event]:
    """A complete answer as events."""
    reader = Decoder()
    yield from reader.read(answer)
    yield from reader.close()


class Decoder:
    """A stream of responses as events."""

    def __init__(self) -> None:
        self._has_opened = False
        self._has_ended = False
        self._tools = count()
        self._has_tools = False
        self._counted: Counted | None = None
        self._candidate: Json = {}

    @property
    def finished(self) -> bool:
        """Whether the finish reason was seen: only the end may follow."""
        return bool(self._candidate)

    def feed(self, sse: Sse) -> Iterator[Event]:
        """The events in one frame. A failure stands in a frame without `data:`."""
        text = sse.data or (sse.raw if sse.raw.lstrip().startswith(b"{") else b"")
        if self._has_ended or not text:
            return
        try:
            response = loads(text)
        except ValueError:
            yield from self._fail(UpstreamBroke("An event is not JSON"))
            return
        yield from self.read(obj(response))

    def read(self, response: Json) -> Iterator[Event]:
        """The events in one response."""
        if "error" in response:
            yield from self._fail(problem_in(response))
            return
        if not self._has_opened:
            self._has_opened = True
            yield Opened(id=string(response.get("responseId")), model=string(response.get("modelVersion")))
        for candidate in objs(response.get("candidates"))[:1]:
            for part in objs(obj(candidate.get("content")).get("parts")):
                yield from self._part(part)
            if candidate.get("finishReason"):
                self._candidate = candidate
        if obj(response.get("promptFeedback")).get("blockReason"):
            self._candidate = {"finishReason": "SAFETY"}
        if "usageMetadata" in response:
            self._counted = counted_in(response)

    def close(self) -> Iterator[Event]:
        """The end: the answer is complete if its finish reason was seen, otherwise it failed."""
        if self._has_ended:
            return
        reason = self._reason()
        if reason is None:
            yield from self._fail(UpstreamBroke(string(self._candidate.get("finishMessage")) or CUT_SHORT))
            return
        self._has_ended = True
        if self._counted:
            yield self._counted
        yield Closed(reason=reason)

    def _part(self, part: Json) -> Iterator[Event]:
        text = string(part.get("text"))
        if part.get("thought") and text:
            yield Thought(text=text)
        if signature := string(part.get("thoughtSignature")):
            for seal in unsealed(signature) or [signature]:
                yield Thought(signature=seal)
        if text and not part.get("thought"):
            yield Text(text=text)
        if call := obj(part.get("functionCall")):
            self._has_tools = True
            index = next(self._tools)
            yield ToolOpened(index=index, id=string(call.get("id")) or f"call_{index}", name=string(call.get("name")))
            yield ToolInput(index=index, json=dumps_text(obj(call.get("args"))))

    def _reason(self) -> Reason | None:
        said = string(self._candidate.get("finishReason"))
        if said in _REFUSALS:
            return "refusal"
        reason = _REASONS.get(said)
        return "tool_use" if reason == "stop" and self._has_tools else reason

    def _fail(self, problem: CopilotApiError) -> Iterator[Event]:
        self._has_ended = True
        yield Failed(problem=problem)


def counted_in(response: Json) -> Counted:
    """The usage that a response reports."""
    usage = obj(response.get("usageMetadata"))
    thoughts = amount(usage.get("thoughtsTokenCount"))
    return Counted(
        prompt=amount(usage.get("promptTokenCount")),
        output=amount(usage.get("candidatesTokenCount")) + thoughts,
        cached=amount(usage.get("cachedContentTokenCount")),
        reasoning=thoughts,
    )


def problem_in(response: Json) -> CopilotApiError:
    """The failure that a response tells of."""
    failure = obj(response.get("error"))
    code = string(failure.get("status")).lower()
    return UpstreamRefused(string(failure.get("message")), status=502, kind=kinds.of_code(code) or "server", code=code)
