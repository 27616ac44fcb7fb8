"""The Responses endpoints over HTTP, as far as they can be served without keeping answers. Sources: client-apis.md §3,
copilot-upstream.md §4.2.
"""

from aiohttp import web

from copilot_api.dialects import responses
from copilot_api.dialects.codec import Json, dumps, loads, loads_request
from copilot_api.dialects.read import obj, objs, string
from copilot_api.dialects.sse import SseDecoder
from copilot_api.errors import ClientMistake, RouteUnknown, UpstreamBroke
from copilot_api.server.body import Intake, aside, read_body
from copilot_api.server.count import TokenCounts, told
from copilot_api.server.errand import notes
from copilot_api.server.items import Items
from copilot_api.server.relay import Question, Relay
from copilot_api.settings import Settings
from copilot_api.upstream.catalog import Catalog

ENDINGS = ("response.completed", "response.incomplete")
_MARKS = tuple(ending.encode() for ending in ENDINGS)
_TRIGGER = {"type": "compaction_trigger"}


class Responses:
    """The handlers."""

    def __init__(self, relay: Relay, catalog: Catalog, items: Items, counts: TokenCounts, settings: Settings) -> None:
        self._relay = relay
        self._catalog = catalog
        self._items = items
        self._counts = counts
        self._intake = Intake.of(settings)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/responses."""
        exchange = Exchange(self._items)
        return await self._relay.serve(request, "responses", exchange.read, exchange.saw)

    async def compact(self, request: web.Request) -> web.Response:
        """POST /v1/responses/compact, which Copilot does not have: it compacts when the last item of a request says so.

        Raises ClientMistake for a model that is not served where that is understood.
        """
        raw = await read_body(request, self._intake)
        question = await aside(len(raw), self._read_compaction, raw)
        model = await self._catalog.find(question.ask.model)
        if not model.speaks("/responses"):
            raise ClientMistake(
                f"Copilot cannot compact a conversation with {model.id}",
                hint="only models of /responses can; have the client ask for a summary in words",
                code="unsupported_api_for_model",
                param="model",
            )
        with await self._relay.accept(request, raw, "responses", lambda _: question) as errand:
            ending = Ending()
            await self._relay.stream(errand, ending)
            errand.status = 200
            compacted = _compacted(question.body["input"], ending.answer)
            return web.Response(body=dumps(compacted), content_type="application/json", headers=notes(errand))

    async def input_tokens(self, request: web.Request) -> web.Response:
        """POST /v1/responses/input_tokens. Raises ClientMistake."""
        raw = await read_body(request, self._intake)
        question = await aside(len(raw), self._read_countable, raw)
        counted, method = await self._counts.count(request, "responses", question)
        return told({"object": "response.input_tokens", "input_tokens": counted}, method)

    async def stored(self, request: web.Request) -> web.Response:
        """Everything at /v1/responses/{id}. Raises RouteUnknown: there are none."""
        raise RouteUnknown(
            f"No response {request.match_info['id'][:100]!r} is kept: neither copilot-api nor Copilot stores answers",
            hint="each answer says store: false; send the whole conversation in input",
        )

    def _read_compaction(self, raw: bytes) -> Question:
        body = self._items.resolved(loads_request(raw))
        given = listed(body.get("input"))
        if not given:
            raise ClientMistake("input: there is nothing to compact", code="missing_required_parameter", param="input")
        kept = [item for item in given if obj(item).get("type") != "compaction_trigger"]
        # Streamed, because it may take minutes, and silent connections get cut on the way.
        body = body | {"input": [*kept, _TRIGGER], "stream": True}
        return Question(raw=dumps(body), body=body, ask=responses.peek(body))

    def _read_countable(self, raw: bytes) -> Question:
        body = self._items.resolved(loads_request(raw))
        # Unlike an answer, a count needs no input: instructions and tools have a size by themselves.
        ask = responses.peek(body if body.get("input") else body | {"input": "-"})
        return Question(raw=raw, body=body, ask=ask)


class Exchange:
    """One request and what its client was sent."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self._is_referable = False

    def read(self, raw: bytes) -> Question:
        """Reads the request, with the items that it refers to. Raises ClientMistake."""
        body = loads_request(raw)
        # A client that wants nothing stored sends its items back whole.
        self._is_referable = body.get("store") is not False
        whole = self._items.resolved(body)
        return Question(raw=raw if whole is body else dumps(whole), body=whole, ask=responses.peek(whole))

    def saw(self, data: bytes) -> None:
        """Keeps the items of the answer that `data` finishes."""
        if self._is_referable and (answer := finished_in(data)):
            self._items.keep(objs(answer.get("output")))


class Ending:
    """An outlet to nobody: it keeps how the stream ends. What goes wrong is raised to whoever writes to it."""

    is_open = False

    def __init__(self) -> None:
        self.answer: Json = {}

    def quiet_for_s(self) -> float:
        """Nobody listens."""
        return 3600.0

    async def write(self, data: bytes) -> None:
        """Looks for the end."""
        self.answer = finished_in(data) or self.answer

    async def end(self) -> None:
        """Nothing follows."""

    async def farewell(self, data: bytes) -> None:
        """Nobody listens."""


def finished_in(data: bytes) -> Json | None:
    """The finished response in what a client was sent: a whole answer, or a stream's last event."""
    if data.startswith(b"{"):
        return obj(loads(data))
    if not any(mark in data for mark in _MARKS):
        return None
    for frame in SseDecoder().feed(data):
        if frame.event in ENDINGS:
            return obj(obj(loads(frame.data)).get("response"))
    return None


def listed(given: object) -> list[object]:
    """The input of a request as items."""
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}] if given else []
    return given if isinstance(given, list) else []


def _compacted(given: list[object], answer: Json) -> Json:
    """OpenAI's form: what the user said, and one item that stands for everything. Raises UpstreamBroke where there is none."""
    summaries = [item for item in objs(answer.get("output")) if item.get("type") == "compaction"]
    if not summaries:
        raise UpstreamBroke("Copilot answered, but compacted nothing")
    id_ = string(answer.get("id"))
    said = [item for item in objs(given) if item.get("role") == "user" and item.get("type", "message") == "message"]
    return {
        "id": id_,
        "object": "response.compaction",
        "created_at": answer.get("created_at"),
        "output": [*(_message(item, f"msg_{id_.removeprefix('resp_')}_u{at}") for at, item in enumerate(said)), summaries[-1]],
        "usage": answer.get("usage"),
    }


def _message(item: Json, id_: str) -> Json:
    content = item.get("content")
    parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    return {"id": id_, "status": "completed", **item, "type": "message", "content": parts}
