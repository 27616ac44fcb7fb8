"""A Chat Completions request as an Anthropic Messages request: the table of its fields.

Rules: translation.md §1.1, §1.6 and §1.7. The conversation itself is read in `chat_to_messages_turns`.
"""

from collections.abc import Iterator

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import DEFAULT_OUTPUT_TOKENS, Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import caching, effort, images, structured, tool_choice, tools
from copilot_api.translate.chat_to_messages_turns import TurnReader
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_history import MessagesHistory
from copilot_api.translate.request import Request
from copilot_api.translate.tool_choice import Choice
from copilot_api.translate.tool_schemas import strict_rule

# Where the client sets no cap, Messages still wants one; more than this nobody waits for.
MOST_OUTPUT_UNASKED = 64_000


def request(body: Json, model: Model) -> Request:
    """Translates `body`, which stays as it is. Raises ClientMistake for what cannot be served through Messages."""
    try:
        return _request(Fields(body), model)
    except RecursionError as error:
        raise ClientMistake("The request is nested too deeply", code="invalid_json") from error


def _request(fields: Fields, model: Model) -> Request:
    fields.take("model")  # the catalog's own id goes up, whatever the client called it
    _refuse_several(fields)
    toolbox = tools.read_chat(fields.objects("tools"), fields.objects("functions"), may_be_strict=strict_rule(model))
    choice = tool_choice.read_chat(fields, toolbox)
    cap = _cap(fields, model)
    shape, instruction = structured.for_messages(fields, model)
    history = MessagesHistory()
    TurnReader(model, toolbox.names, history).read(fields.objects("messages"))
    if history.is_empty:
        raise ClientMistake("messages: at least one user message with content is required", param="messages")
    history.system += [{"type": "text", "text": instruction}] if instruction else []
    thinking = effort.for_messages(
        fields,
        model,
        most_output=min(cap, model.max_output or cap),
        forced=choice.is_forced,
        may_budget=not history.has_thoughtless_call,
    )
    is_thinking = thinking.get("thinking", {}).get("type") in {"adaptive", "enabled"}
    config = shape | thinking.pop("output_config", {})
    definitions = _definitions(choice, history)
    translated = (
        {"model": model.id, "max_tokens": cap}
        | _conversation(fields, history, model, definitions)
        | ({"tools": definitions} if definitions else {})
        | (tool_choice.for_messages(choice) if choice.only or not definitions else {"tool_choice": {"type": "none"}})
        | thinking
        | ({"output_config": config} if config else {})
        | _sampling(fields, is_limited=is_thinking)
        | _stops(fields)
        | _user(fields)
        | _stream(fields)
    )
    losses = frozenset(fields.losses())
    return Request(body=translated, losses=losses, tool_names=toolbox.names.changed, custom_tools=toolbox.custom)


def _refuse_several(fields: Fields) -> None:
    if (fields.whole("n") or 1) > 1:
        raise fields.mistake("n", "only one answer at a time can be had from this model", code="unsupported_value")


def _cap(fields: Fields, model: Model) -> int:
    caps = [cap for key in ("max_completion_tokens", "max_tokens") if (cap := fields.whole(key)) is not None]
    if not caps:
        return min(model.max_output or DEFAULT_OUTPUT_TOKENS, MOST_OUTPUT_UNASKED)
    if caps[0] < 1:
        raise fields.mistake("max_completion_tokens", "must be at least 1")
    return caps[0]


def _definitions(choice: Choice, history: MessagesHistory) -> list[Json]:
    """The tools on offer, or else those that the conversation speaks of: Anthropic refuses calls of tools nobody defined."""
    return [tools.for_messages(tool) for tool in choice.only or tools.stubs(history.tools_called)]


def _conversation(fields: Fields, history: MessagesHistory, model: Model, definitions: list[Json]) -> Json:
    """System prompt and messages, within the limits on pictures and cache marks."""
    system, messages = history.system, history.messages()
    blocks = [block for message in messages for block in message["content"]]
    if not any("cache_control" in block for block in (*definitions, *system, *blocks)):
        caching.add_marks(system, messages)
    for name, is_lost in (
        ("messages.prefill", history.has_prefill),
        ("messages.content.cache_control", caching.keep_newest([*definitions, *system, *blocks])),
        ("messages.content.image_url", images.omit_oldest(_lists(messages), most=images.limit(model))),
    ):
        if is_lost:
            fields.lose(name)
    return {"system": system, "messages": messages} if system else {"messages": messages}


def _lists(messages: list[Json]) -> Iterator[list[Json]]:
    """The lists that hold blocks, oldest first: within a message the tool results come before everything else."""
    for message in messages:
        yield from (inner for block in message["content"] if isinstance(inner := block.get("content"), list))
        yield message["content"]


def _sampling(fields: Fields, *, is_limited: bool) -> Json:
    """OpenAI's temperature goes to 2, Anthropic's to 1; a Claude that thinks is limited to hardly any choice."""
    said: Json = {}
    for key, fits in effort.SAMPLING_WHILE_THINKING.items():
        number = fields.number(key)
        if number is None:
            continue
        within = min(max(number, 0), 1)
        if within != number or (is_limited and not fits(within)):
            fields.lose(key)
        if not is_limited or fits(within):
            said[key] = within
    return said


def _stops(fields: Fields) -> Json:
    """Anthropic refuses stop sequences that are blank."""
    stops = [fields.text("stop")] if isinstance(fields.peek("stop"), str) else fields.items("stop")
    if not all(isinstance(stop, str) for stop in stops):
        raise fields.mistake("stop", "must be a text or a list of texts", code="invalid_type")
    visible = [stop for stop in stops if stop.strip()]
    if len(visible) < len([stop for stop in stops if stop]):
        fields.lose("stop")
    return {"stop_sequences": visible} if visible else {}


def _user(fields: Fields) -> Json:
    """OpenAI has renamed `user`; the newer name says the same."""
    names = [name for key in ("safety_identifier", "user") if (name := fields.text(key))]
    return {"metadata": {"user_id": names[0]}} if names else {}


def _stream(fields: Fields) -> Json:
    """Whether usage is told on the stream is settled where the answer is written."""
    fields.object("stream_options").take("include_usage")
    stream = fields.flag("stream")
    return {} if stream is None else {"stream": stream}
