"""Token counts: Copilot's own where there is one, else an estimate, set right by what was learned, and never an invention.

Claude Code's /context asks some 36 times at once, so Copilot is asked a few at a time and not at all while it does not answer.
Sources: clients.md §4.1, copilot-upstream.md §6.4, client-apis.md §5.6.
"""

import asyncio
import logging
from dataclasses import replace

from aiohttp import web

from copilot_api import translate
from copilot_api.dialects import messages
from copilot_api.dialects.codec import Json, dumps, loads, loads_request
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj, whole_or_none
from copilot_api.errors import ClientMistake, CopilotApiError
from copilot_api.log import request_id
from copilot_api.server.body import Intake, aside, read_body
from copilot_api.server.calibration import Calibration, Method
from copilot_api.server.relay import Question
from copilot_api.server.repair_book import RepairBook
from copilot_api.settings import Settings
from copilot_api.translate import Client, Endpoint
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import CopilotClient
from copilot_api.upstream.clock import Clock

WITHIN_S = 3.0
AT_ONCE = 4
REST_S = 60.0
"""Seconds for which Copilot is not asked after it failed to count."""

ENDPOINT: Endpoint = "/v1/messages"
PATH = f"{ENDPOINT}/count_tokens"
# What belongs to a request for an answer and is refused in a request for a count.
_NOT_COUNTED = ("max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier")

_log = logging.getLogger(__name__)


class TokenCounts:
    """Serves token counts."""

    def __init__(
        self,
        catalog: Catalog,
        client: CopilotClient,
        calibration: Calibration,
        book: RepairBook,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._catalog = catalog
        self._client = client
        self._calibration = calibration
        self._book = book
        self._betas = settings.betas
        self._intake = Intake.of(settings)
        self._clock = clock
        self._asking = 0
        self._ask_again_at = 0.0

    async def messages(self, request: web.Request) -> web.Response:
        """POST /v1/messages/count_tokens. Raises ClientMistake."""
        raw = await read_body(request, self._intake)
        question = await aside(len(raw), _read, raw)
        counted, method = await self.count(request, "messages", question)
        return told({"input_tokens": counted}, method)

    async def count(self, request: web.Request, client: Client, question: Question) -> tuple[int, Method]:
        """Input tokens of a request in the dialect of `client`, and how they were counted.

        Raises ClientMistake for what cannot be counted; a failure of Copilot's leads to the estimate.
        """
        model = await self._catalog.find(question.ask.model)
        counted = await self._upstream(request, client, question, model) if self._may_ask(model) else None
        if counted is None:
            return await asyncio.to_thread(self._calibration.count, client, question.body, model)
        self._calibration.want(model)
        self._calibration.offer(client, question.body, model, Counted(prompt=counted), size_bytes=len(question.raw))
        return counted, "upstream"

    def _may_ask(self, model: Model) -> bool:
        return model.speaks(ENDPOINT) and self._asking < AT_ONCE and self._clock.monotonic() >= self._ask_again_at

    async def _upstream(self, request: web.Request, client: Client, question: Question, model: Model) -> int | None:
        """Copilot's count of what we would send; None when it has none.

        It counts for one endpoint only, so that is where the request is translated to, wherever it would be answered.
        """
        betas = tuple(beta.strip() for beta in ",".join(request.headers.getall("anthropic-beta", [])).split(","))
        try:
            work = await aside(
                len(question.raw),
                translate.begin,
                client=client,
                body=question.body,
                raw=question.raw,
                ask=question.ask,
                model=replace(model, endpoints=(ENDPOINT,)),
                stamp=Stamp(id="", created=0, model=question.ask.model),
                betas=betas,
                allowed_betas=self._betas,
                learned=self._book.learned(model.id),
            )
        except ClientMistake:
            if client == "messages":
                raise
            return None  # a count may be asked of less than can be answered: of tools alone, of no input
        cleaned = await aside(len(work.request), _countable, work.request)
        self._asking += 1
        try:
            async with asyncio.timeout(WITHIN_S):
                answer = await self._client.send(PATH, cleaned, request_id=request_id.get(), betas=work.betas)
                try:
                    counted = whole_or_none(obj(loads(await answer.read())).get("input_tokens"))
                finally:
                    answer.close()
        except (CopilotApiError, TimeoutError, ValueError) as error:
            counted = None
            reason = error.code or error.kind if isinstance(error, CopilotApiError) else "no count in time"
            _log.info("Copilot does not count tokens now (%s), estimating for %d s", reason, REST_S)
        finally:
            self._asking -= 1
        if counted is None:
            self._ask_again_at = self._clock.monotonic() + REST_S
        return counted


def told(answer: Json, method: Method) -> web.Response:
    """A count, and how it came about."""
    return web.Response(body=dumps(answer), content_type="application/json", headers={"x-copilot-api-token-method": method})


def _read(raw: bytes) -> Question:
    body = loads_request(raw)
    return Question(raw=raw, body=body, ask=messages.peek(body))


def _countable(request: bytes) -> bytes:
    body = obj(loads(request))
    return dumps({key: value for key, value in body.items() if key not in _NOT_COUNTED})
