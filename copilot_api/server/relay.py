"""The model endpoints: one loop for every dialect, which knows none of them."""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial

from aiohttp import web

from copilot_api import translate
from copilot_api.dialects import chat, messages
from copilot_api.dialects.codec import Json, loads_request
from copilot_api.dialects.events import Ask, Counted, Stamp
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake, CopilotApiError, Stopping, UpstreamBroke, UpstreamProblem, UpstreamRefused
from copilot_api.log import request_id
from copilot_api.server.body import aside, read_body
from copilot_api.server.claims import settled
from copilot_api.server.faults import noted
from copilot_api.server.limits import Limits, Summary
from copilot_api.server.sink import Sink
from copilot_api.server.traffic import Traffic
from copilot_api.settings import Settings
from copilot_api.translate import Client, Translation
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import Answer, CopilotClient

PEEKS: dict[Client, Callable[[Json], Ask]] = {"chat": chat.peek, "messages": messages.peek}

TAIL_S = 2.0
"""Seconds that Copilot may stay silent after the answer's end was seen; it sometimes forgets to hang up."""

HEADER_NAMES = 40

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Errand:
    """One request on its way, as the log will tell of it. `begin` translates it for a model, should it be needed again."""

    client: Client
    ask: Ask
    model: Model
    begin: Callable[[Model], Translation]
    work: Translation
    started: float
    status: int = 0


class Relay:
    """Serves model requests: in the client's dialect, from whichever endpoint of Copilot's the model is behind."""

    def __init__(self, catalog: Catalog, client: CopilotClient, limits: Limits, traffic: Traffic, settings: Settings) -> None:
        self._catalog = catalog
        self._client = client
        self._limits = limits
        self._traffic = traffic
        self._settings = settings

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        return await self._serve(request, "chat")

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/messages."""
        return await self._serve(request, "messages")

    async def _serve(self, request: web.Request, client: Client) -> web.StreamResponse:
        started = time.monotonic()
        raw = await read_body(request, self._settings.body_limit_mib * 1024 * 1024)
        body, ask = await aside(len(raw), _read, raw, client)
        ask = settled(ask, request.headers, always_user=self._settings.always_user)
        model = await self._catalog.find(ask.model)
        begin = partial(self._begin, client, body, raw, ask, _betas(request))
        work = await aside(len(raw), begin, model)
        # Only what can be served costs a turn of the rate limit or a person's attention.
        await self._limits.admit(
            Summary(
                dialect=client,
                model=model.id,
                client=request.headers.get("User-Agent", "")[:100],
                size_bytes=len(raw),
                initiator=ask.initiator,
            )
        )
        errand = _Errand(client=client, ask=ask, model=model, begin=begin, work=work, started=started)
        try:
            response = await (self._stream(request, errand) if ask.stream else self._whole(errand))
            errand.status = errand.status or response.status
        except CopilotApiError as problem:
            errand.status = problem.status
            raise
        except (asyncio.CancelledError, ConnectionError):
            errand.status = 499
            raise
        else:
            return response
        finally:
            _tell(errand)

    def _begin(self, client: Client, body: Json, raw: bytes, ask: Ask, betas: tuple[str, ...], model: Model) -> Translation:
        return translate.begin(
            client=client,
            body=body,
            raw=raw,
            ask=ask,
            model=model,
            stamp=Stamp(id=uuid.uuid4().hex, created=int(time.time()), model=ask.model),
            betas=betas,
            allowed_betas=self._settings.betas,
        )

    async def _send(self, errand: _Errand) -> Answer:
        """The upstream answer, begun. A refusal that can be mended is mended once. Raises what the client raises."""
        try:
            return await self._send_once(errand, errand.work.request)
        except UpstreamRefused as problem:
            if problem.code == "model_not_supported":
                self._catalog.doubt()
            mended = self._rerouted(errand, problem) or errand.work.after_refusal(problem)
            if mended is None:
                raise
        return await self._send_once(errand, mended)

    def _rerouted(self, errand: _Errand, problem: UpstreamRefused) -> bytes | None:
        """The request for another endpoint of the model's, when the list was wrong about this one; None when there is none."""
        if problem.code != "unsupported_api_for_model":
            return None
        rest = tuple(endpoint for endpoint in errand.model.endpoints if endpoint != errand.work.endpoint)
        elsewhere = replace(errand.model, endpoints=rest)
        try:
            errand.work = errand.begin(elsewhere)
        except ClientMistake:
            return None
        self._catalog.correct(elsewhere)
        return errand.work.request

    async def _send_once(self, errand: _Errand, body: bytes) -> Answer:
        work = errand.work
        return await self._client.send(work.endpoint, body, request_id=request_id.get(), ask=errand.ask, betas=work.betas)

    # Whole answers

    async def _whole(self, errand: _Errand) -> web.Response:
        """An answer for a client that waits for all of it: every failure still has its own status."""
        if errand.work.answer is not None:
            return web.Response(body=errand.work.answer, content_type="application/json", headers=_notes(errand.work))
        answer = await self._send(errand)
        work = errand.work
        try:
            if answer.is_stream:
                body = await _collected(answer, work)
            else:
                data = await answer.read()
                body = await aside(len(data), work.whole, data)
        finally:
            answer.close()
        return web.Response(body=body, content_type="application/json", headers=_notes(work))

    # Streams

    async def _stream(self, request: web.Request, errand: _Errand) -> web.StreamResponse:
        """A stream: opened when there is something to say, kept alive while there is not, ended truthfully."""
        sink = Sink(request, self._settings.heartbeat_s, lambda: _notes(errand.work))
        try:
            await self._pump(errand, sink)
        except asyncio.CancelledError:
            if not sink.is_open or not self._traffic.resume():
                raise
            errand.status = Stopping.status
            await sink.farewell(errand.work.fail(Stopping("copilot-api is shutting down")))
            return sink.response
        except Exception as error:
            if not sink.is_open or isinstance(error, ConnectionError):  # the latter: the client is gone
                raise
            problem = error if isinstance(error, CopilotApiError) else noted(error)
            errand.status = problem.status
            await sink.write(errand.work.fail(problem))
        await sink.response.write_eof()
        return sink.response

    async def _pump(self, errand: _Errand, sink: Sink) -> None:
        """Carries the answer to the client. Raises what goes wrong on the way, also what Copilot says before the first byte."""
        if errand.work.answer is not None:
            await sink.write(errand.work.answer)
            return
        answers: list[Answer] = []

        async def send() -> None:
            answers.append(await self._send(errand))

        try:
            await _beside(send(), errand.work, sink)
            [answer] = answers
            work = errand.work
            if not answer.is_stream:
                raise UpstreamBroke("Copilot answered a streaming request without a stream")
            is_over = False
            while not is_over:
                chunk = await _next(answer, work, sink)
                out = work.feed(chunk) if chunk else work.close()
                is_over = not chunk or work.failed is not None
                if work.failed:
                    errand.status = work.failed.status
                    if not sink.is_open:
                        raise work.failed
                if out:
                    await sink.write(out)
        finally:
            for answer in answers:
                answer.close()


def _read(raw: bytes, client: Client) -> tuple[Json, Ask]:
    body = loads_request(raw)
    return body, PEEKS[client](body)


async def _beside(sending: Coroutine[object, object, None], work: Translation, sink: Sink) -> None:
    """Awaits `sending`, with heartbeats to the client until it is done. Raises what it raises."""
    pending = asyncio.gather(sending)
    try:
        while not pending.done():
            await asyncio.wait({pending}, timeout=sink.quiet_for_s())
            if not pending.done():
                await sink.write(work.heartbeat())
    finally:
        # When the client is gone, sending must end too, and be waited for.
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
    pending.result()


async def _next(answer: Answer, work: Translation, sink: Sink) -> bytes:
    """The next piece of the answer, b"" at its end, with heartbeats to the client until it comes."""
    while True:
        piece = await _piece(answer, work, sink.quiet_for_s())
        if piece is not None:
            return piece
        await sink.write(work.heartbeat())


async def _collected(answer: Answer, work: Translation) -> bytes:
    """The client's whole answer, put together from a stream. Raises UpstreamProblem where there is none."""
    while piece := await _piece(answer, work, None):
        work.feed(piece)
        if work.failed:
            break
    return work.close()


async def _piece(answer: Answer, work: Translation, within_s: float | None) -> bytes | None:
    """A piece of the answer, b"" at its end, None when nothing came in time. What fails after the end is no failure."""
    try:
        async with asyncio.timeout(TAIL_S if work.finished else within_s):
            return await answer.chunk()
    except TimeoutError:
        return b"" if work.finished else None
    except UpstreamProblem:
        if work.finished:
            return b""
        raise


def _betas(request: web.Request) -> tuple[str, ...]:
    values = ",".join(request.headers.getall("anthropic-beta", []))
    return tuple(beta.strip() for beta in values.split(",") if beta.strip())


def _notes(work: Translation) -> dict[str, str]:
    """What was done to the request, as response headers: names only, cleaned, because some are the client's own."""
    found = {"x-copilot-api-losses": sorted(work.losses), "x-copilot-api-repairs": list(work.repairs)}
    return {
        header: ",".join(re.sub(r"[^A-Za-z0-9_.\[\]-]", "?", name)[:80] for name in names[:HEADER_NAMES])
        for header, names in found.items()
        if names
    }


def _tell(errand: _Errand) -> None:
    usage = errand.work.usage or Counted()
    _log.info(
        "%s %s -> %s %s, initiator %s (%s), %d, %d tokens in (%d cached), %d out, %d ms",
        errand.client,
        errand.model.id,
        errand.work.endpoint,
        "pass-through" if errand.work.is_passthrough else "translated",
        errand.ask.initiator,
        errand.ask.why,
        errand.status,
        usage.prompt,
        usage.cached,
        usage.output,
        (time.monotonic() - errand.started) * 1000,
    )
