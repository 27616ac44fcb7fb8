"""How VS Code counts before it asks Copilot, for models that are not OpenAI's, whose makers publish nothing.

Source: VS Code's Copilot Chat, `tokenizer.ts`, by tokens.md §3.3. Every text counts, keys do not; tool calls are weighed by
half more, tool definitions by a tenth.
"""

from typing import Any

from copilot_api.dialects.models import Model
from copilot_api.tokens import images
from copilot_api.tokens.prompt import Call, Prompt, Tool, Turn, strings
from copilot_api.tokens.tally import Tally

PER_COMPLETION = 3
PER_MESSAGE = 3
PER_NAME = 1
TOOLS = 16
PER_TOOL = 8
# VS Code does not count encrypted reasoning at all; it is about as long as the reasoning, which its model reads again.
BYTES_PER_SEALED_TOKEN = 4


def count(prompt: Prompt, model: Model, tally: Tally) -> int:
    """Tokens of the whole request."""
    total = PER_COMPLETION + sum(turn_tokens(turn, model, tally) for turn in prompt.turns) + tools(prompt.tools, tally)
    return total + (tally.json(prompt.answer_schema) if prompt.answer_schema is not None else 0)


def turn_tokens(turn: Turn, model: Model, tally: Tally) -> int:
    """Tokens of one message, with its pictures and files."""
    texts = sum(tally.text(text) for text in (turn.role, *turn.labels, *turn.texts))
    files = sum(tally.text(file.note) if file.note else images.in_document(file) for file in turn.documents)
    named = PER_NAME if turn.has_name else 0
    sealed = images.opaque(turn.sealed_chars, per_token=BYTES_PER_SEALED_TOKEN)
    return PER_MESSAGE + texts + named + calls(turn.calls, tally) + images.tokens(turn.images, model) + files + sealed


def calls(made: tuple[Call, ...], tally: Tally) -> int:
    """Tokens of the tool calls in one message."""
    raw = sum(
        tally.text(call.id) + tally.text("function") + PER_NAME + tally.text(call.name) + tally.text(call.arguments)
        for call in made
    )
    return raw * 3 // 2


def tools(offered: tuple[Tool, ...], tally: Tally) -> int:
    """Tokens of the tool definitions."""
    if not offered:
        return 0
    return (TOOLS + sum(raw_tool(tool, tally) for tool in offered)) * 11 // 10


def raw_tool(tool: Tool, tally: Tally) -> int:
    """Tokens of one definition, unweighed."""
    return tally.once("vscode tool", tool.definition, lambda: PER_TOOL + _fields(tool, tally))


def _fields(tool: Tool, tally: Tally) -> int:
    named = {"name": "name", "description": "description", "parameters": "input_schema"}
    fields = {name: tool.definition[key] for name, key in named.items() if key in tool.definition}
    return sum(tally.text(name) + _nested(value, tally) for name, value in fields.items())


def _nested(value: Any, tally: Tally) -> int:
    return sum(tally.text(text) + (PER_NAME if under == "name" else 0) for text, under in strings(value))
