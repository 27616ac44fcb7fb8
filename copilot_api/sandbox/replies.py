"""What the sandbox answers, before it goes on the wire: replies, the frames of a stream, and refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from copilot_api.dialects.codec import Json, dumps

Shape: TypeAlias = Literal["plain", "message", "code", "error", "anthropic"]
"""How an error body is written: text, `{message}`, `{code, message}`, `{error: {...}}`, or Anthropic's envelope."""

# Copilot's /v1/messages answers in any of these, depending on which of its layers refused.
MESSAGES_SHAPES: tuple[Shape, ...] = ("anthropic", "error", "message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A piece of a stream. `closing` marks what tells the client that the answer is complete, and all that follows it."""

    data: bytes
    closing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer: `body`, or for a stream `frames`, which go out one by one at the sandbox's pace.

    `lost`: there is no answer, the connection breaks.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    frames: tuple[Frame, ...] | None = None
    lost: bool = False


class Refusal(Exception):
    """The sandbox says no, with GitHub's words. `shape` None lets the endpoint choose how the body is written."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str = "invalid_request_body",
        param: str = "",
        shape: Shape | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.shape = shape
        self.headers = dict(headers or {})


_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def json_reply(value: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer."""
    return Reply(
        status=status, headers={"content-type": "application/json; charset=utf-8", **(headers or {})}, body=dumps(value)
    )


def text_reply(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A text/plain answer, with the newline that Go's http.Error puts at the end."""
    return Reply(
        status=status, headers={"content-type": "text/plain; charset=utf-8", **(headers or {})}, body=text.encode() + b"\n"
    )


def draw(refusal: Refusal, shape: Shape, request_id: str = "req_sandbox") -> Reply:
    """A refusal as an HTTP answer, in its own shape or else in `shape`."""
    shape = refusal.shape or shape
    if shape == "plain":
        return text_reply(refusal.message, status=refusal.status, headers=refusal.headers)
    body: Json = {"message": refusal.message}
    if shape == "code":
        body = {"code": refusal.code, "message": refusal.message}
    elif shape == "error":
        detail = {"message": refusal.message, "code": refusal.code}
        body = {"error": detail | ({"param": refusal.param, "type": "invalid_request_error"} if refusal.param else {})}
    elif shape == "anthropic":
        kind = _ANTHROPIC_TYPES.get(refusal.status, "api_error")
        body = {"type": "error", "error": {"type": kind, "message": refusal.message}, "request_id": request_id}
    return json_reply(body, status=refusal.status, headers=refusal.headers)
