"""What every request to /v1/messages holds, whoever asked for it in OpenAI's words. Rules: translation.md §1.1, §1.6, §1.7."""

from collections.abc import Iterator

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import DEFAULT_OUTPUT_TOKENS, Model
from copilot_api.translate import caching, effort, images, tool_choice, tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_writer import MessagesWriter
from copilot_api.translate.tool_choice import Choice

# Where the client sets no cap, Messages still wants one; more than this nobody waits for.
MOST_OUTPUT_UNASKED = 64_000


def cap(asked: int | None, model: Model) -> int:
    """The cap on output tokens: as asked for, or what the model can do within reason."""
    return min(model.max_output or DEFAULT_OUTPUT_TOKENS, MOST_OUTPUT_UNASKED) if asked is None else asked


def conversation(fields: Fields, writer: MessagesWriter, choice: Choice, model: Model, *, messages: str, picture: str) -> Json:
    """System prompt, messages and tools, within the limits on pictures and cache marks.

    Losses are named as the client knows its `messages` and a `picture` in one. Without tools on offer those stand in that the
    conversation speaks of: Anthropic refuses calls of tools nobody defined.
    """
    history = writer.history
    definitions = [tools.for_messages(tool) for tool in choice.only or tools.stubs(history.tools_called)]
    system, written = history.system, history.messages()
    blocks = [block for message in written for block in message["content"]]
    if not any("cache_control" in block for block in (*definitions, *system, *blocks)):
        caching.add_marks(system, written)
    for name, is_lost in (
        (f"{messages}.prefill", history.has_prefill),
        (f"{messages}.content.cache_control", caching.keep_newest([*definitions, *system, *blocks])),
        (f"{messages}.content.{picture}", images.omit_oldest(_lists(written), most=images.limit(model))),
    ):
        if is_lost:
            fields.lose(name)
    chosen = tool_choice.for_messages(choice) if choice.only or not definitions else {"tool_choice": {"type": "none"}}
    return (
        ({"system": system} if system else {})
        | {"messages": written}
        | ({"tools": definitions} if definitions else {})
        | chosen
    )


def sampling(fields: Fields, thinking: Json) -> Json:
    """Takes temperature, which OpenAI lets go to 2, Anthropic to 1, and top_p. A Claude that thinks has hardly any choice."""
    is_limited = thinking.get("thinking", {}).get("type") in {"adaptive", "enabled"}
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


def configured(*parts: Json) -> Json:
    """`output_config`, put together from what different wishes made of it."""
    config: Json = {}
    for part in parts:
        config |= part
    return {"output_config": config} if config else {}


def _lists(messages: list[Json]) -> Iterator[list[Json]]:
    """The lists that hold blocks, oldest first: within a message the tool results come before everything else."""
    for message in messages:
        yield from (inner for block in message["content"] if isinstance(inner := block.get("content"), list))
        yield message["content"]
