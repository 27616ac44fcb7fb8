"""GET /v1/models as Codex reads it. Source: client-apis.md §6.2, and `ModelInfo` of Codex's own protocol crate.

Codex reads the list as a whole or not at all: one level of effort that it does not know would cost it every model.
"""

from collections.abc import Iterable

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import DEFAULT_PROMPT_TOKENS, Model

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
"""What every version of Codex knows that asks for this list."""

# Codex takes its system prompt from here, and without one the model would not know what it is.
INSTRUCTIONS = (
    "You are Codex, a coding agent in the user's terminal. You work in the folder you are started in, with the tools you are"
    " given. Follow the AGENTS.md files that apply to what you touch. Read before you change, make the smallest change that"
    " does the whole job in the style of the code around it, and leave alone what you were not asked about. Check your work by"
    " running what the project has for that. Do not undo changes that are not yours, and ask before anything that cannot be"
    " undone. At the end say in a few plain sentences what you did, what you saw, and what is left."
)
TRUNCATION = {"mode": "tokens", "limit": 10_000}


def page(models: Iterable[Model]) -> Json:
    """The list: the chat models that would answer, in Copilot's order."""
    usable = [model for model in models if model.kind == "chat" and model.enabled]
    return {"models": [_entry(model, at) for at, model in enumerate(usable, 1)]}


def _entry(model: Model, priority: int) -> Json:
    efforts = [effort for effort in EFFORTS if effort in model.efforts]
    # The grammar of Codex's own patch tool is taken by OpenAI's newer models only.
    is_native = model.is_openai_reasoning and model.speaks("/responses")
    return {
        "slug": model.id,
        "display_name": model.name,
        "description": f"{model.vendor} by way of GitHub Copilot" if model.vendor else "By way of GitHub Copilot",
        "default_reasoning_level": _default(efforts),
        "supported_reasoning_levels": [{"effort": effort, "description": ""} for effort in efforts],
        "shell_type": "shell_command",
        "visibility": "list" if model.picker else "hide",
        "supported_in_api": True,
        "priority": priority,
        "availability_nux": None,
        "upgrade": None,
        "base_instructions": INSTRUCTIONS,
        "supports_reasoning_summaries": bool(efforts),
        "support_verbosity": is_native,
        "default_verbosity": None,
        "apply_patch_tool_type": "freeform" if is_native else None,
        "truncation_policy": TRUNCATION,
        "supports_parallel_tool_calls": model.tools,
        "context_window": model.max_prompt or DEFAULT_PROMPT_TOKENS,
        "experimental_supported_tools": [],
        "input_modalities": ["text", "image"] if model.vision else ["text"],
    }


def _default(efforts: list[str]) -> str | None:
    if not efforts:
        return None
    return "medium" if "medium" in efforts else efforts[0]
