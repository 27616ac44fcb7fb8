"""One entry of Copilot's model catalog as typed facts. Source: protocol notes on `GET /models`."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string, strings, whole_or_none

Endpoint = Literal["/chat/completions", "/responses", "/v1/messages", "/embeddings"]

# What VS Code assumes where an entry is silent.
DEFAULT_PROMPT_TOKENS = 8192
DEFAULT_OUTPUT_TOKENS = 4096
DEFAULT_TOKENIZER = "o200k_base"

_CLAUDE = re.compile(r"^claude-[a-z]+-(\d+)(?:[.-](\d{1,2}))?(?![\d])")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model: who makes it, what it speaks, what it can do, how much it takes. `raw` is the entry as Copilot sent it."""

    id: str
    name: str = ""
    vendor: str = ""
    kind: Literal["chat", "completion", "embeddings"] = "chat"
    family: str = ""
    tokenizer: str = DEFAULT_TOKENIZER
    endpoints: tuple[str, ...] = ("/chat/completions",)
    enabled: bool = True
    picker: bool = True
    max_context: int | None = None
    max_prompt: int | None = None
    max_output: int | None = None
    max_output_whole: int | None = None
    max_inputs: int | None = None
    vision: bool = False
    tools: bool = False
    structured: bool = False
    adaptive_thinking: bool = False
    thinking_budget: tuple[int, int] | None = None
    efforts: tuple[str, ...] = ()
    max_image_bytes: int | None = None
    image_types: tuple[str, ...] = ()
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def speaks(self, endpoint: Endpoint) -> bool:
        """Whether Copilot serves this model at `endpoint`."""
        return endpoint in self.endpoints

    @cached_property
    def is_claude(self) -> bool:
        """Made by Anthropic, whichever endpoint it is reached through."""
        return self.vendor == "Anthropic" or self.id.startswith("claude")

    @cached_property
    def is_gemini(self) -> bool:
        """Made by Google."""
        return self.vendor == "Google" or self.id.startswith("gemini")

    @cached_property
    def is_openai(self) -> bool:
        """Made by OpenAI, wherever it runs."""
        return self.vendor in {"OpenAI", "Azure OpenAI"}

    @cached_property
    def is_openai_reasoning(self) -> bool:
        """One of OpenAI's models that refuse `max_tokens` and any sampling but the default: gpt-5 and later, the o-series."""
        return re.match(r"^(gpt-([5-9]|\d\d)|o\d)", self.id) is not None

    @cached_property
    def claude_version(self) -> tuple[int, int]:
        """(4, 7) for `claude-opus-4.7`, (5, 0) for `claude-opus-5`; (0, 0) for anything else."""
        found = _CLAUDE.match(self.id)
        return (int(found[1]), int(found[2] or 0)) if found else (0, 0)

    @cached_property
    def thinks(self) -> bool:
        """Whether it can reason at all. The catalog's own `thinking` flag is wrong for several models, so it is not asked."""
        return self.adaptive_thinking or self.thinking_budget is not None or bool(self.efforts)


def parse(entry: Json) -> Model | None:
    """A catalog entry; None for one without an id. Unknown and missing fields are normal."""
    id_ = entry.get("id")
    if not isinstance(id_, str) or not id_:
        return None
    capabilities = obj(entry.get("capabilities"))
    limits, supports = obj(capabilities.get("limits")), obj(capabilities.get("supports"))
    kind = capabilities.get("type")
    endpoints = entry.get("supported_endpoints")
    policy = obj(entry.get("policy"))
    budget = (whole_or_none(supports.get("min_thinking_budget")), whole_or_none(supports.get("max_thinking_budget")))
    return Model(
        id=id_,
        name=string(entry.get("name")) or id_,
        vendor=string(entry.get("vendor")),
        kind=kind if kind in {"completion", "embeddings"} else "chat",
        family=string(capabilities.get("family")),
        tokenizer=string(capabilities.get("tokenizer")) or DEFAULT_TOKENIZER,
        endpoints=_endpoints(endpoints, kind),
        enabled=policy.get("state", "enabled") == "enabled",
        picker=bool(entry.get("model_picker_enabled", True)),
        max_context=whole_or_none(limits.get("max_context_window_tokens")),
        max_prompt=whole_or_none(limits.get("max_prompt_tokens")),
        max_output=whole_or_none(limits.get("max_output_tokens")),
        max_output_whole=whole_or_none(limits.get("max_non_streaming_output_tokens")),
        max_inputs=whole_or_none(limits.get("max_inputs")),
        vision=bool(supports.get("vision")),
        tools=bool(supports.get("tool_calls")),
        structured=bool(supports.get("structured_outputs")),
        adaptive_thinking=bool(supports.get("adaptive_thinking")),
        thinking_budget=(budget[0] or 1024, budget[1]) if budget[1] else None,
        efforts=tuple(strings(supports.get("reasoning_effort"))),
        max_image_bytes=whole_or_none(obj(limits.get("vision")).get("max_prompt_image_size")),
        image_types=tuple(strings(obj(limits.get("vision")).get("supported_media_types"))),
        raw=entry,
    )


def parse_list(answer: Json) -> dict[str, Model]:
    """The catalog by id, in Copilot's order. Ids occur twice in real catalogs; the last entry wins."""
    models: dict[str, Model] = {}
    for entry in objs(answer.get("data")):
        if model := parse(entry):
            models.pop(model.id, None)
            models[model.id] = model
    return models


def _endpoints(listed: object, kind: object) -> tuple[str, ...]:
    if isinstance(listed, list) and listed:
        return tuple(e for e in listed if isinstance(e, str))
    return {"embeddings": ("/embeddings",), "completion": ()}.get(str(kind), ("/chat/completions",))
