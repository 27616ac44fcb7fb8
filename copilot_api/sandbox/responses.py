"""Copilot's /responses: over HTTP, and message by message over a WebSocket. Source: copilot-upstream.md §4 and §5."""

from dataclasses import replace

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.models import Model
from copilot_api.sandbox import gate, plans, prompt_cache, responses_question, responses_wire, traits
from copilot_api.sandbox.accounts import Accounts
from copilot_api.sandbox.catalog import Catalog
from copilot_api.sandbox.connection import Connection
from copilot_api.sandbox.replies import Frame, Refusal, Reply, draw, json_reply
from copilot_api.sandbox.responses_wire import Facts
from copilot_api.sandbox.script import Answer, Raw, Script
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.speaker import Speaker, body_of, raw_reply
from copilot_api.sandbox.strict import responses, responses_turns

# What a refusal is called in a WebSocket's errors, where HTTP has a status.
_SOCKET_CODES = {
    400: "bad_request",
    401: "session_expired",
    402: "quota_exceeded",
    403: "bad_request",
    404: "not_found",
    413: "request_too_large",
    429: "rate_limited",
    503: "service_unavailable",
}
_UNREADABLE = "Encrypted function output content could not be decrypted or decoded"
# Codes that HTTP has as well and that say more.
_TELLING = {
    "previous_response_not_found",
    "unsupported_api_for_model",
    "model_not_supported",
    "model_max_prompt_tokens_exceeded",
}


class Responses:
    """One endpoint. Every HTTP request is a connection of its own."""

    def __init__(self, speaker: Speaker, *, accounts: Accounts, catalog: Catalog, script: Script) -> None:
        self._speaker = speaker
        self._accounts = accounts
        self._catalog = catalog
        self._script = script

    def reply(self, seen: Seen) -> Reply:
        """The answer to a POST. Raises Refusal."""
        body = body_of(seen)
        model = self._catalog.usable(body.get("model"), "/responses")
        if (earlier := body.get("previous_response_id")) is not None:
            raise _not_found(earlier)
        said = self._said(seen, body, model, Connection("http"), sees=seen.sees)
        if isinstance(said, Raw):
            return raw_reply(said)
        facts = self._facts(said, body, model, "http", by_user=seen.by_user)
        if body.get("stream"):
            return self._speaker.stream(responses_wire.frames(said, facts))
        return json_reply(responses_wire.whole(said, facts), headers=self._speaker.quota())

    def admit(self, seen: Seen) -> Reply | None:
        """The refusal of a WebSocket, if it is refused."""
        try:
            gate.check(seen, self._accounts)
        except Refusal as refusal:
            return draw(refusal, "error")
        return None

    def message(self, seen: Seen, connection: Connection) -> Reply:
        """The answer to one message on a WebSocket, an error included: always a stream."""
        try:
            return self._message(seen, connection)
        except RecursionError:
            return self.socket_error(400, "failed to parse request")
        except Refusal as refusal:
            return self.socket_error(refusal.status, refusal.message, refusal.code if refusal.code in _TELLING else "")

    def socket_error(self, status: int, message: str, code: str = "") -> Reply:
        """An error as a WebSocket has it; the `code` follows from the status where none is given."""
        detail = {"code": code or _SOCKET_CODES.get(status, "internal_error"), "message": message}
        error: Json = {"type": "error", "error": detail, "copilot_quota_snapshots": plans.socket_snapshots(self._accounts)}
        return Reply(status=status, frames=(Frame(data=dumps(error), closing=True),))

    def _message(self, seen: Seen, connection: Connection) -> Reply:
        gate.check(seen, self._accounts)
        message = body_of(seen)
        if message.get("type") != "response.create":
            raise Refusal(f"Invalid value: '{message.get('type')}'. Supported values are: 'response.create'.")
        body = {k: v for k, v in message.items() if k not in {"type", "initiator", "stream"}}
        model = self._catalog.usable(body.get("model"), "/responses")
        if "ws:/responses" not in model.endpoints:
            raise Refusal(
                f'model "{model.id}" is not accessible via the ws:/responses endpoint', code="unsupported_api_for_model"
            )
        body = self._continued(body, connection)
        # No header comes with a message, so none is needed for images.
        said = self._said(seen, body, model, connection, sees=True)
        if isinstance(said, Raw):
            return raw_reply(said)
        facts = self._facts(said, body, model, connection.name, by_user=message.get("initiator") == "user")
        facts = replace(facts, quota=plans.socket_snapshots(self._accounts))
        output = responses_wire.whole(said, facts)["output"]
        connection.remember(facts.number, responses_question.items_of(body), output)
        return self._speaker.stream(responses_wire.frames(said, facts))

    def _continued(self, body: Json, connection: Connection) -> Json:
        """The body with everything in it that was said on this connection before and that it refers to."""
        given = body.get("input")
        items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
        if len(items) == len(given or ()):
            body = body | {"input": connection.resolved(items) or given}
        earlier_id = body.get("previous_response_id")
        if earlier_id is None:
            return body
        earlier = connection.earlier(earlier_id)
        if earlier is None:
            raise _not_found(earlier_id)
        return body | {"input": [*earlier, *responses_question.items_of(body)]}

    def _said(self, seen: Seen, body: Json, model: Model, connection: Connection, *, sees: bool) -> Answer | Raw:
        responses.check_input(body, model)
        try:
            responses.check(body, model, connection, sees=sees, web_search=self._script.web_search)
        except Refusal as refusal:
            if not self._script.late_refusals:
                raise
            return self._speaker.failed(refusal.message)
        try:
            responses_turns.check_seals(responses_question.items_of(body), model)
        except Refusal as refusal:
            if not (self._script.late_refusals or traits.of(model).late_seals):
                raise
            return self._speaker.failed(_UNREADABLE if traits.of(model).late_seals else refusal.message)
        return self._speaker.said(seen, responses_question.ask(body, model))

    def _facts(self, said: Answer, body: Json, model: Model, connection: str, *, by_user: bool) -> Facts:
        return Facts(
            number=self._speaker.number,
            created=int(self._accounts.clock()),
            model=traits.dated_name(model),
            family=model.family or model.id,
            traits=traits.of(model),
            usage=self._speaker.counted(said, model, prompt_cache.units_of_responses(body), by_user=by_user),
            connection=connection,
            request=body,
            seals="reasoning.encrypted_content" in (body.get("include") or ()),
            summarises=(body.get("reasoning") or {}).get("summary") not in {None, "off"},
        )


def _not_found(response_id: object) -> Refusal:
    return Refusal(
        f"Previous response with id '{response_id}' not found.",
        code="previous_response_not_found",
        param="previous_response_id",
    )
