"""Cache markers in a request to /v1/messages as Copilot takes them. Source: copilot-upstream §6.1 and §6.2."""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import objs, string
from copilot_api.translate.repair import Target, each, each_message, without
from copilot_api.translate.repair_messages_turns import THINKING, as_blocks

CACHE_TTL_BETA = "extended-cache-ttl-2025-04-11"
MARKER_LIMIT = 4


def markers_plain(body: Json, target: Target) -> Json:
    """Scopes, and lifetimes without their beta, are refused; so are markers on thinking and inside tool results."""
    keys = ("type", "ttl") if CACHE_TTL_BETA in target.betas else ("type",)
    body = each(each(body, "tools", lambda t: _plain_marker(t, keys)), "system", lambda s: _plain_marker(s, keys))
    body = each_message(body, lambda m: each(m, "content", lambda b: _plain_marker(_inside_marked(b), keys)))
    return _top_level_marker(body, keys)


def _plain_marker(block: Json, keys: tuple[str, ...]) -> Json:
    marker = block.get("cache_control")
    if "cache_control" not in block:
        return block
    if not isinstance(marker, dict) or string(block.get("type")) in THINKING:
        return without(block, "cache_control")
    plain = {key: value for key, value in marker.items() if key in keys}
    return block if len(plain) == len(marker) else block | {"cache_control": plain}


def _inside_marked(block: Json) -> Json:
    """A marker inside a tool result moves to the result itself, which is where it is allowed."""
    inner = [item for item in objs(block.get("content")) if "cache_control" in item]
    if block.get("type") != "tool_result" or not inner:
        return block
    return {"cache_control": inner[-1]["cache_control"]} | each(block, "content", lambda item: without(item, "cache_control"))


def _top_level_marker(body: Json, keys: tuple[str, ...]) -> Json:
    """`cache_control` of the request as a whole is what Anthropic puts on the last block that can hold it."""
    if "cache_control" not in body:
        return body
    marker, body = body["cache_control"], without(body, "cache_control")
    messages = body.get("messages")
    if not isinstance(marker, dict) or not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return body
    blocks = as_blocks(messages[-1].get("content"))
    if not blocks or string(blocks[-1].get("type")) in THINKING or "cache_control" in blocks[-1]:
        return body
    marked = _plain_marker(blocks[-1] | {"cache_control": marker}, keys)
    return body | {"messages": [*messages[:-1], messages[-1] | {"content": [*blocks[:-1], marked]}]}


def markers_limited(body: Json, _target: Target) -> Json:
    """Four markers are the limit: the last four cache the most."""
    surplus = _count_markers(body) - MARKER_LIMIT
    if surplus <= 0:
        return body

    def strip(block: Json) -> Json:
        nonlocal surplus
        if surplus <= 0 or "cache_control" not in block:
            return block
        surplus -= 1
        return without(block, "cache_control")

    body = each(each(body, "tools", strip), "system", strip)
    return each_message(body, lambda m: each(m, "content", strip))


def _count_markers(body: Json) -> int:
    holders = [*objs(body.get("tools")), *objs(body.get("system"))]
    holders += [block for message in objs(body.get("messages")) for block in objs(message.get("content"))]
    return sum("cache_control" in holder for holder in holders)
