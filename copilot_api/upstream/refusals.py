"""What Copilot means by an error answer: every shape of body, and one table of what follows from it.

Source: copilot-upstream.md §8. Texts change over time, so the code is asked first, then the text, then the status.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from copilot_api import form
from copilot_api.dialects import kinds
from copilot_api.dialects.codec import Json, loads
from copilot_api.errors import Kind, UpstreamRefused
from copilot_api.form import Form
from copilot_api.log import redact

MESSAGE_LIMIT = 2000
"""Characters of an error text that are passed on; a page of HTML or a stack trace helps nobody."""

_MODEL = "copilot-api models lists the models your account can use; some must be enabled at github.com/settings/copilot first"
_INTEGRATOR = "Copilot offers this model to other programs only; integration_id in the settings decides which program we are"
_VERSION = "Copilot no longer accepts the editor version we name; update copilot-api, or set editor_version and plugin_version"
_SPENT = "check-usage shows what is left; your budget is set at github.com/settings/billing"
_BILLED_TO = "choose who pays, under 'Usage billed to' at github.com/settings/copilot"
_POLICY = "your plan, your organisation's policy or Copilot's terms do not allow this; see github.com/settings/copilot"
_SIGN_IN = "sign in again: copilot-api auth"
_PATIENCE = "Copilot's own rate limit; it lifts by itself"
_PICTURE = "send a smaller picture; " + (
    "with the extra `images` (Pillow) installed, copilot-api makes them smaller by itself"
    if form.current() is Form.SOURCE
    else "copilot-api could not make a smaller one of it"  # compiled, it always has Pillow and has tried
)
_ELSEWHERE = "fetch_images in the settings lets copilot-api fetch pictures from public addresses"
_BUSY = "the model is overloaded; try again in a moment, or use another model"

# What to do about a code, where its kind alone does not tell; by prefix, because some carry a plan behind a colon.
_BY_CODE: dict[str, str] = {
    "billing_not_configured": _BILLED_TO,
    "model_not_supported": _MODEL,
    "no_available_model_endpoints": _INTEGRATOR,
}
_BY_KIND: dict[Kind, str] = {
    "billing": _SPENT,
    "permission": _POLICY,
    "overloaded": _BUSY,
    "rate_limit": _PATIENCE,
    "authentication": _SIGN_IN,
}
_BY_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"not available for integrator", re.IGNORECASE), _INTEGRATOR),
    (re.compile(r"image (?:exceeds|dimensions|is too large)", re.IGNORECASE), _PICTURE),
    (re.compile(r"(?:external|remote) image URLs? (?:is|are) not", re.IGNORECASE), _ELSEWHERE),
)
# Status -> kind, hint, and the status that clients understand where Copilot's own means nothing to them.
_BY_STATUS: dict[int, tuple[Kind, str, int]] = {
    400: ("invalid_request", "", 400),
    401: ("authentication", _SIGN_IN, 401),
    402: ("billing", _SPENT, 402),
    403: ("permission", _POLICY, 403),
    404: ("not_found", "", 404),
    408: ("timeout", "the request took too long to reach Copilot", 408),
    409: ("server", "", 502),
    413: ("too_large", "leave out some images, or send smaller ones", 413),
    421: ("server", "", 502),
    422: ("content_filter", "", 422),
    424: ("server", "", 502),
    429: ("rate_limit", _PATIENCE, 429),
    466: ("invalid_request", _VERSION, 400),
    499: ("overloaded", _BUSY, 503),
    500: ("server", "", 500),
    502: ("server", "", 502),
    503: ("overloaded", _BUSY, 503),
    504: ("timeout", "", 504),
    529: ("overloaded", _BUSY, 529),
}


@dataclass(frozen=True, slots=True)
class _Said:
    """What an error body says, whichever shape it came in."""

    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""
    retry_after: str = ""


def refused(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
    """The error that an answer of Copilot's with an error status stands for."""
    said = _read(body)
    kind, hint, shown = _BY_STATUS.get(status) or _unlisted(status)
    by_code = _by_code(said.code) or _by_code(said.type)
    by_text = _by_text(said.message) if status < 500 else None
    if found := by_code or by_text:
        kind, hint = found
    if exceeded := headers.get("x-ratelimit-exceeded"):
        hint = f"{hint}; limit: {exceeded}".removeprefix("; ")
    return UpstreamRefused(
        redact(said.message) or _wordless(status),
        status=shown,
        kind=kind,
        code=said.code,
        param=said.param,
        retry_after=headers.get("retry-after") or said.retry_after,
        hint=hint,
    )


def is_hiccup(status: int, body: bytes) -> bool:
    """Whether an error is a gateway's and not an answer to the request, so that the same bytes may go out once more.

    A 400 with nothing or just "Bad Request" in it; a request that timed out on its way in, met a conflict or a wrong server.
    """
    return (status == 400 and body.strip() in {b"", b"Bad Request"}) or status in {408, 409, 421}


def _unlisted(status: int) -> tuple[Kind, str, int]:
    return ("invalid_request", "", 400) if 400 <= status < 500 else ("server", "", 502)


def _by_code(code: str) -> tuple[Kind, str] | None:
    """A code's kind and hint. `invalid_request_error` and its like say nothing that status and text do not say better."""
    kind = kinds.of_code(code)
    hint = next((hint for prefix, hint in _BY_CODE.items() if code.startswith(prefix)), "")
    if kind is None or (kind == "invalid_request" and not hint):
        return None
    return kind, hint or _BY_KIND.get(kind, "")


def _by_text(message: str) -> tuple[Kind, str] | None:
    if kinds.is_context_overflow(message):
        return "context_overflow", ""
    return next((("invalid_request", hint) for pattern, hint in _BY_TEXT if pattern.search(message)), None)


def _wordless(status: int) -> str:
    try:
        return f"Copilot answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"Copilot answered with status {status}"


def _read(body: bytes) -> _Said:
    text = body.decode("utf-8", "replace").strip()
    value = _json_object(text)
    return _read_object(value) if value is not None else _Said(_plain(text))


def _json_object(text: str) -> Json | None:
    if not text.startswith("{"):
        return None
    try:
        value = loads(text.encode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _read_object(value: Json) -> _Said:
    """`{message}`, `{code, message}`, `{error: text}`, `{error: {…}}`, Anthropic's, and any of these as text in the other."""
    error = value.get("error", value)
    if isinstance(error, str):
        error = {"message": error, "code": value.get("code")}
    if not isinstance(error, dict):
        return _Said()
    message = error.get("message")
    inner = _json_object(message.strip()) if isinstance(message, str) else None
    if inner is not None:
        return _read_object(inner)
    return _Said(
        message=_plain(_word(error.get("message"))),
        code=_word(error.get("code")),
        type=_word(error.get("type")),
        param=_word(error.get("param")),
        retry_after=_word(error.get("retry_after", value.get("retry_after"))),
    )


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _plain(text: str) -> str:
    """`text` as one may show it: of a page of HTML its title."""
    if text.lstrip()[:1] == "<":
        title = re.search(r"<title[^>]*>([^<]*)</title>", text, re.IGNORECASE)
        return " ".join(title[1].split()) if title else ""
    return text.strip()[:MESSAGE_LIMIT]
