"""The model endpoints: one loop for every dialect, which knows none of them."""

import asyncio
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from aiohttp import web

from copilot_api import translate
from copilot_api.dialects import chat, messages
from copilot_api.dialects.codec import Json, dumps, loads_request
from copilot_api.dialects.events import Ask, Stamp
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake, CopilotApiError, Stopping, UpstreamBroke, UpstreamProblem
from copilot_api.server.body import Intake, aside, read_body
from copilot_api.server.calibration import Calibration
from copilot_api.server.claims import settled
from copilot_api.server.errand import Errand, notes
from copilot_api.server.faults import noted
from copilot_api.server.limits import Limits, Summary
from copilot_api.server.pictures import Pictures
from copilot_api.server.repair_book import RepairBook
from copilot_api.server.sending import Sender
from copilot_api.server.sink import Outlet, Sink, taken
from copilot_api.server.today import Use
from copilot_api.server.traffic import Traffic
from copilot_api.settings import Settings
from copilot_api.translate import Client, Translation
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import Answer

T = TypeVar("T")
PEEKS: dict[Client, Callable[[Json], Ask]] = {"chat": chat.peek, "messages": messages.peek}

TAIL_S = 2.0
"""Seconds that Copilot may stay silent after the answer's end was seen; it sometimes forgets to hang up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request as it was read: `body` is what `raw` says, and `ask` what the proxy must know of it.

    `headers` are those in which a stream that answers it differs from others.
    """

    raw: bytes
    body: Json
    ask: Ask
    headers: Mapping[str, str] = field(default_factory=dict)


Read = Callable[[bytes], Question]
"""Reads a request. May block: it runs in a thread where there is much to read. Raises ClientMistake."""


class Relay:
    """Serves model requests: in the client's dialect, from whichever endpoint of Copilot's the model is behind."""

    def __init__(
        self,
        catalog: Catalog,
        sender: Sender,
        limits: Limits,
        traffic: Traffic,
        calibration: Calibration,
        book: RepairBook,
        pictures: Pictures,
        use: Use,
        settings: Settings,
    ) -> None:
        self._catalog = catalog
        self._sender = sender
        self._limits = limits
        self._traffic = traffic
        self._calibration = calibration
        self._book = book
        self._pictures = pictures
        self._use = use
        self._settings = settings
        self._intake = Intake.of(settings)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        return await self.serve(request, "chat", partial(_read, "chat"))

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/messages."""
        return await self.serve(request, "messages", partial(_read, "messages"))

    async def serve(
        self, request: web.Request, client: Client, read: Read, seen: Callable[[bytes], None] | None = None
    ) -> web.StreamResponse:
        """Answers a request that `read` reads in the dialect of `client`. `seen` is shown all that the client is sent.

        Raises whatever goes wrong while nothing was sent.
        """
        raw = await read_body(request, self._intake)
        with await self.accept(request, raw, client, read) as errand:
            if errand.ask.stream:
                sink = Sink(request, self._settings, lambda: {**notes(errand), **errand.headers}, seen)
                await self.stream(errand, sink)
                response = sink.response
            else:
                body = await self.whole(errand)
                if seen:
                    seen(body)
                response = web.Response(body=body, content_type="application/json", headers=notes(errand))
                await response.prepare(request)
                await taken(request, len(body), response.write_eof(), self._settings.client_timeout_s)
            errand.status = errand.status or response.status
            return response

    async def accept(
        self, request: web.Request, raw: bytes, client: Client, read: Read, *, is_replayable: bool = True
    ) -> Errand:
        """A request that can be served and may be: translated, and let through the limits. `request` is what brought `raw`.

        Raises ClientMistake and UpstreamProblem, the latter also when it is known that Copilot cannot be reached.
        """
        started = time.monotonic()
        question = await aside(len(raw), read, raw)
        ask = settled(question.ask, request.headers, always_user=self._settings.always_user)
        model = await self._catalog.find(ask.model)
        betas = _betas(request)
        stamp = Stamp(id=uuid.uuid4().hex, created=int(time.time()), model=ask.model)
        begin = partial(self._begin, client, question, ask, betas, stamp)
        work = await self._begun(len(raw), begin, model)
        self._sender.check()
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
        body, mended = await self._pictures.prepared(question.body, model)
        if body is not question.body:
            question = replace(question, body=body, raw=await aside(len(raw), dumps, body))
            begin = partial(self._begin, client, question, ask, betas, stamp)
            work = await self._begun(len(raw), begin, model)
        return Errand(
            client=client,
            ask=ask,
            body=question.body,
            size_bytes=len(raw),
            model=model,
            begin=begin,
            work=work,
            started=started,
            headers=question.headers,
            counted=self._calibration.offer,
            repaired=self._book.note,
            used=self._use.note,
            fired=[*mended],
            is_replayable=is_replayable,
        )

    async def stream(self, errand: Errand, outlet: Outlet) -> None:
        """Carries the answer to `outlet`: kept alive while there is nothing to say, and ended truthfully.

        Raises what goes wrong while it is not open.
        """
        try:
            await self._pump(errand, outlet)
        except asyncio.CancelledError:
            if not outlet.is_open or not self._traffic.resume():
                raise
            stopping = Stopping("copilot-api is shutting down")
            errand.fail(stopping)
            await outlet.farewell(errand.work.fail(stopping))
        except Exception as error:
            if not outlet.is_open or isinstance(error, ConnectionError):  # the latter: the client is gone
                raise
            problem = error if isinstance(error, CopilotApiError) else noted(error)
            errand.fail(problem)
            await outlet.write(errand.work.fail(problem))
            await outlet.end()
        else:
            await outlet.end()

    async def _begun(self, size_bytes: int, begin: Callable[[Model], Translation], model: Model) -> Translation:
        """The translation that `begin` makes. A repair that refuses the request instead has fired, too."""
        try:
            return await aside(size_bytes, begin, model)
        except ClientMistake as problem:
            if problem.repair:
                self._book.note(problem.endpoint, [problem.repair])
            raise

    def _begin(
        self, client: Client, question: Question, ask: Ask, betas: tuple[str, ...], stamp: Stamp, model: Model
    ) -> Translation:
        return translate.begin(
            client=client,
            body=question.body,
            raw=question.raw,
            ask=ask,
            model=model,
            stamp=stamp,
            betas=betas,
            allowed_betas=self._settings.betas,
            learned=self._book.learned(model.id),
            web_search=self._settings.web_search,
        )

    # Whole answers

    async def whole(self, errand: Errand) -> bytes:
        """The answer for a client that waits for all of it. Raises whatever goes wrong, each failure with its own status."""
        if errand.work.answer is not None:
            return errand.work.answer
        while (body := await self._fetched(errand)) is None:
            pass
        return body

    async def _fetched(self, errand: Errand) -> bytes | None:
        """The answer to what is sent now; None for a refusal after which there is something else to send."""
        answer = await self._sender.send(errand)
        work = errand.work
        try:
            if answer.is_stream and work.is_passthrough and not work.stream_upstream:
                raise UpstreamBroke("Copilot streamed an answer that was to come whole")
            if answer.is_stream:
                size_bytes, finish = await _watched(answer, work), work.close
            else:
                data = await answer.read()
                await aside(len(data), work.look, data)
                size_bytes, finish = len(data), partial(work.whole, data)
            if work.refused and await self._sender.may_go_on(errand, work.refused):
                return None
            if not work.refused:
                self._sender.learn(errand)
            return await aside(size_bytes, finish)
        finally:
            answer.close()

    async def _pump(self, errand: Errand, outlet: Outlet) -> None:
        """Carries the answer to the client. Raises what goes wrong on the way, also what Copilot says before the first byte."""
        if errand.work.answer is not None:
            await outlet.write(errand.work.answer)
            return
        while not await self._sent(errand, outlet):
            pass

    async def _sent(self, errand: Errand, outlet: Outlet) -> bool:
        """Sends the request and carries the answer. False: it was a refusal, and there is something else to send."""
        answers: list[Answer] = []

        async def send() -> None:
            answers.append(await self._sender.send(errand))

        try:
            first = errand.work
            await _beside(send(), first, outlet)
            _follow(errand, first)
            [answer] = answers
            if not answer.is_stream:
                raise UpstreamBroke("Copilot answered a streaming request without a stream")
            return await self._carried(errand, answer, outlet)
        finally:
            for answer in answers:
                answer.close()

    async def _carried(self, errand: Errand, answer: Answer, outlet: Outlet) -> bool:
        """Like `_sent`. What was kept back of an answer goes out before anything that goes wrong is told."""
        work, is_over = errand.work, False
        while not is_over:
            try:
                chunk = await _next(answer, work, outlet)
            except UpstreamProblem:
                await _hand_on(work.release(), outlet)
                raise
            out = await aside(work.held_bytes, work.feed, chunk)
            problem = work.refused
            if problem is not None and await _beside(self._sender.may_go_on(errand, problem), work, outlet):
                _follow(errand, work)
                return False
            if problem or not chunk:
                await _hand_on(work.release(), outlet)
                out, is_over = work.close(), True
            if work.failed:
                is_over = True
                if not outlet.is_open:
                    raise work.failed
                errand.fail(work.failed)
            elif out:
                self._sender.learn(errand)
            await _hand_on(out, outlet)
        return True


def _read(client: Client, raw: bytes) -> Question:
    body = loads_request(raw)
    return Question(raw=raw, body=body, ask=PEEKS[client](body))


async def _beside(doing: Coroutine[object, object, T], work: Translation, outlet: Outlet) -> T:
    """Awaits `doing`, with heartbeats to the client until it is done. Raises what it raises."""
    pending = asyncio.gather(doing)
    try:
        while not pending.done():
            await asyncio.wait({pending}, timeout=outlet.quiet_for_s())
            if not pending.done():
                await outlet.write(work.heartbeat())
    finally:
        # When the client is gone, it must end too, and be waited for.
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
    return pending.result()[0]


def _follow(errand: Errand, earlier: Translation) -> None:
    """Where a model is asked elsewhere, an answer that a sign of life has begun must not begin again."""
    if errand.work is not earlier:
        errand.work.follow(earlier)


async def _hand_on(data: bytes, outlet: Outlet) -> None:
    """Writes `data`, if that is anything: even an empty write opens the outlet."""
    if data:
        await outlet.write(data)


async def _next(answer: Answer, work: Translation, outlet: Outlet) -> bytes:
    """The next piece of the answer, b"" at its end, with heartbeats to the client until it comes."""
    while True:
        piece = await _piece(answer, work, outlet.quiet_for_s())
        if piece is not None:
            return piece
        await outlet.write(work.heartbeat())


async def _watched(answer: Answer, work: Translation) -> int:
    """Reads a stream for a client that waits for the whole, up to its end or to what makes an end of it. Gives its size."""
    size_bytes = 0
    while not (work.failed or work.refused) and (piece := await _piece(answer, work, None)):
        size_bytes += len(piece)
        await aside(work.held_bytes, work.feed, piece)
    return size_bytes


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
