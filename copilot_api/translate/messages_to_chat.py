"""An Anthropic Messages request as a Chat Completions request: the table of its fields.

Rules: translation.md §1.1, §1.2, §1.6 and §1.7. The conversation itself is read in `messages_to_chat_turns`.
"""

import hashlib

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import caching, effort, structured, tool_choice, tools
from copilot_api.translate.chat_history import ChatHistory
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_to_chat_turns import TurnReader
from copilot_api.translate.request import Request
from copilot_api.translate.tool_choice import Choice
from copilot_api.translate.tools import Toolbox

MOST_STOPS = 4
LONGEST_USER = 64

# A client's bookkeeping, not part of the prompt; it changes with every session and would spoil the prompt cache.
_BILLING_HEADER = "x-anthropic-billing-header"


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through chat."""
    try:
        return _request(Fields(body), model)
    except RecursionError as error:
        raise ClientMistake("The request is nested too deeply", code="invalid_json") from error


def _request(fields: Fields, model: Model) -> Request:
    fields.take("model")  # the catalog's own id goes up, whatever the client called it
    toolbox = tools.read_messages(fields.objects("tools"))
    choice = tool_choice.read_messages(fields, toolbox)
    config = fields.object("output_config")
    shape, instruction = structured.for_chat(config, model)
    history = ChatHistory(model)
    messages = _messages(fields, model, toolbox, history, instruction)
    cap = _cap(fields)
    thinking = effort.for_chat(
        fields.object("thinking"),
        config,
        model,
        most_output=min((number for number in (cap, model.max_output) if number is not None), default=None),
        forced=choice.is_forced,
        may_budget=not history.has_thoughtless_call,
    )
    translated = (
        {"model": model.id, "messages": messages}
        | _tools(choice, history, model)
        | ({} if cap is None else {"max_tokens": cap})
        | shape
        | thinking
        | _sampling(fields, is_limited=model.is_claude and thinking not in ({}, {"reasoning_effort": "none"}))
        | _stops(fields)
        | _user(fields)
        | _stream(fields)
    )
    changed = toolbox.names.changed
    return Request(body=translated, losses=frozenset(fields.losses()), tool_names=changed)


def _messages(fields: Fields, model: Model, toolbox: Toolbox, history: ChatHistory, instruction: str) -> list[Json]:
    system, system_marked = _system(fields, model)
    reader = TurnReader(model, toolbox.names, history)
    reader.read(fields.objects("messages"))
    messages = history.messages()
    if not messages:
        raise ClientMistake("messages: at least one message with content is required", param="messages")
    for name, is_lost in (("messages.prefill", history.has_prefill), ("messages.content.image", history.has_too_many_pictures)):
        if is_lost:
            fields.lose(name)
    if model.is_claude and caching.take_mark(fields):  # asks for a mark at the end of the prompt
        messages[-1] |= caching.on_message(marked=True)
    texts = [*system, *reader.leading, *filter(None, [instruction])]
    leading = {"role": "system", "content": "\n\n".join(texts)} | caching.on_message(
        marked=system_marked or reader.leading_marked
    )
    return [leading, *messages] if texts else messages


def _system(fields: Fields, model: Model) -> tuple[list[str], bool]:
    """The texts of the system prompt, and whether one of them carries a cache mark that can be kept."""
    texts: list[str] = []
    marked = False
    for number, block in enumerate(fields.blocks("system")):
        if (kind := block.text("type")) != "text":
            raise block.mistake("type", f"the system prompt holds text, not {kind[:40]!r}")
        text = block.text("text")
        if number == 0 and text.startswith(_BILLING_HEADER):
            fields.lose(f"system.{_BILLING_HEADER}")
            continue
        marked = (model.is_claude and caching.take_mark(block)) or marked
        texts += [text] if text.strip() else []
    return texts, marked


def _tools(choice: Choice, history: ChatHistory, model: Model) -> Json:
    if choice.only:
        return {"tools": [tools.for_chat(tool) for tool in choice.only]} | tool_choice.for_chat(choice)
    if not model.is_claude or not history.tools_called:
        return {}
    # Claude's backends refuse a conversation with calls of tools that nobody defined; none of these may be called again.
    return {"tools": [tools.for_chat(tool) for tool in tools.stubs(history.tools_called)], "tool_choice": "none"}


def _cap(fields: Fields) -> int | None:
    cap = fields.whole("max_tokens")
    if cap is not None and cap < 0:
        raise fields.mistake("max_tokens", "must not be negative")
    if cap == 0:  # warms the prompt cache; a chat answer has at least one token
        fields.lose("max_tokens")
        return 1
    return cap


def _sampling(fields: Fields, *, is_limited: bool) -> Json:
    """Anthropic's numbers are within OpenAI's ranges. A Claude that thinks is limited to hardly any."""
    said: Json = {}
    for key, fits in effort.SAMPLING_WHILE_THINKING.items():
        number = fields.number(key)
        if number is None:
            continue
        if is_limited and not fits(number):
            fields.lose(key)
        else:
            said[key] = number
    return said


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
    return {"user": short_user(user)} if user else {}


def short_user(user: str) -> str:
    """A user id that OpenAI takes: of a longer one, like Claude Code's, a hash, which tells users apart as well."""
    return user if len(user) <= LONGEST_USER else hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()


def _stream(fields: Fields) -> Json:
    stream = fields.flag("stream")
    if stream is None:
        return {}
    return {"stream": stream} | ({"stream_options": {"include_usage": True}} if stream else {})
