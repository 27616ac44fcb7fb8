"""What a Responses request says beside its conversation, for endpoints that say it in other words."""

from copilot_api.translate.fields import Fields

_ENCRYPTED = "reasoning.encrypted_content"


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


def _message(role: str, text: str, path: str) -> Fields:
    return Fields({"role": role, "content": text}, path)
