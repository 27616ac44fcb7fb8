"""Repairs of requests to /chat/completions. Sources: copilot-upstream §3.1, users.md "Upstream quirks"."""

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.read import obj, whole_or_none
from copilot_api.translate import carrier, gemini_schema, notes
from copilot_api.translate.effort import nearest
from copilot_api.translate.repair import Repair, Target, each, each_message, without

_CAPS = ("max_completion_tokens", "max_tokens")
# Copilot knows none of these; some backends answer 400, none does what they ask.
_NEVER = (
    "store",
    "service_tier",
    "metadata",
    "user",
    "audio",
    "modalities",
    "web_search_options",
    "prompt_cache_retention",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "seed",
)
# Only OpenAI's own models know these.
_OPENAI_ONLY = ("prediction", "verbosity")
_EMPTY_SCHEMA: Json = {"type": "object", "properties": {}}


def _cap_named(body: Json, target: Target) -> Json:
    """gpt-5 and later refuse `max_tokens`; everybody else is known to understand it."""
    right, wrong = _CAPS if target.model.is_openai_reasoning else _CAPS[::-1]
    if wrong not in body:
        return body
    caps = [body[cap] for cap in _CAPS if body.get(cap) is not None]
    return without(body, *_CAPS) | ({right: caps[0]} if caps else {})


def _cap_filled(body: Json, target: Target) -> Json:
    """Without a cap Claude's backends use a small one of their own; npm copilot-api filled it in for every model."""
    if not target.model.is_claude or not target.model.max_output or any(body.get(cap) is not None for cap in _CAPS):
        return body
    return body | {"max_tokens": target.model.max_output}


def _cap_clamped(body: Json, target: Target) -> Json:
    """Clients send caps blindly; over the model's limit Copilot answers 400."""
    limit = target.model.max_output
    over = [cap for cap in _CAPS if limit and (whole_or_none(body.get(cap)) or 0) > limit]
    return body | dict.fromkeys(over, limit) if over else body


def _sampling(body: Json, target: Target) -> Json:
    """Reasoning models take no sampling but the default, and no stop sequences; one Claude generation not both at once."""
    model = target.model
    if model.is_openai_reasoning:
        drop = [key for key in ("temperature", "top_p") if body.get(key, 1) != 1]
        return without(body, *drop, *(("stop",) if "stop" in body else ()))
    if model.claude_version >= (4, 7):
        return without(body, *[key for key in ("temperature", "top_p", "top_k") if key != "temperature" or body.get(key) != 1])
    if model.claude_version >= (4, 5) and "temperature" in body:
        return without(body, "top_p")
    return body


def _fields(body: Json, target: Target) -> Json:
    foreign = () if target.model.vendor in {"OpenAI", "Azure OpenAI"} else _OPENAI_ONLY
    return without(body, *_NEVER, *foreign)


def _effort(body: Json, target: Target) -> Json:
    """`reasoning_effort` is refused unless the model lists the level: the nearest listed one, or none."""
    wanted = body.get("reasoning_effort")
    if wanted is None or wanted in target.model.efforts:
        return body
    level = nearest(wanted, target.model.efforts)
    return body | {"reasoning_effort": level} if level else without(body, "reasoning_effort")


def _tools(body: Json, _target: Target) -> Json:
    """Some backends refuse an empty list of tools, and a tool without parameters."""
    if "tools" in body and not body["tools"]:
        return without(body, "tools", "tool_choice", "parallel_tool_calls")
    if "tools" not in body and ("tool_choice" in body or "parallel_tool_calls" in body):
        return without(body, "tool_choice", "parallel_tool_calls")
    return each(body, "tools", _tool)


def _tool(tool: Json) -> Json:
    function = tool.get("function")
    if not isinstance(function, dict) or isinstance(function.get("parameters"), dict):
        return tool
    return tool | {"function": function | {"parameters": _EMPTY_SCHEMA}}


def _schemas(body: Json, target: Target) -> Json:
    """Gemini refuses a tool for any keyword of JSON Schema that it does not know."""
    return each(body, "tools", _plain_tool) if target.model.is_gemini else body


def _plain_tool(tool: Json) -> Json:
    function = obj(tool.get("function"))
    schema = obj(function.get("parameters"))
    plain = gemini_schema.plain(schema)
    return tool if plain == schema else tool | {"function": function | {"parameters": plain}}


def _format(body: Json, target: Target) -> Json:
    """A schema for the answer is refused by some models and ignored by others: these are asked for it in words."""
    wanted = obj(body.get("response_format"))
    if target.model.structured or wanted.get("type") != "json_schema" or not isinstance(body.get("messages"), list):
        return body
    words = notes.only_json(dumps_text(obj(obj(wanted.get("json_schema")).get("schema"))))
    at = next((n for n, m in enumerate(body["messages"]) if obj(m).get("role") not in {"system", "developer"}), 0)
    asked = {"role": "system", "content": words}
    return without(body, "response_format") | {"messages": [*body["messages"][:at], asked, *body["messages"][at:]]}


def _developer(body: Json, target: Target) -> Json:
    """Only OpenAI's models know the role `developer`."""
    if target.model.vendor in {"OpenAI", "Azure OpenAI"}:
        return body
    return each_message(body, lambda m: m | {"role": "system"} if m.get("role") == "developer" else m)


def _blank_text(body: Json, target: Target) -> Json:
    """Claude refuses text that is blank."""
    return each_message(body, _without_blanks) if target.model.is_claude else body


def _without_blanks(message: Json) -> Json | None:
    content = message.get("content")
    if isinstance(content, str) and not content.strip():
        if message.get("role") == "tool":
            return message | {"content": "(no output)"}
        return message | {"content": None} if message.get("tool_calls") else None
    if not isinstance(content, list):
        return message
    kept = [part for part in content if not (isinstance(part, dict) and part.get("type") == "text" and not _words(part))]
    if len(kept) == len(content):
        return message
    return message | {"content": kept} if kept else _without_blanks(message | {"content": ""})


def _words(part: Json) -> str:
    return str(part.get("text") or "").strip()


def _reasoning(body: Json, _target: Target) -> Json:
    """Reasoning goes back under Copilot's own names, and only to the family of models that wrote it."""
    return each_message(body, _own_reasoning)


def _own_reasoning(message: Json) -> Json:
    sealed = message.get("reasoning_opaque")
    if isinstance(sealed, str) and sealed.startswith(carrier.PREFIX):
        return without(message, "reasoning_opaque", "reasoning_text", "reasoning_content")
    if "reasoning_content" not in message:
        return message
    shown = message.get("reasoning_text") or message["reasoning_content"]
    return without(message, "reasoning_content") | ({"reasoning_text": shown} if shown else {})


def _usage(body: Json, target: Target) -> Json:
    """Copilot counts a stream only when it is asked to; the count is kept from clients that did not ask."""
    options = body.get("stream_options")
    if not target.stream or (isinstance(options, dict) and options.get("include_usage") is True):
        return body
    return body | {"stream_options": (options if isinstance(options, dict) else {}) | {"include_usage": True}}


CHAT: tuple[Repair, ...] = (
    Repair(
        name="cap-named", does="names the output cap as the model knows it", source="copilot-upstream §3.1", mend=_cap_named
    ),
    Repair(name="cap-filled", does="gives Claude its whole output limit", source="compat §2.6", mend=_cap_filled),
    Repair(name="cap-clamped", does="lowers a cap to the model's limit", source="translation §5", mend=_cap_clamped),
    Repair(name="sampling-dropped", does="drops sampling the model refuses", source="copilot-upstream §3.1", mend=_sampling),
    Repair(name="fields-dropped", does="drops fields Copilot does not know", source="copilot-upstream §3.1", mend=_fields),
    Repair(name="effort-fitted", does="takes the nearest effort on offer", source="copilot-upstream §3.1", mend=_effort),
    Repair(name="tools-completed", does="completes or removes empty tools", source="translation §5", mend=_tools),
    Repair(name="format-worded", does="asks in words for JSON of a schema", source="copilot-upstream §3.1", mend=_format),
    Repair(name="schemas-plain", does="writes schemas as Gemini reads them", source="copilot-upstream §3.1", mend=_schemas),
    Repair(name="developer-renamed", does="says system for developer", source="translation §5", mend=_developer),
    Repair(name="blank-text-dropped", does="drops blank text", source="copilot-upstream §3.1", mend=_blank_text),
    Repair(name="reasoning-renamed", does="sends reasoning back as Copilot names it", source="clients §4.4", mend=_reasoning),
    Repair(name="usage-requested", does="asks for the token count of a stream", source="copilot-upstream §3.1", mend=_usage),
)
