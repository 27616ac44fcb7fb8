"""Repairs of requests to /chat/completions. Sources: copilot-upstream §3.1, users.md "Upstream quirks"."""

from typing import Any

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.read import obj, string, whole_or_none
from copilot_api.translate import carrier, gemini_schema, notes, repair_names, repair_pictures
from copilot_api.translate import repair_chat_turns as turns
from copilot_api.translate.effort import nearest
from copilot_api.translate.repair import LAST, Repair, Target, described, each, each_message, without

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
    """Reasoning models take no sampling but the default, and no stop sequences; one Claude generation not both at once.

    OpenAI's temperature goes to 2, Anthropic's to 1.
    """
    model = target.model
    if model.is_claude and _is_hot(body.get("temperature")):
        body = body | {"temperature": 1}
    if model.is_openai_reasoning:
        drop = [key for key in ("temperature", "top_p") if body.get(key, 1) != 1]
        return without(body, *drop, *(("stop",) if "stop" in body else ()))
    if model.claude_version >= (4, 7):
        return without(body, *[key for key in ("temperature", "top_p", "top_k") if key != "temperature" or body.get(key) != 1])
    if model.claude_version >= (4, 5) and "temperature" in body:
        return without(body, "top_p")
    return body


def _is_hot(temperature: Any) -> bool:
    return isinstance(temperature, int | float) and temperature > 1


def _kimi_sampling(body: Json, target: Target) -> Json:
    """VS Code never sends Kimi anything else."""
    served = {"temperature": 1, "top_p": 0.95} if target.model.vendor == "Moonshot AI" else {}
    wrong = {key: value for key, value in served.items() if body.get(key, value) != value}
    return body | wrong if wrong else body


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


def _descriptions(body: Json, _target: Target) -> Json:
    """A blank description says nothing, and some deployments refuse it."""
    return each(body, "tools", _described)


def _described(tool: Json) -> Json:
    function = tool.get("function")
    if not isinstance(function, dict) or (after := described(function)) is function:
        return tool
    return tool | {"function": after}


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
    at = next((n for n, m in enumerate(body["messages"]) if string(obj(m).get("role")) not in {"system", "developer"}), 0)
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
    if kept and len(kept) == len(content):
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
        name="cap-named",
        when="the output cap has the name that the model does not know",
        does="renames it: max_completion_tokens from gpt-5 on, else max_tokens",
        source="copilot-upstream §3.1",
        mend=_cap_named,
    ),
    Repair(
        name="cap-filled",
        when="a request to Claude has no output cap",
        does="gives it the model's whole output limit",
        source="compat §2.6",
        mend=_cap_filled,
    ),
    Repair(
        name="cap-clamped",
        when="the output cap is over the model's limit",
        does="lowers it to that",
        source="translation §5",
        mend=_cap_clamped,
    ),
    Repair(
        name="sampling-dropped",
        when="a reasoning model or a newer Claude is given sampling, or a stop sequence that it refuses",
        does="drops what it refuses, lowers a temperature over 1",
        source="copilot-upstream §3.1",
        mend=_sampling,
    ),
    Repair(
        name="kimi-sampling",
        when="Kimi is given a temperature or top_p of the client's",
        does="sets the only values it is served with, 1 and 0.95",
        source="copilot-upstream §3.1",
        mend=_kimi_sampling,
    ),
    Repair(
        name="fields-dropped",
        when="there are fields that Copilot does not know",
        does="drops them",
        source="copilot-upstream §3.1",
        mend=_fields,
    ),
    Repair(
        name="effort-fitted",
        when="the model does not list the reasoning_effort",
        does="takes the nearest it lists, or none",
        source="copilot-upstream §3.1",
        mend=_effort,
    ),
    Repair(
        name="tools-completed",
        when="the list of tools is empty, or a tool has no parameters",
        does="removes the list with the choice from it, adds empty parameters",
        source="translation §5",
        mend=_tools,
    ),
    Repair(
        name="blank-descriptions-dropped",
        when="the description of a tool is blank",
        does="leaves it out",
        source="users.md, upstream quirks",
        mend=_descriptions,
    ),
    Repair(
        name="format-worded",
        when="a response schema goes to a model that refuses or ignores it",
        does="asks for it in words",
        source="copilot-upstream §3.1",
        mend=_format,
    ),
    Repair(
        name="schemas-plain",
        when="a tool for Gemini has keywords that its schema language lacks",
        does="writes the schema without them",
        source="copilot-upstream §3.1",
        mend=_schemas,
    ),
    Repair(
        name="tool-names-mapped",
        when="the name of a tool is over 64 characters long or holds odd ones",
        does="sends another name, and gives the client its own back",
        source="translation §1.6",
        mend=repair_names.chat_names,
    ),
    Repair(
        name="developer-renamed",
        when="a model that is not OpenAI's gets a developer message",
        does="makes it a system message",
        source="translation §5",
        mend=_developer,
    ),
    Repair(
        name="tool-ids-cleaned",
        when="the id of a call is used twice, too long, or odd",
        does="makes it unique and legal, in its result too",
        source="users.md row 9",
        mend=turns.ids_cleaned,
    ),
    Repair(
        name="kimi-ids",
        when="Kimi gets calls with ids of another make",
        does="numbers them as Kimi does",
        source="copilot-upstream §3.1",
        mend=turns.kimi_ids,
    ),
    Repair(
        name="tool-results-paired",
        when="a call has no result behind it, or a result no call before it",
        does="adds a result that says so, makes the other the user's words",
        source="users.md row 9",
        mend=turns.results_paired,
    ),
    Repair(
        name="tool-arguments-mended",
        when="the arguments of a call in the history are no JSON object",
        does="cuts what is doubled, or says {}",
        source="users.md row 9",
        mend=turns.arguments_mended,
    ),
    Repair(
        name="tool-images-moved",
        when="the result of a tool holds pictures",
        does="puts them into a user message behind the results",
        source="translation §1.5",
        mend=turns.tool_pictures_moved,
    ),
    repair_pictures.LIMITED,
    repair_pictures.TYPED,
    Repair(
        name="content-stated",
        when="a message has neither content nor calls, or an empty list of calls",
        does="drops what says nothing",
        source="copilot-upstream §3.1",
        mend=turns.content_stated,
    ),
    Repair(
        name="blank-text-dropped",
        when="there is blank text for Claude",
        does="drops it, or fills in that there was no output",
        source="copilot-upstream §3.1",
        mend=_blank_text,
    ),
    Repair(
        name="tool-stubs-added",
        when="Claude's history has calls, and the request no tools",
        does="defines the tools that were called, and forbids to call them",
        source="translation §5",
        mend=turns.stubs_added,
    ),
    Repair(
        name="choice-without-thinking",
        when="Claude must call a tool and is to think as well",
        does="lets it not think",
        source="users.md, upstream quirks",
        mend=turns.thinking_off,
    ),
    Repair(
        name="reasoning-renamed",
        when="reasoning comes back under a client's name, or is another model's",
        does="uses Copilot's name, drops what is foreign",
        source="clients §4.4",
        mend=_reasoning,
    ),
    Repair(
        name="usage-requested",
        when="a stream does not ask for its token count",
        does="asks for it",
        source="copilot-upstream §3.1",
        mend=_usage,
    ),
    *LAST,
)
