"""A Responses request as an Anthropic Messages request: the table of its fields.

Rules: translation.md §1.1, §1.6 to §1.8. The conversation itself is read in `responses_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import chat_fields, effort, messages_body, responses_fields, structured, tool_choice, tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_writer import MessagesWriter
from copilot_api.translate.request import Request
from copilot_api.translate.responses_turns import TurnReader, definitions
from copilot_api.translate.tool_schemas import strict_rule


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through Messages."""
    try:
        return _request(Fields(body), model)
    except RecursionError as error:
        raise ClientMistake("The request is nested too deeply", code="invalid_json") from error


def _request(fields: Fields, model: Model) -> Request:
    fields.take("model")  # the catalog's own id goes up, whatever the client called it
    responses_fields.settle(fields)
    items = responses_fields.items(fields)
    offered = [*fields.objects("tools"), *definitions(items)]
    toolbox = tools.read_responses(offered, may_be_strict=strict_rule(model))
    choice = tool_choice.read_responses(fields, toolbox)
    shape, instruction = structured.messages_from_responses(fields.object("text"), model)
    writer = MessagesWriter(model)
    TurnReader(model, toolbox.names, writer).read(items)
    writer.history.system += [writer.text(instruction)] if instruction else []
    cap, user, stream = responses_fields.cap(fields), chat_fields.user(fields), fields.flag("stream")
    most_output = messages_body.cap(cap, model)
    reasoning = fields.object("reasoning")
    reasoning.take("summary")  # comes whenever a model thinks
    thinking = effort.for_messages(
        reasoning,
        model,
        most_output=min(most_output, model.max_output or most_output),
        forced=choice.is_forced,
        may_budget=not writer.history.has_thoughtless_call,
        key="effort",
    )
    config = thinking.pop("output_config", {})
    translated = (
        {"model": model.id, "max_tokens": most_output}
        | messages_body.conversation(fields, writer, choice, model, messages="input", picture="input_image")
        | thinking
        | messages_body.configured(shape, config)
        | messages_body.sampling(fields, thinking)
        | ({"metadata": {"user_id": user}} if user else {})
        | ({} if stream is None else {"stream": stream})
    )
    return Request(
        body=translated,
        losses=frozenset(fields.losses()),
        tool_names=toolbox.names.changed,
        custom_tools=toolbox.custom,
        namespaces=toolbox.names.namespaces,
    )
