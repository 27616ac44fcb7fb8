"""A Chat Completions request as a Responses request: the table of its fields.

Rules: translation.md §1.1, §1.2, §1.6 and §1.7. The conversation itself is read in `chat_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import chat_fields, effort, responses_body, structured, tool_choice, tools, verbosity
from copilot_api.translate.chat_turns import TurnReader
from copilot_api.translate.fields import Fields
from copilot_api.translate.request import Request, translated
from copilot_api.translate.responses_writer import ResponsesWriter
from copilot_api.translate.tool_schemas import strict_rule


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through Responses."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    fields.take("model")  # the catalog's own id goes up, whatever the client called it
    chat_fields.refuse_several(fields)
    toolbox = tools.read_chat(fields.objects("tools"), fields.objects("functions"), may_be_strict=strict_rule(model))
    choice = tool_choice.read_chat(fields, toolbox)
    shape, instruction = structured.responses_from_chat(fields, model)
    writer = ResponsesWriter(model)
    TurnReader(model, toolbox.names, writer).read(fields.objects("messages"))
    said = responses_body.conversation(fields, writer, instruction, messages="messages", thinking="reasoning_opaque")
    responses_body.drop_sampling(fields)
    cap, user, key = chat_fields.cap(fields), chat_fields.user(fields), fields.text("prompt_cache_key")
    if any(tool.marked for tool in toolbox.tools):
        fields.lose("tools.cache_control")
    sent = (
        {"model": model.id}
        | responses_body.naming_json(said, shape, model)
        | responses_body.offered(choice)
        | responses_body.cap(fields, cap, "max_tokens")
        | responses_body.text(shape, verbosity.take(fields, model))
        | effort.responses_from_chat(fields, model)
        | responses_body.STANDING
        | responses_body.cache_key(key or user, said)
        | chat_fields.streamed(fields)
    )
    return Request.of(sent, fields, toolbox)
