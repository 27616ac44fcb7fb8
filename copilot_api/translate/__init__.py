"""From one dialect to another: `begin` says for each request whether it passes through or is translated, and how.

Pass-through is the normal case: bytes go on untouched, we only watch, and known faults have named repairs. Requests translate
pair by pair; answers go through the events of `dialects.events`.
"""

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Ask, Stamp
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate.assembled import AssembledMessages
from copilot_api.translate.chat_to_messages import request as chat_to_messages
from copilot_api.translate.messages_to_chat import request as messages_to_chat
from copilot_api.translate.repair import TOOL_LIMIT, Endpoint, Target, mended
from copilot_api.translate.repair_chat import CHAT
from copilot_api.translate.repair_messages import MESSAGES
from copilot_api.translate.request import Request
from copilot_api.translate.rewrite import Rewrite, warmed
from copilot_api.translate.translation import Client, Prepared, Translation, WayBack
from copilot_api.translate.watch_chat import ChatWatch
from copilot_api.translate.watch_messages import MessagesWatch

__all__ = ["REQUEST_REPAIRS", "Client", "Endpoint", "Translation", "begin"]

REQUEST_REPAIRS = {"/chat/completions": CHAT, "/v1/messages": MESSAGES}
_OWN: dict[Client, Endpoint] = {"chat": "/chat/completions", "messages": "/v1/messages"}
_OTHER: dict[Client, Endpoint] = {"chat": "/v1/messages", "messages": "/chat/completions"}
_REQUESTS = {"messages": messages_to_chat, "chat": chat_to_messages}


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
) -> Translation:
    """How to serve one request: `body` is what `raw` says, `betas` the client's `anthropic-beta` values.

    Raises ClientMistake for what no translation can carry, and for a model that Copilot serves elsewhere.
    """
    endpoint = _endpoint(client, model)
    _check_tools(body)
    request = Request(body=body) if endpoint == _OWN[client] else _REQUESTS[client](body, model)
    sent = request.body
    if model.id != sent.get("model"):
        sent = sent | {"model": model.id}
    stream = _must_stream(endpoint, sent, ask, model)
    if stream != ask.stream:
        sent = sent | {"stream": stream}
    kept = tuple(beta for beta in betas if beta in allowed_betas) if endpoint == "/v1/messages" else ()
    sent, fired = mended(sent, Target(model=model, stream=stream, betas=kept), REQUEST_REPAIRS[endpoint])
    prepared = Prepared(
        client=client,
        endpoint=endpoint,
        asked=body,
        body=sent,
        request=raw if sent is body else dumps(sent),
        stream_upstream=stream,
        stream_client=ask.stream,
        betas=kept,
        losses=request.losses,
        repairs=fired,
        tool_names=request.tool_names,
        custom_tools=request.custom_tools,
        namespaces=request.namespaces,
        model=model,
        stamp=stamp,
        wants_usage=_wants_usage(client, body),
        merges=body.get("n") in {None, 1},
    )
    is_warm_up = client == "messages" and endpoint != "/v1/messages" and ask.max_output == 0
    return Translation(prepared, _way_back(prepared), answer=warmed(prepared) if is_warm_up else None)


def _way_back(prepared: Prepared) -> WayBack:
    if prepared.endpoint != _OWN[prepared.client]:
        return Rewrite(prepared)
    if prepared.client == "chat":
        return ChatWatch(prepared.stamp, wants_usage=prepared.wants_usage, merges=prepared.merges)
    is_assembled = prepared.stream_upstream and not prepared.stream_client
    return AssembledMessages(prepared.stamp) if is_assembled else MessagesWatch(prepared.stamp)


def _endpoint(client: Client, model: Model) -> Endpoint:
    """The client's own endpoint when the model is served there, which loses nothing; else the other one."""
    for endpoint in (_OWN[client], _OTHER[client]):
        if model.kind == "chat" and model.speaks(endpoint):
            return endpoint
    if model.kind != "chat":
        raise ClientMistake(f"{model.id} is not a chat model", param="model", code="model_not_supported")
    raise ClientMistake(
        f"Copilot serves {model.id} at {', '.join(model.endpoints) or 'no endpoint'}, which copilot-api does not speak yet",
        hint="choose a model that copilot-api models lists with chat or messages",
        code="unsupported_api_for_model",
        param="model",
    )


def _must_stream(endpoint: Endpoint, body: Json, ask: Ask, model: Model) -> bool:
    """Copilot answers long outputs of Claude only as a stream; the proxy puts them together for who wants them whole."""
    limit = model.max_output_whole
    cap = body.get("max_tokens")
    return ask.stream or (endpoint == "/v1/messages" and limit is not None and isinstance(cap, int) and cap > limit)


def _check_tools(body: Json) -> None:
    tools = body.get("tools")
    if isinstance(tools, list) and len(tools) > TOOL_LIMIT:
        raise ClientMistake(
            f"tools: {len(tools)} tools, and Copilot takes {TOOL_LIMIT} at the most",
            hint="switch off some tools or MCP servers in the client",
            code="array_above_max_length",
            param="tools",
        )


def _wants_usage(client: Client, body: Json) -> bool:
    options = body.get("stream_options")
    return client == "chat" and isinstance(options, dict) and options.get("include_usage") is True
