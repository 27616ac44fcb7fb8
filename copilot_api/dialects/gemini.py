"""Google's Gemini API, as the dialect of clients: the six names. No model of Copilot's speaks it.

A request is what `gemini_spelling.addressed` makes of body and address. Sources: client-apis.md §7; Google's reference of
generateContent; what google-genai for Python and JavaScript and Gemini CLI 0.61 read.
"""

from typing import Any

from copilot_api.dialects import initiator
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import (
    Ask,
    Closed,
    Counted,
    Event,
    Events,
    Failed,
    Opened,
    Refused,
    Stamp,
    Text,
    Thought,
    ToolInput,
    ToolOpened,
)
from copilot_api.dialects.gemini_decoder import CUT_SHORT, Decoder, whole
from copilot_api.dialects.gemini_parts import NOTHING, Parts, merged
from copilot_api.dialects.gemini_spelling import addressed
from copilot_api.dialects.read import obj, objs, string, whole_or_none
from copilot_api.dialects.sse import encode
from copilot_api.errors import ClientMistake, CopilotApiError, Kind, UpstreamBroke

__all__ = ["Decoder", "Encoder", "addressed", "collect", "error", "peek", "status", "usage", "whole"]

HEARTBEAT = b"\n"
"""A sign of life for streams in either framing. The JavaScript SDK chokes on comments, and skips blank lines."""

_STATUSES: dict[Kind, int] = {
    "invalid_request": 400,
    "content_filter": 400,
    "context_overflow": 400,
    "authentication": 401,
    "billing": 402,  # Google says 429, which its programs take for a reason to try again
    "permission": 403,
    "not_found": 404,
    "too_large": 413,
    "rate_limit": 429,
    "server": 500,
    "overloaded": 503,
    "timeout": 504,
}
# Statuses that say something the kind's own does not; any other (466, 499 …) means nothing to a client.
_KEPT: dict[Kind, frozenset[int]] = {
    "invalid_request": frozenset({400, 404, 405, 408, 409, 413, 415, 422}),
    "server": frozenset({500, 502, 503, 504}),
}
_WORDS = {
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def peek(body: Json) -> Ask:
    """What the proxy must know of a request. Raises ClientMistake when it names no model or holds no contents."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise ClientMistake("model: a model id is required in the address", param="model")
    if not isinstance(body.get("contents"), list) or not body["contents"]:
        raise ClientMistake("contents: at least one content is required", param="contents")
    verdict = initiator.of_gemini(body)
    return Ask(
        model=model,
        stream=body.get("stream") is True,
        initiator=verdict.who,
        why=verdict.why,
        interaction=verdict.turn,
        purpose=verdict.purpose,
        has_images=any(_has_image(content) for content in body["contents"]),
        max_output=whole_or_none(obj(body.get("generationConfig")).get("maxOutputTokens")),
    )


def _has_image(holder: Any) -> bool:
    """Whether a content holds a picture, be it inside a function response."""
    return any(_is_image(part) or _has_image(part.get("functionResponse")) for part in objs(obj(holder).get("parts")))


def _is_image(part: Json) -> bool:
    return any(string(obj(part.get(key)).get("mimeType")).startswith("image/") for key in ("inlineData", "fileData"))


class Encoder:
    """Events as a stream of responses: server-sent events, or the one array that clients get which did not ask for these.

    `request` says which, and whether thoughts are to be shown.
    """

    def __init__(self, stamp: Stamp, *, request: Json) -> None:
        self._stamp = stamp
        self._is_array = request.get("alt") != "sse"
        self._has_begun = False
        self._has_ended = False
        self._parts = Parts(shows_thoughts=shows_thoughts(request))
        self._counted = Counted(estimated=True)

    def feed(self, event: Event) -> bytes:
        """The bytes that tell the client of `event`."""
        match event:
            case Text() | Thought() | Refused() | ToolOpened() | ToolInput():
                return b"".join([self._framed(_response(self._stamp, [part])) for part in self._parts.feed(event)])
            case Opened():
                return b""
            case Counted():
                self._counted = event
                return b""
            case Closed():
                parts, ending = self._parts.close(event)
                return self._last(_response(self._stamp, parts, ending) | {"usageMetadata": usage(self._counted)})
            case _:
                return self._failure(error(event.problem))

    def close(self) -> bytes:
        """The end of the events: an answer that was neither closed nor failed must not look complete."""
        return b"" if self._has_ended else self.feed(Failed(problem=UpstreamBroke(CUT_SHORT)))

    def heartbeat(self) -> bytes:
        """A sign of life for a client that has heard nothing for a while."""
        return HEARTBEAT

    def _framed(self, response: Json) -> bytes:
        if not self._is_array:
            return encode(dumps(response))
        before = b",\r\n" if self._has_begun else b"["
        self._has_begun = True
        return before + dumps(response)

    def _last(self, response: Json) -> bytes:
        self._has_ended = True
        return self._framed(response) + (b"]" if self._is_array else b"")

    def _failure(self, failure: Json) -> bytes:
        """The failure as Google tells of one in mid-stream: bare, without `data:`, else the JavaScript SDK overlooks it."""
        if self._is_array:
            return self._last(failure)
        self._has_ended = True
        return dumps(failure) + b"\n\n"


def collect(events: Events, stamp: Stamp, *, request: Json) -> Json:
    """Events as a complete answer. Raises the problem of a Failed event."""
    holder = Parts(shows_thoughts=shows_thoughts(request))
    parts: list[Json] = []
    ending: Json = {}
    counted = Counted(estimated=True)
    for event in events:
        match event:
            case Opened():
                pass
            case Counted():
                counted = event
            case Closed():
                last, ending = holder.close(event)
                parts.extend(last)
            case Failed(problem=problem):
                raise problem
            case _:
                parts.extend(holder.feed(event))
    if not ending:
        raise UpstreamBroke(CUT_SHORT)
    return _response(stamp, merged(parts), ending) | {"usageMetadata": usage(counted)}


def shows_thoughts(request: Json) -> bool:
    """Whether the client wants to see thoughts; older programs would show them as the answer."""
    return obj(obj(request.get("generationConfig")).get("thinkingConfig")).get("includeThoughts") is True


def usage(counted: Counted) -> Json:
    """The usage object of an answer: reasoning is not part of the candidates' tokens."""
    return {
        "promptTokenCount": counted.prompt,
        "candidatesTokenCount": max(0, counted.output - counted.reasoning),
        "totalTokenCount": counted.prompt + counted.output,
        **({"cachedContentTokenCount": counted.cached} if counted.cached else {}),
        **({"thoughtsTokenCount": counted.reasoning} if counted.reasoning else {}),
    }


def status(problem: CopilotApiError) -> int:
    """The HTTP status with which Google's clients understand `problem`."""
    kept = _KEPT.get(problem.kind, frozenset())
    return problem.status if problem.status in kept else _STATUSES[problem.kind]


def error(problem: CopilotApiError) -> Json:
    """Google's error object."""
    code = status(problem)
    failure: Json = {"code": code, "message": problem.text, "status": _WORDS.get(code, "INVALID_ARGUMENT")}
    details = [_info(problem)] if problem.code else []
    if problem.retry_after.isdecimal():
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{problem.retry_after}s"})
    return {"error": failure | ({"details": details} if details else {})}


def _info(problem: CopilotApiError) -> Json:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": problem.code.upper(), "domain": "copilot-api"}


def _response(stamp: Stamp, parts: list[Json], ending: Json | None = None) -> Json:
    candidate = {"content": {"parts": parts or [NOTHING], "role": "model"}} | (ending or {}) | {"index": 0}
    return {"candidates": [candidate], "modelVersion": stamp.model, "responseId": stamp.id}
