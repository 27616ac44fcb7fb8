"""Copilot's side of the sandbox: the data plane. Source: copilot-upstream.md."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Counted
from copilot_api.dialects.models import Model
from copilot_api.sandbox import (
    answer,
    chat_wire,
    embeddings,
    estimate,
    gate,
    messages_wire,
    plans,
    prompt_cache,
    question,
    traits,
)
from copilot_api.sandbox.accounts import Accounts
from copilot_api.sandbox.catalog import Catalog
from copilot_api.sandbox.prompt_cache import PromptCache, Unit
from copilot_api.sandbox.question import Question
from copilot_api.sandbox.replies import (
    MESSAGES_SHAPES,
    Frame,
    Refusal,
    Reply,
    Shape,
    draw,
    json_reply,
    text_reply,
)
from copilot_api.sandbox.script import Answer, Raw, Script
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.strict import chat, messages

_STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache"}


class Copilot:
    """Answers for the plane "copilot". Counts its answers and refusals: ids and error shapes follow from the numbers."""

    def __init__(self, *, accounts: Accounts, catalog: Catalog, script: Script) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._script = script
        self._answers = 0
        self._refusals = 0
        self._cache = PromptCache()
        self._thought_calls: set[str] = set()
        self._routes: dict[tuple[str, str], Callable[[Seen], Reply]] = {
            ("GET", "/models"): lambda _: self._catalog.listing(),
            ("POST", "/chat/completions"): self._chat,
            ("POST", "/v1/messages"): self._messages,
            ("POST", "/v1/messages/count_tokens"): self._count_tokens,
            ("POST", "/embeddings"): self._embeddings,
        }

    def reply(self, seen: Seen) -> Reply:
        """The answer to any request."""
        if (seen.method, seen.path) == ("GET", "/_ping"):
            return text_reply("ok")
        route = self._routes.get((seen.method, seen.path)) or self._model_route(seen)
        if route is None:
            return text_reply("404 page not found", status=404)
        try:
            gate.check(seen, self._accounts)
            reply = route(seen)
        except RecursionError:
            reply = text_reply("failed to parse request", status=400)
        except Refusal as refusal:
            reply = draw(refusal, refusal.shape or self._shape(seen.path), f"req_sandbox{self._refusals:06d}")
        count = self._answers + self._refusals
        ids = {"x-request-id": seen.headers.get("x-request-id") or f"sandbox-{count}", "x-github-request-id": f"5A4D:{count}"}
        return replace(reply, headers={**ids, **reply.headers})

    def _model_route(self, seen: Seen) -> Callable[[Seen], Reply] | None:
        """`/models/{id}` and `/models/{id}/policy`."""
        head, _, rest = seen.path.removeprefix("/").partition("/")
        name, _, tail = rest.partition("/")
        if head != "models" or not name:
            return None
        if seen.method == "GET" and not tail:
            return lambda _: self._catalog.entry(name)
        if seen.method == "POST" and tail == "policy":
            return lambda s: self._catalog.accept_terms(name, _body(s))
        return None

    def _shape(self, path: str) -> Shape:
        if not path.startswith("/v1/messages"):
            return "error"
        self._refusals += 1
        return self._script.error_shape or MESSAGES_SHAPES[(self._refusals - 1) % len(MESSAGES_SHAPES)]

    def _chat(self, seen: Seen) -> Reply:
        body = _body(seen)
        model = self._catalog.usable(body.get("model"), "/chat/completions")
        chat.check(body, model, seen)
        asked = question.from_chat(body, model)
        said = self._said(seen, asked)
        if isinstance(said, Raw):
            return _raw(said)
        counted = self._counted(said, model, prompt_cache.units_of_chat(body, model), seen)
        facts = chat_wire.Facts(
            number=self._answers,
            created=int(self._accounts.clock()),
            model=traits.dated_name(model),
            family=model.family or model.id,
            vendor=model.vendor,
            traits=traits.of(model),
            usage=counted,
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
            choices=int(body.get("n") or 1),
        )
        if body.get("stream"):
            return self._stream(tuple(chat_wire.frames(said, facts)))
        return json_reply(chat_wire.whole(said, facts), headers=self._quota())

    def _messages(self, seen: Seen) -> Reply:
        body = _body(seen)
        model = self._catalog.usable(body.get("model"), "/v1/messages")
        messages.check(body, messages.context(seen, model, self._thought_calls))
        asked = question.from_messages(body, model)
        said = self._said(seen, asked)
        if isinstance(said, Raw):
            return _raw(said)
        counted = self._counted(said, model, prompt_cache.units_of_messages(body), seen)
        facts = messages_wire.Facts(
            number=self._answers,
            model=traits.dated_name(model),
            family=model.family or model.id,
            traits=traits.of(model),
            usage=counted,
            shows_thinking=asked.shows_thinking,
        )
        if said.thinking or said.redacted:
            self._thought_calls |= set(messages_wire.tool_ids(said, facts))
        if body.get("stream"):
            return self._stream(tuple(messages_wire.frames(said, facts)))
        return json_reply(messages_wire.whole(said, facts), headers=self._quota())

    def _count_tokens(self, seen: Seen) -> Reply:
        body = _body(seen)
        model = self._catalog.usable(body.get("model"), "/v1/messages")
        messages.check_countable(body, messages.context(seen, model, self._thought_calls))
        return json_reply({"input_tokens": sum(unit.tokens for unit in prompt_cache.units_of_messages(body))})

    def _embeddings(self, seen: Seen) -> Reply:
        body = _body(seen)
        planned = self._script.take_answer(seen)
        if isinstance(planned, Raw):
            return _raw(planned)
        reply = embeddings.reply(body, self._catalog.usable(body.get("model"), "/embeddings"))
        return replace(reply, headers={**reply.headers, **self._quota()})

    def _said(self, seen: Seen, asked: Question) -> Answer | Raw:
        self._answers += 1
        return self._script.take_answer(seen) or answer.compose(asked)

    def _counted(self, said: Answer, model: Model, prompt: Iterable[Unit], seen: Seen) -> Counted:
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
        by_user = seen.headers.get("x-initiator") == "user"
        multiplier = model.raw.get("billing", {}).get("multiplier", 0)
        self._accounts.spend(counted.nano_aiu, multiplier if by_user else 0)
        return counted

    def _stream(self, frames: tuple[Frame, ...]) -> Reply:
        return Reply(headers=_STREAM | self._quota(), frames=frames)

    def _quota(self) -> dict[str, str]:
        return plans.quota_headers(self._accounts)


def _body(seen: Seen) -> Json:
    try:
        body = seen.json
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal("failed to parse request", shape="plain")
    return body


def _raw(planned: Raw) -> Reply:
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
