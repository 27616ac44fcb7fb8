"""What Google's programs ask of a model: answers and token counts, named by the method behind a colon in the address."""

from functools import partial
from urllib.parse import unquote

from aiohttp import web

from copilot_api.dialects import gemini
from copilot_api.dialects.codec import loads_request
from copilot_api.dialects.gemini_spelling import Alt
from copilot_api.dialects.read import obj
from copilot_api.errors import ModelUnknown, RouteUnknown
from copilot_api.server.body import Intake, aside, read_body
from copilot_api.server.count import TokenCounts, told
from copilot_api.server.relay import Question, Relay
from copilot_api.settings import Settings

ARRAY = {"Content-Type": "application/json; charset=utf-8"}

_WRAPPERS = ("generateContentRequest", "generate_content_request")
_ANSWERS = {"generateContent": False, "streamGenerateContent": True}  # whether the answer is streamed


class Gemini:
    """The handler."""

    def __init__(self, relay: Relay, counts: TokenCounts, settings: Settings) -> None:
        self._relay = relay
        self._counts = counts
        self._intake = Intake.of(settings)

    async def call(self, request: web.Request) -> web.StreamResponse:
        """POST /v1beta/models/{id}:{method}. Raises ModelUnknown, and RouteUnknown for a method that is not served."""
        name, _, method = unquote(request.match_info["target"]).rstrip("/").rpartition(":")
        model = name.removeprefix("models/")
        if not model:
            raise ModelUnknown("No model is named in the address")
        if method == "countTokens":
            return await self._count(request, model)
        if method not in _ANSWERS:
            raise RouteUnknown(f"{method[:40]} is not served", hint=f"there are {', '.join((*_ANSWERS, 'countTokens'))}")
        alt: Alt = "sse" if "sse" in (request.query.get("alt"), request.query.get("$alt")) else "json"
        return await self._relay.serve(request, "gemini", partial(_read, model=model, stream=_ANSWERS[method], alt=alt))

    async def _count(self, request: web.Request, name: str) -> web.Response:
        """Counts what the model would be sent. Google's programs put the request in there whole, or its contents alone."""
        raw = await read_body(request, self._intake)
        question = await aside(len(raw), _read, raw, model=name, stream=False, alt="json")
        counted, method = await self._counts.count(request, "gemini", question)
        return told({"totalTokens": counted}, method)


def _read(raw: bytes, *, model: str, stream: bool, alt: Alt) -> Question:
    sent = loads_request(raw)
    whole = next((inner for key in _WRAPPERS if (inner := obj(sent.get(key)))), sent)
    body = gemini.addressed(whole, model=model, stream=stream, alt=alt)
    return Question(raw=raw, body=body, ask=gemini.peek(body), headers={} if alt == "sse" else ARRAY)
