"""A Gemini request as a Chat Completions request: the table of its fields.

Rules: translation.md §1.1, §1.6 and §1.7. The conversation itself is read in `gemini_turns`.
"""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import caching, chat_body, gemini_fields, gemini_tools
from copilot_api.translate.chat_writer import ChatWriter
from copilot_api.translate.fields import Fields
from copilot_api.translate.gemini_turns import TurnReader
from copilot_api.translate.request import Request, translated

MOST_STOPS = 4
HOTTEST, HOTTEST_CLAUDE = 2.0, 1.0
_PENALTIES = {"presencePenalty": "presence_penalty", "frequencyPenalty": "frequency_penalty"}


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through chat."""
    return translated(body, model, _request)


def _request(fields: Fields, model: Model) -> Request:
    config = gemini_fields.config(fields)
    toolbox = gemini_tools.read(fields.objects("tools"))
    choice = gemini_tools.choice(fields, toolbox)
    shape, instruction = gemini_fields.shape_for_chat(config, model)
    writer = ChatWriter(model)
    TurnReader(model, toolbox.names, writer).read(fields)
    messages = chat_body.conversation(fields, writer, instruction, messages="contents", picture="inlineData")
    if model.is_claude:  # which remembers a prompt only up to a mark, and Gemini's clients cannot set one
        caching.mark_turns(messages)
    cap = gemini_fields.cap(config)
    thinking = gemini_fields.thinking_for_chat(
        config,
        model,
        most_output=chat_body.most_output(cap, model),
        forced=choice.is_forced,
        may_budget=not writer.history.has_thoughtless_call,
    )
    is_limited = model.is_claude and thinking not in ({}, {"reasoning_effort": "none"})
    stops = gemini_fields.stops(config, most=MOST_STOPS)
    sent = (
        {"model": model.id, "messages": messages}
        | chat_body.offered(choice, writer, model)
        | ({} if cap is None else {"max_tokens": cap})
        | shape
        | thinking
        | gemini_fields.sampling(config, hottest=HOTTEST_CLAUDE if model.is_claude else HOTTEST, is_limited=is_limited)
        | (_penalties(config) if model.is_openai else {})
        | ({"stop": stops} if stops else {})
        | chat_body.streamed(fields)
    )
    return Request.of(sent, fields, toolbox)


def _penalties(config: Fields) -> Json:
    given = {name: config.number(key) for key, name in _PENALTIES.items()}
    return {name: number for name, number in given.items() if number is not None}
