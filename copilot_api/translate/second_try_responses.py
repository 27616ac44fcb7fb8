"""Refusals by /responses that a changed request gets past. Source: copilot-upstream §4.2, §4.3."""

import re

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj
from copilot_api.errors import CopilotApiError
from copilot_api.translate.repair import each, without
from copilot_api.translate.repair_responses_tools import all_wrapped

_FOREIGN_ID = re.compile(
    r"does not belong to this connection|Expected an ID that begins with|item_id did not match the target item id"
)
_UNREADABLE = re.compile(r"could not be (?:decrypted|verified)")
_TOOL_REFUSED = re.compile(r"The requested tool (?P<kind>[a-z0-9_]+) is not supported")


def mend(body: Json, problem: CopilotApiError) -> tuple[Json, str] | None:
    """The request to send instead of `body` after `problem`, and the name of the repair; None when there is none.

    What comes out may be refused once more and mended once more: ids go first, then the reasoning that they belong to.
    """
    tool = _TOOL_REFUSED.search(problem.message)
    if tool and tool["kind"] == "custom":
        return _named("free-text-wrapped", body, all_wrapped(body))
    if tool:
        return _named("refused-tool-dropped", body, _without_tool(body, tool["kind"]))
    if _FOREIGN_ID.search(problem.message):
        own = _named("ids-forgotten", body, each(body, "input", lambda item: without(item, "id")))
        return own or _named("reasoning-forgotten", body, _without_reasoning(body))
    if _UNREADABLE.search(problem.message):
        return _named("reasoning-forgotten", body, _without_reasoning(body))
    return None


def _named(name: str, body: Json, after: Json) -> tuple[Json, str] | None:
    return None if after is body else (after, name)


def _without_reasoning(body: Json) -> Json:
    return each(body, "input", lambda item: None if item.get("type") == "reasoning" else item)


def _without_tool(body: Json, kind: str) -> Json:
    """`body` without tools of that kind; itself where one of them has to be called."""
    if obj(body.get("tool_choice")).get("type") == kind:
        return body
    after = each(body, "tools", lambda tool: None if tool.get("type") == kind else tool)
    if after is body or after["tools"]:
        return after
    return without(after, "tools", "tool_choice", "parallel_tool_calls")
