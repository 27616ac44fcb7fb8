"""What Google's programs ask for: models, answers and token counts, the method behind a colon in the address."""

import asyncio
from functools import partial
from urllib.parse import unquote

from aiohttp import web

from copilot_api.dialects import gemini
from copilot_api.dialects.codec import Json, dumps, loads_request
from copilot_api.dialects.gemini_spelling import Alt
from copilot_api.dialects.read import obj
from copilot_api.errors import ModelUnknown, RouteUnknown
from copilot_api.server.body import aside, read_body
from copilot_api.server.calibration import Calibration
from copilot_api.server.count import told
from copilot_api.server.gemini_page import entry, page
from copilot_api.server.relay import Question, Relay
from copilot_api.settings import Settings
from copilot_api.upstream.catalog import Catalog

ARRAY = {"Content-Type": "application/json; charset=utf-8"}

_WRAPPERS = ("generateContentRequest", "generate_content_request")
_ANSWERS = {"generateContent": False, "streamGenerateContent": True}  # whether the answer is streamed


class Gemini:
    """The handlers."""

    def __init__(self, relay: Relay, catalog: Catalog, calibration: Calibration, settings: Settings) -> None:
        self._relay = relay
        self._catalog = catalog
        self._calibration = calibration
        self._limit_bytes = settings.body_limit_mib * 1024 * 1024

    async def models(self, request: web.Request) -> web.Response:
        """GET /v1beta/models."""
        return _json(page(await self._catalog.models(), request.query))

    async def model(self, request: web.Request) -> web.Response:
        """GET /v1beta/models/{id}, by any name that requests may use. Raises ModelUnknown."""
        return _json(entry(await self._catalog.look_up(_named(unquote(request.match_info["name"])))))

    async def call(self, request: web.Request) -> web.StreamResponse:
        """POST /v1beta/models/{id}:{method}. Raises RouteUnknown for a method that is not served."""
        name, _, method = unquote(request.match_info["target"]).rstrip("/").rpartition(":")
        model = _named(name)
        if method == "countTokens":
            return await self._count(request, model)
        if method not in _ANSWERS:
            raise RouteUnknown(f"{method[:40]} is not served", hint=f"there are {', '.join((*_ANSWERS, 'countTokens'))}")
        alt: Alt = "sse" if "sse" in (request.query.get("alt"), request.query.get("$alt")) else "json"
        return await self._relay.serve(request, "gemini", partial(_read, model=model, stream=_ANSWERS[method], alt=alt))

    async def _count(self, request: web.Request, name: str) -> web.Response:
        """Counts what the model would be sent. Google's programs put the request in there whole, or its contents alone."""
        raw = await read_body(request, self._limit_bytes)
        question = await aside(len(raw), _read, raw, model=name, stream=False, alt="json")
        model = await self._catalog.find(question.ask.model)
        counted, method = await asyncio.to_thread(self._calibration.count, "gemini", question.body, model)
        return told({"totalTokens": counted}, method)


def _read(raw: bytes, *, model: str, stream: bool, alt: Alt) -> Question:
    sent = loads_request(raw)
    whole = next((inner for key in _WRAPPERS if (inner := obj(sent.get(key)))), sent)
    body = gemini.addressed(whole, model=model, stream=stream, alt=alt)
    return Question(raw=raw, body=body, ask=gemini.peek(body), headers={} if alt == "sse" else ARRAY)


def _named(text: str) -> str:
    """The model in an address. Raises ModelUnknown when there is none."""
    name = text.rstrip("/").removeprefix("models/")
    if not name:
        raise ModelUnknown("No model is named in the address")
    return name


def _json(value: Json) -> web.Response:
    return web.Response(body=dumps(value), content_type="application/json")
