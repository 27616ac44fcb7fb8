"""Copilot's side of the sandbox: the data plane. Source: copilot-upstream.md."""

from collections.abc import Callable
from dataclasses import replace

from copilot_api.sandbox import chat_wire, embeddings, gate, messages_wire, prompt_cache, question, traits
from copilot_api.sandbox.accounts import Accounts
from copilot_api.sandbox.catalog import Catalog
from copilot_api.sandbox.replies import MESSAGES_SHAPES, Refusal, Reply, Shape, draw, json_reply, text_reply
from copilot_api.sandbox.responses import Responses
from copilot_api.sandbox.script import Raw, Script
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.speaker import Speaker, body_of, raw_reply
from copilot_api.sandbox.strict import chat, messages


class Copilot:
    """Answers for the plane "copilot". Counts its answers and refusals: ids and error shapes follow from the numbers."""

    def __init__(self, *, accounts: Accounts, catalog: Catalog, script: Script) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._script = script
        self._refusals = 0
        self._speaker = Speaker(accounts=accounts, script=script)
        self.responses = Responses(self._speaker, accounts=accounts, catalog=catalog, script=script)
        self._thought_calls: set[str] = set()
        self._routes: dict[tuple[str, str], Callable[[Seen], Reply]] = {
            ("GET", "/models"): lambda _: self._catalog.listing(),
            ("POST", "/chat/completions"): self._chat,
            ("POST", "/responses"): self.responses.reply,
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
        count = self._speaker.number + self._refusals
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
            return lambda s: self._catalog.accept_terms(name, body_of(s))
        return None

    def _shape(self, path: str) -> Shape:
        if not path.startswith("/v1/messages"):
            return "error"
        self._refusals += 1
        return self._script.error_shape or MESSAGES_SHAPES[(self._refusals - 1) % len(MESSAGES_SHAPES)]

    def _chat(self, seen: Seen) -> Reply:
        body = body_of(seen)
        model = self._catalog.usable(body.get("model"), "/chat/completions")
        chat.check(body, model, seen)
        asked = question.from_chat(body, model)
        said = self._speaker.said(seen, asked)
        if isinstance(said, Raw):
            return raw_reply(said)
        counted = self._speaker.counted(said, model, prompt_cache.units_of_chat(body, model), by_user=seen.by_user)
        facts = chat_wire.Facts(
            number=self._speaker.number,
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
            return self._speaker.stream(chat_wire.frames(said, facts))
        return json_reply(chat_wire.whole(said, facts), headers=self._speaker.quota())

    def _messages(self, seen: Seen) -> Reply:
        body = body_of(seen)
        model = self._catalog.usable(body.get("model"), "/v1/messages")
        messages.check(body, messages.context(seen, model, self._thought_calls))
        asked = question.from_messages(body, model)
        said = self._speaker.said(seen, asked)
        if isinstance(said, Raw):
            return raw_reply(said)
        counted = self._speaker.counted(said, model, prompt_cache.units_of_messages(body), by_user=seen.by_user)
        facts = messages_wire.Facts(
            number=self._speaker.number,
            model=traits.dated_name(model),
            family=model.family or model.id,
            traits=traits.of(model),
            usage=counted,
            shows_thinking=asked.shows_thinking,
        )
        if said.thinking or said.redacted:
            self._thought_calls |= set(messages_wire.tool_ids(said, facts))
        if body.get("stream"):
            return self._speaker.stream(messages_wire.frames(said, facts))
        return json_reply(messages_wire.whole(said, facts), headers=self._speaker.quota())

    def _count_tokens(self, seen: Seen) -> Reply:
        body = body_of(seen)
        model = self._catalog.usable(body.get("model"), "/v1/messages")
        messages.check_countable(body, messages.context(seen, model, self._thought_calls))
        return json_reply({"input_tokens": sum(unit.tokens for unit in prompt_cache.units_of_messages(body))})

    def _embeddings(self, seen: Seen) -> Reply:
        body = body_of(seen)
        planned = self._script.take_answer(seen)
        if isinstance(planned, Raw):
            return raw_reply(planned)
        reply = embeddings.reply(body, self._catalog.usable(body.get("model"), "/embeddings"))
        return replace(reply, headers={**reply.headers, **self._speaker.quota()})
