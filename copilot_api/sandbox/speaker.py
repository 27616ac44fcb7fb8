"""What every model endpoint does: reads the body, has something said, counts it, spends it, and puts it into a reply."""

from collections.abc import Iterable
from dataclasses import replace

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Counted
from copilot_api.dialects.models import Model
from copilot_api.sandbox import answer, estimate, plans
from copilot_api.sandbox.accounts import Accounts
from copilot_api.sandbox.prompt_cache import PromptCache, Unit
from copilot_api.sandbox.question import Question
from copilot_api.sandbox.replies import Frame, Refusal, Reply
from copilot_api.sandbox.script import Answer, Raw, Script
from copilot_api.sandbox.seen import Seen

_STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache"}


class Speaker:
    """`number` counts the answers; ids follow from it."""

    def __init__(self, *, accounts: Accounts, script: Script) -> None:
        self.number = 0
        self._accounts = accounts
        self._script = script
        self._cache = PromptCache()

    def said(self, seen: Seen, asked: Question) -> Answer | Raw:
        """The planned answer to this request, or else a friendly one."""
        self.number += 1
        return self._script.take_answer(seen) or answer.compose(asked)

    def failed(self, problem: str) -> Answer:
        """No answer: there is a problem with the request, which was found out late."""
        self.number += 1
        return Answer(finish="failed", problem=problem)

    def counted(self, said: Answer, model: Model, prompt: Iterable[Unit], *, by_user: bool) -> Counted:
        """The usage of an answer, which is spent on the account as well."""
        units = tuple(prompt)
        read, written = self._cache.measure(units)
        counted = said.usage or Counted(
            prompt=sum(unit.tokens for unit in units),
            output=answer.size(said),
            cached=read,
            cache_write=written if model.is_claude else 0,
            reasoning=estimate.tokens(said.thinking),
        )
        if not counted.nano_aiu:
            counted = replace(counted, nano_aiu=_cost(counted, model))
        multiplier = model.raw.get("billing", {}).get("multiplier", 0)
        self._accounts.spend(counted.nano_aiu, multiplier if by_user else 0)
        return counted

    def stream(self, frames: Iterable[Frame]) -> Reply:
        """A stream, with what is left of the quota."""
        return Reply(headers=_STREAM | self.quota(), frames=tuple(frames))

    def quota(self) -> dict[str, str]:
        """The headers that say what is left."""
        return plans.quota_headers(self._accounts)


def body_of(seen: Seen) -> Json:
    """The body of a request, which must be a JSON object. Raises Refusal."""
    try:
        body = seen.json
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal("failed to parse request", shape="plain")
    return body


def raw_reply(planned: Raw) -> Reply:
    """An answer that was planned byte by byte."""
    frames = tuple(Frame(data=chunk) for chunk in planned.chunks)
    return Reply(status=planned.status, headers=planned.headers, frames=frames)


def _cost(counted: Counted, model: Model) -> int:
    """Billionths of a credit, by the catalog's prices."""
    prices = model.raw.get("billing", {}).get("token_prices")
    if not prices:
        return 0
    rates = prices["default"]
    fresh = counted.prompt - counted.cached - counted.cache_write
    cost = fresh * rates["input_price"] + counted.cached * rates["cache_price"]
    cost += counted.cache_write * rates.get("cache_write_price", rates["input_price"]) + counted.output * rates["output_price"]
    return int(cost * plans.NANO / prices["batch_size"])
