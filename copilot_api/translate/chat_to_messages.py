"""A Chat Completions request as an Anthropic Messages request: the table of its fields.

Rules: translation.md §1.1, §1.6 and §1.7. The conversation itself is read in `chat_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import effort, messages_body, structured, tool_choice, tools
from copilot_api.translate.chat_fields import cap, refuse_several, streamed, user
from copilot_api.translate.chat_turns import TurnReader
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_writer import MessagesWriter
from copilot_api.translate.request import Request, translated
from copilot_api.translate.tool_schemas import strict_rule


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through Messages."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    fields.take("model")  # the catalog's own id goes up, whatever the client called it
    refuse_several(fields)
    toolbox = tools.read_chat(fields.objects("tools"), fields.objects("functions"), may_be_strict=strict_rule(model))
    choice = tool_choice.read_chat(fields, toolbox)
    most_output = messages_body.cap(cap(fields), model)
    shape, instruction = structured.for_messages(fields, model)
    writer = MessagesWriter(model)
    TurnReader(model, toolbox.names, writer).read(fields.objects("messages"))
    writer.history.system += [writer.text(instruction)] if instruction else []
    thinking = effort.for_messages(
        fields,
        model,
        most_output=min(most_output, model.max_output or most_output),
        forced=choice.is_forced,
        may_budget=not writer.history.has_thoughtless_call,
    )
    config = thinking.pop("output_config", {})
    sent = (
        {"model": model.id, "max_tokens": most_output}
        | messages_body.conversation(fields, writer, choice, model, messages="messages", picture="image_url")
        | thinking
        | messages_body.configured(shape, config)
        | messages_body.sampling(fields, thinking)
        | _stops(fields)
        | ({"metadata": {"user_id": name}} if (name := user(fields)) else {})
        | streamed(fields)
    )
    return Request.of(sent, fields, toolbox)


def _stops(fields: Fields) -> Json:
    """Anthropic refuses stop sequences that are blank."""
    stops = [fields.text("stop")] if isinstance(fields.peek("stop"), str) else fields.items("stop")
    if not all(isinstance(stop, str) for stop in stops):
        raise fields.mistake("stop", "must be a text or a list of texts", code="invalid_type")
    visible = [stop for stop in stops if stop.strip()]
    if len(visible) < len([stop for stop in stops if stop]):
        fields.lose("stop")
    return {"stop_sequences": visible} if visible else {}
