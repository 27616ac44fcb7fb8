"""A Gemini request as an Anthropic Messages request: the table of its fields.

Rules: translation.md §1.1, §1.6 and §1.7. The conversation itself is read in `gemini_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import gemini_fields, gemini_tools, messages_body
from copilot_api.translate.fields import Fields
from copilot_api.translate.gemini_turns import TurnReader
from copilot_api.translate.messages_writer import MessagesWriter
from copilot_api.translate.request import Request, translated

HOTTEST = 1.0


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through Messages."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    config = gemini_fields.config(fields)
    toolbox = gemini_tools.read(fields.objects("tools"))
    choice = gemini_tools.choice(fields, toolbox)
    cap = messages_body.cap(gemini_fields.cap(config), model)
    shape, instruction = gemini_fields.shape_for_messages(config, model)
    writer = MessagesWriter(model)
    TurnReader(model, toolbox.names, writer).read(fields)
    writer.history.system += [writer.text(instruction)] if instruction else []
    thinking = gemini_fields.thinking_for_messages(
        config,
        model,
        most_output=min(cap, model.max_output or cap),
        forced=choice.is_forced,
        may_budget=not writer.history.has_thoughtless_call,
    )
    effort = thinking.pop("output_config", {})
    is_thinking = thinking.get("thinking", {}).get("type") in {"adaptive", "enabled"}
    stops = gemini_fields.stops(config)
    stream = fields.flag("stream")
    sent = (
        {"model": model.id, "max_tokens": cap}
        | messages_body.conversation(fields, writer, choice, model, messages="contents", picture="inlineData")
        | thinking
        | messages_body.configured(shape, effort)
        | gemini_fields.sampling(config, hottest=HOTTEST, is_limited=is_thinking)
        | ({} if is_thinking else _top_k(config))
        | ({"stop_sequences": stops} if stops else {})
        | ({} if stream is None else {"stream": stream})
    )
    return Request.of(sent, fields, toolbox)


def _top_k(config: Fields) -> Json:
    """Only Anthropic's models know it, and only while they do not think."""
    most = config.whole("topK")
    return {} if most is None else {"top_k": most}
