"""Which field a refusal names: read from any of the wordings in which Copilot's backends say it.

Wordings change with the backend and its version, so a path counts only if it leads to something in the request that was
refused, and only if the answer is still the one that was asked for without it.
Sources: copilot-upstream §3.1, §4.2, §6.1, §6.2, §8.
"""

import re
from collections.abc import Iterator
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.errors import UpstreamRefused
from copilot_api.translate.learned import ANYWHERE, ITEMS, Lesson, strip

_PATH = r"(?P<path>[A-Za-z_$][\w$.\[\]-]*)"
_QUOTED = rf"['\"`]{_PATH}['\"`]"
_WORDINGS: tuple[re.Pattern[str], ...] = (
    re.compile(rf"{_PATH}: Extra inputs are not permitted"),
    re.compile(rf"(?:Unsupported (?:parameter|value)|Unknown parameter|Unrecognized (?:parameter|field)): {_QUOTED}"),
    re.compile(rf"^{_QUOTED} (?:is|are|may) "),
    re.compile(rf"^{_PATH} (?:is|are) (?:not supported|not permitted|deprecated)\b"),
)
_LIST = re.compile(r"Unrecognized request arguments? supplied: (?P<paths>[\w$., -]+)")
_GEMINI = re.compile(r"Unknown name \\?\"(?P<keyword>[^\"\\]+)\\?\"(?: at '(?P<at>[^']*)')?")
_BETA = re.compile(r"\b[a-z0-9]+(?:-[a-z0-9]+)*-20\d\d-\d\d-\d\d\b")
_PARAM_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})

# Without these an answer is another one than was asked for: such a refusal is for the client to hear.
_ESSENTIAL = frozenset(
    {
        "model",
        "messages",
        "input",
        "system",
        "instructions",
        "prompt",
        "contents",
        "tools",
        "functions",
        "tool_choice",
        "function_call",
        "response_format",
        "text",
        "stream",
        "n",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "previous_response_id",
        "conversation",
    }
)
# And further in, these are what a message, a block or a tool consists of.
_SUBSTANCE = _ESSENTIAL | frozenset(
    {
        "type",
        "role",
        "content",
        "format",
        "schema",
        "json_schema",
        "source",
        "data",
        "media_type",
        "url",
        "image_url",
        "file",
        "file_data",
        "id",
        "name",
        "input_schema",
        "parameters",
        "properties",
        "required",
        "items",
        "enum",
        "description",
        "function",
        "arguments",
        "tool_calls",
        "tool_call_id",
        "tool_use_id",
        "call_id",
        "output",
        "is_error",
        "thinking",
        "signature",
        "encrypted_content",
        "budget_tokens",
    }
)


def fields_in(problem: UpstreamRefused, body: Json) -> frozenset[Lesson]:
    """The fields of `body` that `problem` names and that may be left out, wherever the like of them stands."""
    found = {Lesson(path=path) for path in _paths(problem, body)} | {*_keywords(problem.message, body)}
    return frozenset(found)


def betas_in(problem: UpstreamRefused, betas: tuple[str, ...]) -> frozenset[Lesson]:
    """Those of the `anthropic-beta` values sent that `problem` names."""
    if "beta" not in problem.message:
        return frozenset()
    return frozenset(Lesson(beta=beta) for beta in _BETA.findall(problem.message) if beta in betas)


def _paths(problem: UpstreamRefused, body: Json) -> Iterator[tuple[str, ...]]:
    for named in _named(problem):
        parts = tuple(part for part in re.split(r"[.\[\]]+", named) if part)
        path = _resolved(body, parts)
        if path and path[-1] not in (_ESSENTIAL if len(path) == 1 else _SUBSTANCE):
            yield path


def _named(problem: UpstreamRefused) -> Iterator[str]:
    for wording in _WORDINGS:
        yield from (found["path"] for found in wording.finditer(problem.message))
    if found := _LIST.search(problem.message):
        yield from (part for part in re.split(r"[, ]+", found["paths"].rstrip(".")) if part)
    if problem.param and problem.code in _PARAM_CODES:
        yield problem.param


def _resolved(node: Any, parts: tuple[str, ...]) -> tuple[str, ...] | None:
    """Where `parts` lead within `node`, with "*" for each position in a list; None when they lead nowhere.

    Validators put the kind of a thing into its path, where no field is: `tools.3.custom.defer_loading`,
    `system.1.cache_control.ephemeral.scope`, `request.tools[11].function`.
    """
    if not parts:
        return None
    head, rest = parts[0], parts[1:]
    if isinstance(node, list):
        inner = _resolved(node[int(head)], rest) if head.isdecimal() and int(head) < len(node) else None
        return (ITEMS, *inner) if inner else None
    if not isinstance(node, dict):
        return None
    if head in node:
        if not rest:
            return (head,)
        if inner := _resolved(node[head], rest):
            return (head, *inner)
    is_kind = head not in node or node.get("type") == head
    return _resolved(node, rest) if is_kind else None


def _keywords(message: str, body: Json) -> Iterator[Lesson]:
    """Keywords of JSON Schema that Gemini's backends do not know. What they say stands where, they count in their own terms."""
    for found in _GEMINI.finditer(message):
        keyword, at = found["keyword"], found["at"] or ""
        if keyword in _SUBSTANCE or "parameters" not in at:
            continue
        for holder in (("function", "parameters"), ("parameters",)):
            lesson = Lesson(path=("tools", ITEMS, *holder, ANYWHERE, keyword))
            if strip(body, [lesson]) is not body:
                yield lesson
