"""What a Gemini request says besides its conversation and tools, read for the three dialects it is translated into.

Rules: translation.md §1.1. Source of the fields: client-apis.md §7, Google's reference of GenerationConfig.
"""

from collections.abc import Callable
from dataclasses import dataclass

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import strings
from copilot_api.translate import effort, notes, structured
from copilot_api.translate.fields import Fields
from copilot_api.translate.openapi_schema import json_schema

_ADDRESS = ("model", "alt")
_LEVELS = frozenset({"MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"})
_NO_LEVEL = ("", "THINKING_LEVEL_UNSPECIFIED")
_JSON, _ENUM, _PLAIN = "application/json", "text/x.enum", "text/plain"


def config(fields: Fields) -> Fields:
    """Takes the address and `generationConfig`, which it returns. Raises ClientMistake for what would be another answer."""
    for name in _ADDRESS:
        fields.take(name)
    if "cachedContent" in fields:
        raise fields.mistake("cachedContent", "contents are not kept on this server; send them", code="unsupported_value")
    config = fields.object("generationConfig")
    if (config.whole("candidateCount") or 1) > 1:
        raise config.mistake("candidateCount", "only one answer at a time can be had", code="unsupported_value")
    if any(modality != "TEXT" for modality in config.items("responseModalities")):
        raise config.mistake("responseModalities", "models answer through Copilot in text only", code="unsupported_value")
    return config


def cap(config: Fields) -> int | None:
    """Takes `maxOutputTokens`."""
    most = config.whole("maxOutputTokens")
    if most is not None and most < 1:
        raise config.mistake("maxOutputTokens", "must be at least 1")
    return most


def sampling(config: Fields, *, hottest: float, is_limited: bool = False) -> Json:
    """Takes `temperature` (0 to `hottest` upstream) and `topP`; a Claude that thinks is limited to hardly any choice."""
    said: Json = {}
    for key, name in (("temperature", "temperature"), ("topP", "top_p")):
        number = config.number(key)
        if number is None:
            continue
        within = min(max(number, 0), hottest if key == "temperature" else 1)
        fits = not is_limited or effort.SAMPLING_WHILE_THINKING[name](within)
        if within != number or not fits:
            config.lose(key)
        if fits:
            said[name] = within
    return said


def drop_sampling(config: Fields) -> None:
    """Takes `temperature` and `topP` for endpoints that take neither. One is what they do by themselves."""
    for key in ("temperature", "topP"):
        if config.number(key) not in {None, 1}:
            config.lose(key)


def stops(config: Fields, *, most: int | None = None) -> list[str]:
    """Takes `stopSequences`, without blank ones, which upstream refuses."""
    given = config.items("stopSequences")
    if not all(isinstance(stop, str) for stop in given):
        raise config.mistake("stopSequences", "must be a list of texts", code="invalid_type")
    kept = [stop for stop in given if stop.strip()][:most]
    if len(kept) < len([stop for stop in given if stop]):
        config.lose("stopSequences")
    return kept


# Thinking


def thinking_for_chat(config: Fields, model: Model, *, most_output: int | None, forced: bool, may_budget: bool) -> Json:
    """Takes `thinkingConfig`; returns fields of a Chat request. The conditions are those of `effort.for_chat`."""
    wish = _wish(config)
    thinking, levels = wish.as_anthropic()
    said = effort.for_chat(thinking, levels, model, most_output=most_output, forced=forced, may_budget=may_budget)
    return _carried(config, "thinkingConfig", said, thinking, levels)


def thinking_for_messages(config: Fields, model: Model, *, most_output: int, forced: bool, may_budget: bool) -> Json:
    """Takes `thinkingConfig`; returns `thinking` and `output_config`. The conditions are those of `effort.for_messages`."""
    wish = _wish(config)
    if wish.is_as_the_model_likes and model.adaptive_thinking and not forced:
        return {"thinking": {"type": "adaptive", "display": "summarized"}}
    openai = Fields({"reasoning_effort": wish.level or None, "thinking_budget": wish.budget})
    said = effort.for_messages(openai, model, most_output=most_output, forced=forced, may_budget=may_budget)
    return _carried(config, "thinkingConfig", said, openai)


def thinking_for_responses(config: Fields, model: Model) -> Json:
    """Takes `thinkingConfig`; returns `reasoning` for Responses."""
    wish = _wish(config)
    thinking, levels = wish.as_anthropic({} if wish.is_shown else {"display": "omitted"})
    return _carried(config, "thinkingConfig", effort.for_responses(thinking, levels, model), thinking, levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """How much a client wants to have thought: a `level` ("none", "" for nothing said) or a `budget`.

    `is_open` leaves it to the model; `is_shown` wants to see the thoughts that Gemini's own models have unasked.
    """

    level: str
    budget: int | None
    is_open: bool
    is_shown: bool

    @property
    def is_as_the_model_likes(self) -> bool:
        """Whether there shall be thinking, and nobody says how much."""
        return not self.level and self.budget is None and (self.is_open or self.is_shown)

    def as_anthropic(self, display: Json | None = None) -> tuple[Fields, Fields]:
        """`thinking` and `output_config`, as Anthropic's clients say it."""
        if self.level == "none":
            return Fields({"type": "disabled"}), Fields({})
        if self.budget is not None:
            return Fields({"type": "enabled", "budget_tokens": self.budget} | (display or {})), Fields({})
        if self.level or self.is_as_the_model_likes:
            return Fields({"type": "adaptive"} | (display or {})), Fields({"effort": self.level or None})
        return Fields({}), Fields({})


def _wish(config: Fields) -> _Wish:
    wanted = config.object("thinkingConfig")
    budget = wanted.whole("thinkingBudget")
    is_open = budget is not None and budget < 0
    return _Wish(
        level="none" if budget == 0 else _level(wanted),
        budget=None if is_open or budget == 0 else budget,
        is_open=is_open,
        is_shown=wanted.flag("includeThoughts") is True,
    )


def _level(wanted: Fields) -> str:
    word = wanted.text("thinkingLevel").upper()
    if word in _NO_LEVEL:
        return ""
    if word not in _LEVELS:
        raise wanted.mistake("thinkingLevel", f"{word[:40]!r} is not a level of thinking")
    return word.lower()


# Structured answers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """The form that the answer shall have: JSON of a `schema`, which stood at `key`, JSON of any kind, or what `words` say."""

    key: str = ""
    schema: Json | None = None
    is_json: bool = False
    words: str = ""


def shape_for_chat(config: Fields, model: Model) -> tuple[Json, str]:
    """Takes `responseMimeType` and the schema; returns fields of a Chat request, and words for its system prompt."""
    wanted = _shape(config)
    if wanted.is_json and wanted.schema is None and model.is_openai:  # which demands that the prompt speaks of JSON
        return {"response_format": {"type": "json_object"}}, notes.ANY_JSON
    return _openai_shape(config, wanted, model, structured.for_chat)


def shape_for_responses(config: Fields, model: Model) -> tuple[Json, str]:
    """Takes `responseMimeType` and the schema; returns fields of a Responses `text`, and words for its instructions.

    JSON of any kind is asked for in words alone: the endpoint would demand them in the conversation itself.
    """
    return _openai_shape(config, _shape(config), model, structured.for_responses)


def shape_for_messages(config: Fields, model: Model) -> tuple[Json, str]:
    """Takes `responseMimeType` and the schema; returns fields of a Messages `output_config`, and words for its prompt."""
    wanted = _shape(config)
    if wanted.schema is None:
        return {}, _in_words(config, wanted)
    openai = Fields({"response_format": {"type": "json_schema", "json_schema": {"schema": wanted.schema}}})
    said, words = structured.for_messages(openai, model)
    return _carried(config, wanted.key, said, openai), words


def _openai_shape(
    config: Fields, wanted: _Shape, model: Model, write: Callable[[Fields, Model], tuple[Json, str]]
) -> tuple[Json, str]:
    if wanted.schema is None:
        return {}, _in_words(config, wanted)
    anthropic = Fields({"format": {"type": "json_schema", "schema": wanted.schema}})
    said, words = write(anthropic, model)
    return _carried(config, wanted.key, said, anthropic), words


def _shape(config: Fields) -> _Shape:
    kind = config.text("responseMimeType")
    if kind not in {"", _JSON, _ENUM, _PLAIN}:
        raise config.mistake("responseMimeType", f"{kind[:40]!r} is not a kind of answer that models give")
    key = "responseJsonSchema" if "responseJsonSchema" in config else "responseSchema"
    schema = config.take(key)
    if schema is None:
        return _Shape(is_json=kind == _JSON)
    if not isinstance(schema, dict):
        raise config.mistake(key, "must be a schema", code="invalid_type")
    schema = json_schema(schema, closed=True) if key == "responseSchema" else schema
    if kind == _ENUM:
        config.lose("responseMimeType")
        return _Shape(words=notes.one_of(strings(schema.get("enum"))))
    return _Shape(key=key, schema=schema, is_json=True)


def _in_words(config: Fields, wanted: _Shape) -> str:
    if not wanted.is_json:
        return wanted.words
    config.lose("responseMimeType")
    return notes.ANY_JSON


def _carried(config: Fields, name: str, said: Json, *wishes: Fields) -> Json:
    """`said`; what is left of the wish that it came from is the loss of `name`."""
    if any(True for wish in wishes for _ in wish.losses()):
        config.lose(name)
    return said
