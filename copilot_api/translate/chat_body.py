"""What every request to /chat/completions holds beside its conversation, whoever asked. Rules: translation.md §1.1, §1.6."""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import effort, tool_choice, tools
from copilot_api.translate.chat_writer import ChatWriter
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_choice import Choice

_MOST = {"temperature": 2, "top_p": 1}


def conversation(fields: Fields, writer: ChatWriter, instruction: str, *, messages: str, picture: str) -> list[Json]:
    """The messages. Losses are named as the client knows its `messages` and a `picture` in one."""
    written = writer.messages(instruction)
    if writer.history.has_prefill:
        fields.lose(f"{messages}.prefill")
    if writer.history.has_too_many_pictures:
        fields.lose(f"{messages}.content.{picture}")
    return written


def offered(choice: Choice, writer: ChatWriter, model: Model) -> Json:
    """The tools, and what is said about choosing among them."""
    if choice.only:
        return {"tools": [tools.for_chat(tool) for tool in choice.only]} | tool_choice.for_chat(choice)
    called = writer.history.tools_called
    if not model.is_claude or not called:
        return {}
    # Claude's backends refuse a conversation with calls of tools that nobody defined; none of these may be called again.
    return {"tools": [tools.for_chat(tool) for tool in tools.stubs(called)], "tool_choice": "none"}


def most_output(cap: int | None, model: Model) -> int | None:
    """The most tokens that the answer can have, if anybody says."""
    return min((number for number in (cap, model.max_output) if number is not None), default=None)


def sampling(fields: Fields, model: Model, thinking: Json) -> Json:
    """Takes temperature and top_p. A Claude that thinks is limited to hardly any choice. Raises ClientMistake out of range."""
    is_limited = model.is_claude and thinking not in ({}, {"reasoning_effort": "none"})
    said: Json = {}
    for key, fits in effort.SAMPLING_WHILE_THINKING.items():
        number = fields.number(key)
        if number is None:
            continue
        if not 0 <= number <= _MOST[key]:
            raise fields.mistake(key, f"must be between 0 and {_MOST[key]}")
        if is_limited and not fits(number):
            fields.lose(key)
        else:
            said[key] = number
    return said


def streamed(fields: Fields) -> Json:
    """Whether the answer is streamed; then Copilot has to be asked for its usage."""
    stream = fields.flag("stream")
    if stream is None:
        return {}
    return {"stream": stream} | ({"stream_options": {"include_usage": True}} if stream else {})
