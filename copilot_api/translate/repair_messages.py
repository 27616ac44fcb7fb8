"""Repairs of requests to /v1/messages. Sources: copilot-upstream §6.1 and §6.2, users.md "Upstream quirks"."""

from collections.abc import Callable
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, string, whole_or_none
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes, repair_names, repair_pictures
from copilot_api.translate import repair_messages_cache as cache
from copilot_api.translate import repair_messages_thinking as thinking
from copilot_api.translate import repair_messages_turns as turns
from copilot_api.translate.effort import nearest
from copilot_api.translate.repair import LAST, Repair, Target, described, each, each_message, without
from copilot_api.translate.repair_messages_turns import as_blocks

CONTEXT_BETA = "context-management-2025-06-27"
TOOL_USE_BETA = "advanced-tool-use-2025-11-20"

_NEVER = ("service_tier", "inference_geo", "speed", "container", "mcp_servers", "betas", "thread", "stream_options")
_SERVER_TOOLS = ("web_search_", "web_fetch_", "code_execution_", "computer_", "advisor_", "mcp_")
_SERVER_BLOCKS = frozenset(
    {
        "server_tool_use",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "container_upload",
    }
)


def _fields(body: Json, target: Target) -> Json:
    dropped = _NEVER if CONTEXT_BETA in target.betas else (*_NEVER, "context_management")
    return without(body, *dropped)


def _billing_header(body: Json, _target: Target) -> Json:
    """Claude Code's attribution is not part of the prompt, and differs from session to session: it spoils the cache."""
    system = body.get("system")
    if not isinstance(system, list) or not system or not is_billing_header(system[0]):
        return body
    return body | {"system": system[1:]} if len(system) > 1 else without(body, "system")


def is_billing_header(block: Any) -> bool:
    """Whether a system block is the line that Claude Code puts before its prompt for Anthropic's accounting."""
    return string(obj(block).get("text")).startswith("x-anthropic-billing-header")


def _system_moved(body: Json, _target: Target) -> Json:
    """A system message between turns becomes a reminder in the user message before it, for good: so the prefix stays stable."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not any(obj(m).get("role") == "system" for m in messages):
        return body
    system = as_blocks(body.get("system"))
    moved: list[Any] = []
    for message in messages:
        if obj(message).get("role") != "system":
            moved.append(message)
            continue
        reminders = [_reminder(block) for block in as_blocks(message.get("content")) if string(block.get("text")).strip()]
        at = next((n for n in range(len(moved) - 1, -1, -1) if obj(moved[n]).get("role") == "user"), None)
        if at is None:
            system = [*system, *reminders]
        else:
            moved[at] = moved[at] | {"content": [*as_blocks(moved[at].get("content")), *reminders]}
    return body | {"messages": moved} | ({"system": system} if system else {})


def _reminder(block: Json) -> Json:
    return block | {"text": notes.reminder(string(block.get("text")))}


def _server_tools(body: Json, _target: Target) -> Json:
    """Copilot runs no tools of its own. A request that lives by one is told so; any other does without."""
    tools = body.get("tools")
    if not isinstance(tools, list):
        return body
    lost = [string(obj(tool).get("name")) for tool in tools if _is_server_tool(obj(tool))]
    if not lost:
        return body
    if string(obj(body.get("tool_choice")).get("name")) in lost:
        raise ClientMistake(
            f"tools: Copilot does not offer the server tool {', '.join(lost)}",
            hint="use a client-side tool, such as an MCP server",
            param="tools",
        )
    kept = [tool for tool in tools if not _is_server_tool(obj(tool))]
    return body | {"tools": kept} if kept else without(body, "tools", "tool_choice")


def _is_server_tool(tool: Json) -> bool:
    return string(tool.get("type")).startswith(_SERVER_TOOLS)


def _server_blocks(body: Json, _target: Target) -> Json:
    """What another server's tools left in the history: Copilot's backends do not know these blocks."""
    return each_message(body, lambda m: _with_blocks(m, lambda b: None if string(b.get("type")) in _SERVER_BLOCKS else b))


def _tool_fields(body: Json, target: Target) -> Json:
    if not body.get("tools"):
        return without(body, "tools", "tool_choice")
    drop = ["eager_input_streaming"]
    drop += [] if TOOL_USE_BETA in target.betas else ["defer_loading"]
    drop += [] if target.model.structured else ["strict"]

    def clean(tool: Json) -> Json:
        tool = without(tool, *drop)
        schema = tool.get("input_schema")
        if isinstance(schema, dict) and "$schema" in schema:
            return tool | {"input_schema": without(schema, "$schema")}
        return tool

    return each(body, "tools", clean)


def _descriptions(body: Json, _target: Target) -> Json:
    """A blank description says nothing, and some deployments refuse it."""
    return each(body, "tools", described)


def _unique(body: Json, _target: Target) -> Json:
    """Tool servers that offer the same tool twice are refused as a whole."""
    seen: set[str] = set()

    def first(tool: Json) -> Json | None:
        name = string(tool.get("name"))
        if name in seen:
            return None
        seen.add(name)
        return tool

    return each(body, "tools", first)


def _blank_text(body: Json, _target: Target) -> Json:
    """Blank text is refused, and so is a message without content."""
    body = each(body, "system", lambda block: None if _is_blank(block) else block)
    body = each_message(body, lambda m: _with_blocks(m, _without_blank))
    return each_message(body, lambda m: None if _is_empty(m) else m)


def _without_blank(block: Json) -> Json | None:
    if _is_blank(block):
        return None
    if block.get("type") != "tool_result" or not isinstance(block.get("content"), list):
        return block
    filled = each(block, "content", lambda item: None if _is_blank(item) else item)
    return filled if filled["content"] or not block["content"] else without(filled, "content")


def _is_blank(block: Json) -> bool:
    return block.get("type") == "text" and not string(block.get("text")).strip()


def _is_empty(message: Json) -> bool:
    content = message.get("content")
    return not content.strip() if isinstance(content, str) else isinstance(content, list) and not content


def _effort(body: Json, target: Target) -> Json:
    """Only efforts the model lists; `task_budget` never."""
    config = body.get("output_config")
    if not isinstance(config, dict):
        return body
    plain = without(config, "task_budget")
    wanted = plain.get("effort")
    if wanted is not None and wanted not in target.model.efforts:
        level = nearest(wanted, target.model.efforts)
        plain = without(plain, "effort") | ({"effort": level} if level else {})
    if plain is config:
        return body
    return body | {"output_config": plain} if plain else without(body, "output_config")


def _sampling(body: Json, target: Target) -> Json:
    """Newer models take no sampling at all, older ones not both kinds, none of them any but the default while it thinks."""
    version = target.model.claude_version
    given = {key: body[key] for key in ("temperature", "top_p", "top_k") if key in body}
    thinks = string(obj(body.get("thinking")).get("type")) in {"enabled", "adaptive"}
    drop = {"top_p"} if version >= (4, 5) and "temperature" in given else set()
    if version >= (4, 7) or thinks:
        drop |= {key for key in given if key != "temperature" or given[key] != 1}
    return without(body, *drop)


def _cap_clamped(body: Json, target: Target) -> Json:
    limit = target.model.max_output
    return body | {"max_tokens": limit} if limit and (whole_or_none(body.get("max_tokens")) or 0) > limit else body


def _with_blocks(message: Json, mend: Callable[[Json], Json | None]) -> Json:
    return each(message, "content", mend)


MESSAGES: tuple[Repair, ...] = (
    Repair(
        name="fields-dropped",
        when="there are fields that Copilot does not know, or only with a beta that is not sent",
        does="drops them",
        source="copilot-upstream §6.1",
        mend=_fields,
    ),
    Repair(
        name="billing-header-stripped",
        when="the system prompt begins with Claude Code's attribution",
        does="drops it",
        source="client-apis §6",
        mend=_billing_header,
    ),
    Repair(
        name="system-moved",
        when="a system message stands between the turns",
        does="makes it a reminder in the user message before it",
        source="copilot-upstream §6.1",
        mend=_system_moved,
    ),
    Repair(
        name="server-tools-dropped",
        when="there are tools that only Anthropic's servers run",
        does="drops them, or refuses a request that depends on one",
        source="translation §5",
        mend=_server_tools,
    ),
    Repair(
        name="server-blocks-dropped",
        when="the history holds what such tools did",
        does="drops it",
        source="translation §1.4",
        mend=_server_blocks,
    ),
    Repair(
        name="tool-fields-dropped",
        when="a tool has fields that are refused, or there is a choice among no tools",
        does="drops them",
        source="copilot-upstream §6.1",
        mend=_tool_fields,
    ),
    Repair(
        name="blank-descriptions-dropped",
        when="the description of a tool is blank",
        does="leaves it out",
        source="users.md, upstream quirks",
        mend=_descriptions,
    ),
    Repair(
        name="tools-unique",
        when="two tools have the same name",
        does="keeps the first",
        source="copilot-upstream §6.1",
        mend=_unique,
    ),
    Repair(
        name="tool-names-mapped",
        when="the name of a tool is over 128 characters long or holds odd ones",
        does="sends another name, and gives the client its own back",
        source="translation §1.6",
        mend=repair_names.messages_names,
    ),
    Repair(
        name="tool-inputs-mended",
        when="the input of a call in the history is no object",
        does="reads it if it is one as text, or says {}",
        source="users.md row 9",
        mend=turns.inputs_mended,
    ),
    Repair(
        name="tool-ids-cleaned",
        when="the id of a call is used twice, or odd",
        does="makes it unique and legal, in its result too",
        source="users.md row 9",
        mend=turns.ids_cleaned,
    ),
    Repair(
        name="tool-results-paired",
        when="a call has no result at the beginning of the next turn, or a result no call before it",
        does="moves it there or adds one that says so, makes the other the user's words",
        source="users.md row 9",
        mend=turns.results_paired,
    ),
    Repair(
        name="cache-control-plain",
        when="a cache marker says more than is accepted, or stands where none may be",
        does="leaves what is accepted, moves the rest",
        source="copilot-upstream §6.1",
        mend=cache.markers_plain,
    ),
    Repair(
        name="cache-markers-limited",
        when="there are more than four cache markers",
        does="keeps the last four",
        source="copilot-upstream §6.1",
        mend=cache.markers_limited,
    ),
    Repair(
        name="thinking-history",
        when="the history holds reasoning that Anthropic did not sign",
        does="drops it",
        source="translation §4",
        mend=thinking.history,
    ),
    Repair(
        name="thinking-newest-kept",
        when="neighbouring answers both hold thinking",
        does="keeps it in the newest that calls tools",
        source="copilot-upstream §6.1",
        mend=turns.thinking_newest_kept,
    ),
    repair_pictures.LIMITED,
    repair_pictures.TYPED,
    Repair(
        name="blank-text-dropped",
        when="there is blank text, or a message without content",
        does="drops it",
        source="copilot-upstream §6.1",
        mend=_blank_text,
    ),
    Repair(
        name="prefill-trimmed",
        when="the beginning of the answer that the client writes ends in blanks",
        does="trims it",
        source="copilot-upstream §6.1",
        mend=turns.prefill_trimmed,
    ),
    Repair(
        name="beginning-added",
        when="the conversation begins with the assistant",
        does="lets the user say that it does",
        source="translation §5",
        mend=turns.beginning_added,
    ),
    Repair(
        name="tool-stubs-added",
        when="the history has calls, and the request no tools",
        does="defines the tools that were called, and forbids to call them",
        source="translation §5",
        mend=turns.stubs_added,
    ),
    Repair(
        name="cap-clamped",
        when="max_tokens is over the model's limit",
        does="lowers it to that",
        source="translation §5",
        mend=_cap_clamped,
    ),
    Repair(
        name="choice-without-thinking",
        when="a tool must be called, and the model is to think as well",
        does="lets it not think",
        source="users.md, upstream quirks",
        mend=turns.thinking_off,
    ),
    Repair(
        name="thinking-fitted",
        when="thinking is asked for in a way that the model does not know",
        does="asks in the way it knows, or not at all",
        source="copilot-upstream §6.1",
        mend=thinking.fitted,
    ),
    Repair(
        name="thinking-paused",
        when="thinking is on, and the newest turn calls tools without its thoughts",
        does="switches it off for this request",
        source="translation §4",
        mend=thinking.paused,
    ),
    Repair(
        name="effort-fitted",
        when="output_config holds an effort that the model does not list, or a task budget",
        does="takes an effort on offer, or none",
        source="copilot-upstream §6.1",
        mend=_effort,
    ),
    Repair(
        name="sampling-dropped",
        when="a newer model, or one that thinks, is given sampling",
        does="drops what it refuses",
        source="copilot-upstream §6.1",
        mend=_sampling,
    ),
    *LAST,
)
