"""How OpenAI's models count a chat: the cookbook's rule, whose figures were compared with the usage the API reports.

Source: the OpenAI cookbook "How to count tokens with tiktoken", by tokens.md §3.1. It says nothing of tool calls in the
history, pictures and files: these are counted as VS Code does.
"""

from copilot_api.dialects.models import Model
from copilot_api.tokens import functions, vscode
from copilot_api.tokens.prompt import Prompt
from copilot_api.tokens.tally import Tally

REPLY = 3
"""Every reply is primed with three tokens, once a request."""


def count(prompt: Prompt, model: Model, tally: Tally) -> int:
    """Tokens of the whole request."""
    total = REPLY + sum(vscode.turn_tokens(turn, model, tally) for turn in prompt.turns) + functions.count(prompt.tools, tally)
    return total + (tally.json(prompt.answer_schema) if prompt.answer_schema is not None else 0)
