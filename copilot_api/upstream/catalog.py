"""The models of this account: read from Copilot, kept for a while, kept longer when Copilot cannot be asked."""

import asyncio
import logging
import math
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from copilot_api.dialects.models import Model, parse_list
from copilot_api.errors import ClientMistake, CopilotApiError, ModelUnknown, UpstreamBroke, UpstreamTimeout
from copilot_api.settings import Settings
from copilot_api.upstream.client import CopilotClient
from copilot_api.upstream.clock import Clock
from copilot_api.upstream.names import closest, resolve

RETRY_S = 60.0
"""Seconds before the list is asked for again after that failed, and before a name nobody knows makes us ask again."""

PATIENCE_S = 20.0
"""Seconds that reading the list may take. Somebody may be waiting for it."""

_ENABLE = "you can enable it at github.com/settings/copilot; where an organisation pays, its owner decides"
_WRONG_KIND = {
    "chat": "is a chat model: it answers /v1/chat/completions and /v1/messages",
    "embeddings": "makes embeddings: send it to /v1/embeddings",
    "completion": "only completes code in editors and cannot be used here",
}

_log = logging.getLogger(__name__)


class Catalog:
    """The one owner of the model list. Age is measured on two clocks, so that a laptop's sleep counts."""

    def __init__(self, client: CopilotClient, settings: Settings, clock: Clock) -> None:
        self._client = client
        self._aliases = settings.aliases
        self._keep_s = settings.catalog_s
        self._clock = clock
        self._models: Mapping[str, Model] = MappingProxyType({})
        self._read_at = self._tried_at = (-math.inf, -math.inf)
        self._rest_s = 0.0
        self._turn = asyncio.Lock()

    @property
    def known(self) -> Mapping[str, Model]:
        """The list as it is, without asking; empty before it was first read."""
        return self._models

    async def models(self) -> Mapping[str, Model]:
        """The models by id, in Copilot's order; never waits once there is a list. Raises what the client raises."""
        if not self._models:
            await self._refresh(unless_within_s=RETRY_S)
        return self._models

    async def find(self, name: str, *, kind: Literal["chat", "embeddings"] = "chat") -> Model:
        """The model that `name` means, if it can be used for `kind`. Raises ModelUnknown or ClientMistake, saying why not."""
        model = await self.look_up(name)
        if model.kind != kind:
            raise ClientMistake(f"The model {model.id!r} {_WRONG_KIND[model.kind]}", code="model_not_supported", param="model")
        if not model.enabled:
            raise ModelUnknown(
                f"The model {model.id!r} is not enabled for your account", hint=_ENABLE, code="model_not_enabled"
            )
        return model

    async def look_up(self, name: str) -> Model:
        """The model that `name` means, whatever it is and whether or not it is enabled. Raises ModelUnknown."""
        found = resolve(name, await self.models(), self._aliases)
        if found is None and self._age_s(self._read_at) >= RETRY_S:
            await self._refresh(unless_within_s=RETRY_S)  # it may be new
            found = resolve(name, self._models, self._aliases)
        if found is None:
            raise self._unknown(name)
        return found

    async def reread(self) -> Mapping[str, Model]:
        """The list read anew, once a minute at the most; the old one when that fails."""
        await self._refresh(unless_within_s=RETRY_S)
        return self._models

    def doubt(self) -> None:
        """Copilot refused a model that the list holds: the list is read again soon."""
        self._read_at = (-math.inf, -math.inf)

    def correct(self, model: Model) -> None:
        """Puts `model` in the place of the entry of its id, which proved wrong; until the list is read again."""
        self._models = MappingProxyType({**self._models, model.id: model})

    def forget(self) -> None:
        """Another account will have another list."""
        self._models = MappingProxyType({})
        self.doubt()

    async def keep_fresh(self) -> None:
        """The body of a background task: reads the list again when it is `catalog_s` old. Runs until cancelled.

        The first time is somebody else's business: without a list every failure is raised.
        """
        while True:
            await self._clock.sleep(min(self._keep_s, RETRY_S))
            if self._models and self._age_s(self._read_at) >= self._keep_s:
                try:
                    await self._refresh(unless_within_s=min(self._keep_s, RETRY_S))
                except Exception:  # noqa: BLE001 - a task's top: it goes on whatever happens
                    _log.exception("the model list could not be read")

    async def _refresh(self, *, unless_within_s: float) -> None:
        """Reads the list, one caller at a time, unless somebody tried within the last seconds."""
        async with self._turn:
            if self._models and self._age_s(self._tried_at) < max(unless_within_s, self._rest_s):
                return
            self._tried_at, self._rest_s = self._now(), 0.0
            try:
                self._models = await self._read()
                self._read_at = self._now()
            except CopilotApiError as problem:
                if not self._models:
                    raise
                if problem.kind == "rate_limit":
                    self._rest_s = self._keep_s
                _log.warning("the model list could not be read, the old one is kept: %s", problem.code or problem.kind)

    async def _read(self) -> Mapping[str, Model]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._client.get("/models", request_id=str(uuid.uuid4()))
        except TimeoutError as error:
            raise UpstreamTimeout("Copilot's model list did not come in time") from error
        models = parse_list(answer)
        if not models:
            raise UpstreamBroke("Copilot's model list is empty", hint="see github.com/settings/copilot for your plan")
        return MappingProxyType(models)

    def _unknown(self, name: str) -> ModelUnknown:
        usable = [model.id for model in self._models.values() if model.enabled and model.kind != "completion"]
        close = closest(name, usable)
        guess = f"did you mean {close}? " if close else ""
        return ModelUnknown(
            f"The model {name!r} does not exist or you do not have access to it",
            hint=f"{guess}usable models: {', '.join(usable) or 'none'}",
        )

    def _now(self) -> tuple[float, float]:
        return self._clock.monotonic(), self._clock.wall()

    def _age_s(self, since: tuple[float, float]) -> float:
        """Seconds since then: the clock that counted more is right, the other one slept or was set back."""
        monotonic, wall = self._now()
        return max(monotonic - since[0], wall - since[1])
