"""A Responses request as a Chat Completions request: the table of its fields.

Rules: translation.md §1.1, §1.6 to §1.8. The conversation itself is read in `responses_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import (
    caching,
    chat_body,
    chat_fields,
    effort,
    responses_fields,
    structured,
    verbosity,
)
from copilot_api.translate.chat_writer import ChatWriter
from copilot_api.translate.fields import Fields
from copilot_api.translate.request import Request, translated
from copilot_api.translate.responses_turns import TurnReader


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through chat."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    items, toolbox, choice = responses_fields.opening(fields, model)
    responses_fields.settle(fields)
    text = fields.object("text")
    shape, instruction = structured.chat_from_responses(text, model)
    writer = ChatWriter(model)
    TurnReader(model, toolbox.names, writer).read(items)
    messages = chat_body.conversation(fields, writer, instruction, messages="input", picture="input_image")
    cap, user = responses_fields.cap(fields), chat_fields.user(fields)
    thinking = effort.chat_from_responses(
        fields.object("reasoning"),
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
        | verbosity.take(text, model)
        | thinking
        | chat_body.sampling(fields, model, thinking)
        | ({"user": caching.short_key(user)} if user else {})
        | _cache_key(fields, model)
        | chat_body.streamed(fields)
    )
    return Request.of(sent, fields, toolbox)


def _cache_key(fields: Fields, model: Model) -> Json:
    """Only OpenAI's models know it; for others it stays behind as a loss."""
    key = fields.text("prompt_cache_key") if model.is_openai else ""
    return {"prompt_cache_key": key} if key else {}
