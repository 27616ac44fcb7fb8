"""Sending a request to Copilot: again where a refusal need not stand, and with a reason where it does.

What to do after which refusal is a table (`translate.retries`); here it is done, and what was learned is remembered.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import replace

from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj, strings
from copilot_api.errors import ClientMistake, UpstreamRefused
from copilot_api.log import request_id
from copilot_api.server.errand import Errand
from copilot_api.server.repair_book import RepairBook
from copilot_api.settings import Settings
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import Answer, CopilotClient
from copilot_api.upstream.clock import Clock

ROLLOUT_WITHIN_S = 30.0
"""Seconds in which a model that Copilot refuses by turns must have been served."""

HOPELESS_S = 300.0
"""Seconds in which a model that was refused every time is not tried so often again."""

MODELS_SHOWN = 40
NO_MODEL = frozenset(
    {"model_not_supported", "model_not_allowed", "no_available_model_endpoints", "model_not_available_for_integrator"}
)

_INTEGRATOR = re.compile(r"not available for integrator", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[^A-Za-z0-9_.*\[\] $-]")

_log = logging.getLogger(__name__)


class Sender:
    """Sends what was translated. Owns which models were refused of late whatever was tried."""

    def __init__(self, catalog: Catalog, client: CopilotClient, book: RepairBook, settings: Settings, clock: Clock) -> None:
        self._catalog = catalog
        self._client = client
        self._book = book
        self._delay_s = settings.rollout_delay_s
        self._always_user = settings.always_user
        self._clock = clock
        self._hopeless: dict[str, float] = {}

    def check(self) -> None:
        """Raises UpstreamUnreachable when it is known that nothing can be sent just now."""
        self._client.check()

    async def send(self, errand: Errand) -> Answer:
        """The upstream answer, begun; `errand.work` may be another one then. Raises what the client raises."""
        began = self._clock.monotonic()
        while True:
            try:
                answer = await self._once(errand)
            except UpstreamRefused as problem:
                if not await self._may_go_on(errand, problem, began):
                    raise await self._explained(errand.model, problem) from problem
            else:
                self._hopeless.pop(errand.model.id, None)
                errand.fired += sorted(answer.replays)
                return answer

    async def may_go_on(self, errand: Errand, problem: UpstreamRefused) -> bool:
        """Whether there is something to `send` after an answer that turned out to be a refusal, which may take a pause.

        Nobody knows whether an answer that began was counted; the official client says "agent" then (premium-requests.md §3).
        """
        if not await self._may_go_on(errand, problem, self._clock.monotonic()):
            return False
        errand.work.start_over()
        if not self._always_user:
            errand.ask = replace(errand.ask, initiator="agent", why="sent again after an answer that failed as it began")
        return True

    def learn(self, errand: Errand) -> None:
        """Remembers what it took to have the request accepted."""
        for lesson in self._book.learn(errand.model.id, errand.work.endpoint, errand.work.lessons):
            name = _UNPRINTABLE.sub("?", lesson.name)[:200]
            _log.info("%s at %s refuses %s, which is left out from now on", errand.model.id, errand.work.endpoint, name)

    async def _once(self, errand: Errand) -> Answer:
        work = errand.work
        return await self._client.send(
            work.endpoint,
            work.request,
            request_id=request_id.get(),
            ask=errand.ask,
            betas=work.betas,
            is_replayable=errand.is_replayable,
        )

    async def _may_go_on(self, errand: Errand, problem: UpstreamRefused, began: float) -> bool:
        """Whether there is something to send now, which may take a pause."""
        if problem.code == "model_not_supported":
            self._catalog.doubt()
        again = errand.work.after_refusal(problem)
        if again is None:
            return False
        if again.elsewhere:
            return self._reroute(errand)
        return await self._paused(errand.model.id, began) if again.later else True

    def _reroute(self, errand: Errand) -> bool:
        """Takes another endpoint of the model's, when the list was wrong about this one; False when there is none."""
        rest = tuple(endpoint for endpoint in errand.model.endpoints if endpoint != errand.work.endpoint)
        elsewhere = replace(errand.model, endpoints=rest)
        repairs = errand.work.repairs
        try:
            errand.work = errand.begin(elsewhere)
        except ClientMistake:
            return False
        errand.fired += [name for name in repairs if name == "endpoint-corrected"]
        self._catalog.correct(elsewhere)
        return True

    async def _paused(self, model: str, began: float) -> bool:
        """Waits for the next try, if there is to be one."""
        now = self._clock.monotonic()
        is_hopeless = now - self._hopeless.get(model, -HOPELESS_S) < HOPELESS_S
        if not self._delay_s or is_hopeless or now + self._delay_s - began > ROLLOUT_WITHIN_S:
            return False
        _log.info("Copilot refused %s, which it lists; trying again in %g s", model, self._delay_s)
        await self._clock.sleep(self._delay_s)
        return True

    async def _explained(self, model: Model, problem: UpstreamRefused) -> UpstreamRefused:
        """The refusal of a model with the reason for it, as far as it can be known, and with the models that can be used."""
        if problem.code not in NO_MODEL or _INTEGRATOR.search(problem.message):
            return problem
        self._hopeless[model.id] = self._clock.monotonic()
        models = await self._catalog.reread()
        explained = UpstreamRefused(
            f"Copilot does not serve {model.id}: {_reason(models.get(model.id))}",
            status=problem.status,
            kind=problem.kind,
            code=problem.code,
            param="model",
            hint=f"usable models: {_usable(models.values(), model.id)}; copilot-api models says more",
        )
        explained.should_retry = False
        return explained


def _reason(listed: Model | None) -> str:
    """Why a model is refused, by what the catalog now says of it."""
    if listed is None:
        return "its list of models does not hold it any more"
    if not listed.enabled:
        return "it is not enabled for this account; see github.com/settings/copilot, or ask the owner of the organisation"
    plans = strings(obj(listed.raw.get("billing")).get("restricted_to"))
    for_plans = f"it may not be part of your plan (it is for {', '.join(plans)}), " if plans else ""
    return f"it is listed and enabled all the same; {for_plans}it may still be rolled out, or not be offered in your region"


def _usable(models: Iterable[Model], refused: str) -> str:
    ids = [model.id for model in models if model.enabled and model.kind == "chat" and model.id != refused]
    return ", ".join(ids[:MODELS_SHOWN]) or "none"
