"""A Gemini request as a Responses request: the table of its fields.

Rules: translation.md §1.1, §1.6 and §1.7. The conversation itself is read in `gemini_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import gemini_fields, gemini_tools, responses_body
from copilot_api.translate.fields import Fields
from copilot_api.translate.gemini_turns import TurnReader
from copilot_api.translate.request import Request, translated
from copilot_api.translate.responses_writer import ResponsesWriter


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through Responses."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    config = gemini_fields.config(fields)
    toolbox = gemini_tools.read(fields.objects("tools"))
    choice = gemini_tools.choice(fields, toolbox)
    shape, instruction = gemini_fields.shape_for_responses(config, model)
    writer = ResponsesWriter(model)
    TurnReader(model, toolbox.names, writer).read(fields)
    said = responses_body.conversation(fields, writer, instruction, messages="contents", thinking="parts.thoughtSignature")
    gemini_fields.drop_sampling(config)
    stream = fields.flag("stream")
    sent = (
        {"model": model.id}
        | said
        | responses_body.offered(choice)
        | responses_body.cap(config, gemini_fields.cap(config), "maxOutputTokens")
        | responses_body.text(shape)
        | gemini_fields.thinking_for_responses(config, model)
        | responses_body.STANDING
        | responses_body.cache_key("", said)
        | ({} if stream is None else {"stream": stream})
    )
    return Request.of(sent, fields, toolbox)
