"""An Anthropic Messages request as a Responses request: the table of its fields.

Rules: translation.md §1.1, §1.2, §1.6 and §1.7. The conversation itself is read in `messages_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import effort, responses_body, structured, tool_choice, tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_turns import TurnReader
from copilot_api.translate.request import Request, translated
from copilot_api.translate.responses_writer import ResponsesWriter


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through Responses."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    fields.take("model")  # the catalog's own id goes up, whatever the client called it
    toolbox = tools.read_messages(fields.objects("tools"))
    choice = tool_choice.read_messages(fields, toolbox)
    config = fields.object("output_config")
    shape, instruction = structured.for_responses(config, model)
    writer = ResponsesWriter(model)
    TurnReader(model, toolbox.names, writer).read(fields)
    said = responses_body.conversation(fields, writer, instruction, messages="messages", thinking="content.thinking")
    user, stream = fields.object("metadata").text("user_id"), fields.flag("stream")
    responses_body.drop_sampling(fields)
    sent = (
        {"model": model.id}
        | said
        | responses_body.offered(choice)
        | responses_body.cap(fields, _cap(fields), "max_tokens")
        | responses_body.text(shape)
        | effort.for_responses(fields.object("thinking"), config, model)
        | responses_body.STANDING
        | responses_body.cache_key(user, said)
        | ({} if stream is None else {"stream": stream})
    )
    return Request.of(sent, fields, toolbox)


def _cap(fields: Fields) -> int | None:
    cap = fields.whole("max_tokens")
    if cap is not None and cap < 0:
        raise fields.mistake("max_tokens", "must not be negative")
    return cap
