"""From one dialect to another: `begin` says for each request whether it passes through or is translated, and how.

Pass-through is the normal case: bytes go on untouched, we only watch, and known faults have named repairs. Requests translate
pair by pair; answers go through the events of `dialects.events`.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Ask, Stamp
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import free_text
from copilot_api.translate.assembled import AssembledMessages
from copilot_api.translate.betas import taken
from copilot_api.translate.chat_to_messages import request as chat_to_messages
from copilot_api.translate.chat_to_responses import request as chat_to_responses
from copilot_api.translate.gemini_to_chat import request as gemini_to_chat
from copilot_api.translate.gemini_to_messages import request as gemini_to_messages
from copilot_api.translate.gemini_to_responses import request as gemini_to_responses
from copilot_api.translate.learned import Lesson, lost
from copilot_api.translate.messages_to_chat import request as messages_to_chat
from copilot_api.translate.messages_to_responses import request as messages_to_responses
from copilot_api.translate.repair import Endpoint, Target, mended
from copilot_api.translate.repair_names import renamed
from copilot_api.translate.repair_requests import REQUESTS
from copilot_api.translate.repair_responses_names import NO_PLACES, own_places
from copilot_api.translate.request import Request
from copilot_api.translate.responses_to_chat import request as responses_to_chat
from copilot_api.translate.responses_to_messages import request as responses_to_messages
from copilot_api.translate.rewrite import Rewrite, warmed
from copilot_api.translate.translation import OWN_ENDPOINTS, Client, Prepared, Translation, WayBack
from copilot_api.translate.watch_chat import ChatWatch
from copilot_api.translate.watch_messages import MessagesWatch
from copilot_api.translate.watch_responses import ResponsesWatch

__all__ = ["Client", "Endpoint", "Translation", "begin"]

_NOTHING_LEARNED: Mapping[str, AbstractSet[Lesson]] = {}

# Where a client's request goes, best first: its own dialect loses nothing, the others more and more (copilot-upstream §2.5).
_PREFERENCE: dict[Client, tuple[Endpoint, ...]] = {
    "chat": ("/chat/completions", "/v1/messages", "/responses"),
    "messages": ("/v1/messages", "/responses", "/chat/completions"),
    "responses": ("/responses", "/v1/messages", "/chat/completions"),
    "gemini": ("/chat/completions", "/v1/messages", "/responses"),
}
_REQUESTS: dict[tuple[Client, Endpoint], Callable[[Json, Model], Request]] = {
    ("chat", "/v1/messages"): chat_to_messages,
    ("chat", "/responses"): chat_to_responses,
    ("messages", "/chat/completions"): messages_to_chat,
    ("messages", "/responses"): messages_to_responses,
    ("responses", "/chat/completions"): responses_to_chat,
    ("responses", "/v1/messages"): responses_to_messages,
    ("gemini", "/chat/completions"): gemini_to_chat,
    ("gemini", "/v1/messages"): gemini_to_messages,
    ("gemini", "/responses"): gemini_to_responses,
}


def begin(
    *,
    client: Client,
    body: Json,
    raw: bytes,
    ask: Ask,
    model: Model,
    stamp: Stamp,
    betas: tuple[str, ...] = (),
    allowed_betas: tuple[str, ...] = (),
    learned: Mapping[str, AbstractSet[Lesson]] = _NOTHING_LEARNED,
    web_search: bool = False,
) -> Translation:
    """How to serve one request: `body` is what `raw` says, `betas` the client's `anthropic-beta` values.

    `learned` is what the model was found to refuse, by endpoint. `web_search`: the person has it that a Responses client may
    have the web searched, where Copilot lets it; the other dialects have no such tool that could be carried (translation §1.6).

    Raises ClientMistake for what no translation can carry, and for a model that Copilot serves elsewhere.
    """
    endpoint = _endpoint(client, model)
    is_own = OWN_ENDPOINTS.get(client) == endpoint
    request = Request(body=body) if is_own else _REQUESTS[client, endpoint](body, model)
    sent = request.body
    if model.id != sent.get("model"):
        sent = sent | {"model": model.id}
    stream = _must_stream(endpoint, sent, ask, model)
    if stream != ask.stream:
        sent = sent | {"stream": stream}
    lessons = frozenset(learned.get(endpoint, ()))
    has_betas = endpoint == "/v1/messages"
    kept, fired_for_betas = taken(betas, allowed=allowed_betas, lessons=lessons) if has_betas else ((), ())
    target = Target(model=model, stream=stream, betas=kept, lessons=lessons, web_search=web_search)
    before = sent
    try:
        sent, fired = mended(sent, target, REQUESTS[endpoint])
    except ClientMistake as problem:
        problem.endpoint = endpoint
        raise
    prepared = Prepared(
        client=client,
        endpoint=endpoint,
        asked=body,
        body=sent,
        request=raw if sent is body else dumps(sent),
        stream_upstream=stream,
        stream_client=ask.stream,
        betas=kept,
        losses=request.losses | lost(before, lessons),
        repairs=(*fired_for_betas, *fired),
        tool_names=request.tool_names | (renamed(before, endpoint) if "tool-names-mapped" in fired else {}),
        custom_tools=request.custom_tools,
        namespaces=request.namespaces,
        model=model,
        target=target,
        stamp=stamp,
        wants_usage=_wants_usage(client, body),
        merges=body.get("n", 1) in (None, 1),
    )
    is_warm_up = client == "messages" and endpoint != "/v1/messages" and ask.max_output == 0
    return Translation(prepared, _way_back(prepared), answer=warmed(prepared) if is_warm_up else None)


def _way_back(prepared: Prepared) -> WayBack:
    if OWN_ENDPOINTS.get(prepared.client) != prepared.endpoint:
        return Rewrite(prepared)
    stamp, names = prepared.stamp, prepared.tool_names
    if prepared.client == "chat":
        return ChatWatch(stamp, wants_usage=prepared.wants_usage, merges=prepared.merges, tool_names=names)
    if prepared.client == "responses":
        asked = prepared.asked
        places = own_places(asked) if "tool-names-mapped" in prepared.repairs else NO_PLACES
        return ResponsesWatch(stamp, prepared.model, request=asked, freed=free_text.named(asked), tool_names=places)
    is_assembled = prepared.stream_upstream and not prepared.stream_client
    return AssembledMessages(stamp, tool_names=names) if is_assembled else MessagesWatch(stamp, tool_names=names)


def _endpoint(client: Client, model: Model) -> Endpoint:
    """The first of the client's preferences that the model is served at."""
    if model.kind != "chat":
        raise ClientMistake(f"{model.id} is not a chat model", param="model", code="model_not_supported")
    for endpoint in _PREFERENCE[client]:
        if model.speaks(endpoint):
            return endpoint
    raise ClientMistake(
        f"Copilot serves {model.id} at {', '.join(model.endpoints) or 'no endpoint'}, which copilot-api does not speak",
        hint="copilot-api models lists the models that can be asked",
        code="unsupported_api_for_model",
        param="model",
    )


def _must_stream(endpoint: Endpoint, body: Json, ask: Ask, model: Model) -> bool:
    """Copilot answers long outputs of Claude only as a stream; the proxy puts them together for who wants them whole."""
    limit = model.max_output_whole
    cap = body.get("max_tokens")
    return ask.stream or (endpoint == "/v1/messages" and limit is not None and isinstance(cap, int) and cap > limit)


def _wants_usage(client: Client, body: Json) -> bool:
    options = body.get("stream_options")
    return client == "chat" and isinstance(options, dict) and options.get("include_usage") is True
