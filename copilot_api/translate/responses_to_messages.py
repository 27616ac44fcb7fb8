"""A Responses request as an Anthropic Messages request: the table of its fields.

Rules: translation.md §1.1, §1.6 to §1.8. The conversation itself is read in `responses_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import chat_fields, effort, messages_body, responses_fields, structured
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_writer import MessagesWriter
from copilot_api.translate.request import Request, translated
from copilot_api.translate.responses_turns import TurnReader


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through Messages."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    items, toolbox, choice = responses_fields.opening(fields, model)
    responses_fields.settle(fields)
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
    sent = (
        {"model": model.id, "max_tokens": most_output}
        | messages_body.conversation(fields, writer, choice, model, messages="input", picture="input_image")
        | thinking
        | messages_body.configured(shape, config)
        | messages_body.sampling(fields, thinking)
        | ({"metadata": {"user_id": user}} if user else {})
        | ({} if stream is None else {"stream": stream})
    )
    return Request.of(sent, fields, toolbox)
