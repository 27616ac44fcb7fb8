"""What a Responses request says beside its conversation, for endpoints that say it in other words."""

from copilot_api.dialects.models import Model
from copilot_api.dialects.read import string
from copilot_api.translate import tool_choice, tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.free_text import BRINGS_TOOLS
from copilot_api.translate.tool_choice import Choice
from copilot_api.translate.tool_schemas import strict_rule
from copilot_api.translate.tools import Toolbox

_ENCRYPTED = "reasoning.encrypted_content"


def opening(fields: Fields, model: Model) -> tuple[list[Fields], Toolbox, Choice]:
    """Takes the conversation's items, the tools, also those that items bring along, and the choice among them."""
    fields.take("model")  # the catalog's own id goes up, whatever the client called it
    said = items(fields)
    toolbox = tools.read_responses([*fields.objects("tools"), *_brought(said)], may_be_strict=strict_rule(model))
    return said, toolbox, tool_choice.read_responses(fields, toolbox)


def items(fields: Fields) -> list[Fields]:
    """Takes `input`: its items, or the one message that a text stands for. `instructions` come before them all."""
    said = [fields.take("input")] if isinstance(fields.peek("input"), str) else None
    given = fields.objects("input") if said is None else [_message("user", said[0], "input")]
    instructions = fields.text("instructions")
    return [_message("system", instructions, "instructions"), *given] if instructions else given


def cap(fields: Fields) -> int | None:
    """Takes the cap on output tokens. Raises ClientMistake for less than one."""
    asked = fields.whole("max_output_tokens")
    if asked is not None and asked < 1:
        raise fields.mistake("max_output_tokens", "must be at least 1")
    return asked


def settle(fields: Fields) -> None:
    """Takes what is so anyway: encrypted reasoning is included, and nothing is truncated unless the client wants it to be.

    Raises ClientMistake for a prompt that is stored elsewhere.
    """
    if "prompt" in fields:
        raise fields.mistake("prompt", "stored prompts are not available through Copilot; send the text")
    if fields.peek("truncation") == "disabled":
        fields.take("truncation")
    if fields.items("include") not in ([], [_ENCRYPTED]):
        fields.lose("include")


def _brought(said: list[Fields]) -> list[Fields]:
    """Takes the tools that items bring into the conversation: Codex offers some, or all, in this way."""
    bringing = [item.objects("tools") for item in said if string(item.peek("type")) in BRINGS_TOOLS]
    return [definition for definitions in bringing for definition in definitions]


def _message(role: str, text: str, path: str) -> Fields:
    return Fields({"role": role, "content": text}, path)
