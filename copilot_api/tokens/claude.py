"""An estimate of what Claude counts, whose tokenizer nobody outside Anthropic has. Aims at 0 to 15 % too much.

Too little would delay a client's own compaction until Copilot refuses the prompt. Source: tokens.md §6. Text is counted in
o200k_base and weighed; what Anthropic states in Claude's own tokens (tool instructions, pictures) is not weighed again.
"""

from math import ceil

from copilot_api.dialects.models import Model
from copilot_api.tokens import images
from copilot_api.tokens.prompt import Prompt, Tool, Turn
from copilot_api.tokens.tally import Tally

TOKENIZER = "o200k_base"
PER_MESSAGE = 3
PER_TOOL_BLOCK = 4
PER_TOOL = 8
# Instructions that come with any tool, by whether the model is free not to use one. Anthropic's figures for Claude 4; later
# lists name between 286 and 804 by model, which is lost in the size of a prompt that has tools.
TOOL_INSTRUCTIONS = {False: 346, True: 313}
# Tools whose definition only Claude knows, by the beginning of their type. From Anthropic's pages on these tools.
BUILTIN = {"bash_": 325, "text_editor_": 700, "computer_": 735}
# An encrypted thought is about as long as the thought.
BYTES_PER_HIDDEN_TOKEN = 4

_WEIGHTS = {False: 115, True: 145}  # percent; the newer tokenizer makes about 30 % more of the same text


def count(prompt: Prompt, model: Model, tally: Tally) -> int:
    """Tokens of the whole request; `tally` must count in TOKENIZER."""
    tools = [tool for tool in prompt.tools if not tool.is_deferred]
    text = sum(_turn_text(turn, tally) for turn in prompt.turns) + sum(_tool_text(tool, tally) for tool in tools)
    if prompt.answer_schema is not None:
        text += tally.json(prompt.answer_schema)
    weight = _WEIGHTS[model.claude_version >= images.NEWER_CLAUDE]
    fixed = sum(_turn_fixed(turn, model) for turn in prompt.turns) + sum(_tool_fixed(tool) for tool in tools)
    instructions = TOOL_INSTRUCTIONS[prompt.must_use_tool] if tools else 0
    return ceil(text * weight / 100) + fixed + instructions


def _turn_text(turn: Turn, tally: Tally) -> int:
    said = sum(tally.text(text) for text in (*turn.texts, *turn.only_claude))
    return said + sum(tally.text(call.name) + tally.text(call.arguments) for call in turn.calls)


def _turn_fixed(turn: Turn, model: Model) -> int:
    message = 0 if turn.continues else PER_MESSAGE
    blocks = len(turn.calls) + (turn.role == "tool")
    files = sum(images.in_document(document) for document in turn.documents)
    hidden = images.opaque(turn.opaque_chars + turn.sealed_chars, per_token=BYTES_PER_HIDDEN_TOKEN)
    return message + PER_TOOL_BLOCK * blocks + files + hidden + images.tokens(turn.images, model)


def _tool_text(tool: Tool, tally: Tally) -> int:
    return tally.json(tool.definition)


def _tool_fixed(tool: Tool) -> int:
    return PER_TOOL + next((tokens for kind, tokens in BUILTIN.items() if tool.builtin.startswith(kind)), 0)
