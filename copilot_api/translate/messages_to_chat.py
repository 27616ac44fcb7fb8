"""An Anthropic Messages request as a Chat Completions request: the table of its fields.

Rules: translation.md §1.1, §1.2, §1.6 and §1.7. The conversation itself is read in `messages_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import caching, chat_body, effort, structured, tool_choice, tools
from copilot_api.translate.chat_writer import ChatWriter
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_turns import TurnReader
from copilot_api.translate.request import Request, translated

MOST_STOPS = 4


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through chat."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    fields.take("model")  # the catalog's own id goes up, whatever the client called it
    toolbox = tools.read_messages(fields.objects("tools"))
    choice = tool_choice.read_messages(fields, toolbox)
    config = fields.object("output_config")
    shape, instruction = structured.for_chat(config, model)
    writer = ChatWriter(model)
    TurnReader(model, toolbox.names, writer).read(fields)
    messages = chat_body.conversation(fields, writer, instruction, messages="messages", picture="image")
    if model.is_claude and caching.take_mark(fields):  # asks for a mark at the end of the prompt
        messages[-1] |= caching.on_message(marked=True)
    cap = _cap(fields)
    thinking = effort.for_chat(
        fields.object("thinking"),
        config,
        model,
        most_output=chat_body.most_output(cap, model),
        forced=choice.is_forced,
        may_budget=not writer.history.has_thoughtless_call,
    )
    sent = (
        {"model": model.id, "messages": messages}
        | chat_body.offered(choice, writer, model)
        | ({} if cap is None else {"max_tokens": cap})
        | shape
        | thinking
        | chat_body.sampling(fields, model, thinking)
        | _stops(fields)
        | _user(fields)
        | chat_body.streamed(fields)
    )
    return Request.of(sent, fields, toolbox)


def _cap(fields: Fields) -> int | None:
    cap = fields.whole("max_tokens")
    if cap is not None and cap < 0:
        raise fields.mistake("max_tokens", "must not be negative")
    if cap == 0:  # warms the prompt cache; a chat answer has at least one token
        fields.lose("max_tokens")
        return 1
    return cap


def _stops(fields: Fields) -> Json:
    stops = fields.items("stop_sequences")
    if not all(isinstance(stop, str) for stop in stops):
        raise fields.mistake("stop_sequences", "must be a list of texts", code="invalid_type")
    stops = [stop for stop in stops if stop]
    if len(stops) > MOST_STOPS:
        fields.lose("stop_sequences")
    return {"stop": stops[:MOST_STOPS]} if stops else {}


def _user(fields: Fields) -> Json:
    user = fields.object("metadata").text("user_id")
    return {"user": caching.short_key(user)} if user else {}
