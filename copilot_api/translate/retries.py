"""What to send after a refusal: the table of what Copilot says only when asked, and of what it does not mean.

Sources: copilot-upstream §3.1, §4.2, §6.1, §8; users.md rows 1 and 3.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.read import obj, objs, string
from copilot_api.errors import UpstreamRefused
from copilot_api.translate import notes
from copilot_api.translate.learned import Lesson, strip
from copilot_api.translate.refused_fields import betas_in, fields_in
from copilot_api.translate.repair import Endpoint, Target, each, each_message, mended, without
from copilot_api.translate.repair_messages_thinking import keeping_thinking
from copilot_api.translate.repair_messages_turns import THINKING
from copilot_api.translate.repair_requests import REQUESTS
from copilot_api.translate.repair_responses_tools import all_wrapped

# Signatures are bound to the model that wrote them; after a change of model they are refused.
_FOREIGN_THINKING = re.compile(
    r"Invalid [`']?(?:signature|data)[`']? in [`']?(?:thinking|redacted_thinking)|Corrupted thought signature"
)
_THINKING_MISSED = re.compile(r"Expected [`']thinking[`'].*but found")
_ADAPTIVE_ONLY = re.compile(r"thinking\.type\.enabled['\"`]? is not supported")
_NEWER_CAP = re.compile(r"['`]max_tokens['`].*['`]max_completion_tokens['`]")
_FOREIGN_ID = re.compile(
    r"does not belong to this connection|Expected an ID that begins with|item_id did not match the target item id"
)
_UNREADABLE = re.compile(r"could not be (?:decrypted|verified)")
_TOOL_REFUSED = re.compile(r"The requested tool (?P<kind>[a-z0-9_]+) is not supported")
_ELSEWHERE = re.compile(r"is not accessible via the \S+ endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was refused: the body as it was sent, where it went, and the names of the retries already spent on it."""

    body: Json
    endpoint: Endpoint
    target: Target
    tried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What to send now. `name` is the row that says so; `lessons` are what the model refuses, should this be accepted.

    `elsewhere`: not this body, but the client's request anew at another endpoint of the model. `later`: after a pause.
    """

    name: str = ""
    body: Json
    betas: tuple[str, ...]
    lessons: frozenset[Lesson] = frozenset()
    elsewhere: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """One refusal that need not stand: `when` it comes, what we do about it, who established it; `most` times per request."""

    name: str
    when: str
    does: str
    source: str
    mend: Callable[[Sent, UpstreamRefused], Again | None] = field(repr=False)
    most: int = 1


def _elsewhere(sent: Sent, problem: UpstreamRefused) -> Again | None:
    if problem.code != "unsupported_api_for_model" and not _ELSEWHERE.search(problem.message):
        return None
    return Again(body=sent.body, betas=sent.target.betas, elsewhere=True)


def _rollout(sent: Sent, problem: UpstreamRefused) -> Again | None:
    """While a model is rolled out, each request meets a server that knows it or one that does not."""
    if problem.code != "model_not_supported":
        return None
    return Again(body=sent.body, betas=sent.target.betas, later=True)


def _prefill(sent: Sent, problem: UpstreamRefused) -> Again | None:
    if "does not support assistant message prefill" not in problem.message:
        return None
    messages = objs(sent.body.get("messages"))
    if not messages or messages[-1].get("role") != "assistant":
        return None
    return _changed(sent, sent.body | {"messages": [*sent.body["messages"], {"role": "user", "content": notes.CONTINUE}]})


def _thinking_forgotten(sent: Sent, problem: UpstreamRefused) -> Again | None:
    if not _FOREIGN_THINKING.search(problem.message):
        return None
    if sent.endpoint == "/v1/messages":
        own = keeping_thinking(sent.body, lambda block: string(block.get("type")) not in THINKING)
    else:
        own = each_message(sent.body, lambda m: without(m, "reasoning_opaque", "reasoning_text"))
    return None if own is sent.body else _changed(sent, _mended(sent, own))


def _thinking_adapted(sent: Sent, problem: UpstreamRefused) -> Again | None:
    if not _ADAPTIVE_ONLY.search(problem.message) or obj(sent.body.get("thinking")).get("type") != "enabled":
        return None
    return _changed(sent, sent.body | {"thinking": {"type": "adaptive", "display": "summarized"}})


def _thinking_off(sent: Sent, problem: UpstreamRefused) -> Again | None:
    return _changed(sent, without(sent.body, "thinking")) if _THINKING_MISSED.search(problem.message) else None


def _format(sent: Sent, problem: UpstreamRefused) -> Again | None:
    """The client asked for JSON by a schema, and checks what it gets; Claude Code asks so for a mere title."""
    config = sent.body.get("output_config")
    if not problem.message.startswith("output_config.format:") or not isinstance(config, dict):
        return None
    words = notes.only_json(dumps_text(obj(obj(config.get("format")).get("schema"))))
    system = sent.body.get("system") or []
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else objs(system)
    rest = without(config, "format")
    worded = without(sent.body, "output_config") | {"system": [*blocks, {"type": "text", "text": words}]}
    return _changed(sent, worded | ({"output_config": rest} if rest else {}))


def _cap(sent: Sent, problem: UpstreamRefused) -> Again | None:
    if not _NEWER_CAP.search(problem.message) or "max_tokens" not in sent.body:
        return None
    return _changed(sent, {"max_completion_tokens": sent.body["max_tokens"]} | without(sent.body, "max_tokens"))


def _choice(sent: Sent, problem: UpstreamRefused) -> Again | None:
    if "tool_choice" not in problem.message or sent.body.get("tool_choice") != "required":
        return None
    return _changed(sent, sent.body | {"tool_choice": "auto"})


def _free_text(sent: Sent, problem: UpstreamRefused) -> Again | None:
    found = _TOOL_REFUSED.search(problem.message)
    if sent.endpoint != "/responses" or not found or found["kind"] != "custom":
        return None
    return _changed(sent, all_wrapped(sent.body))


def _tool(sent: Sent, problem: UpstreamRefused) -> Again | None:
    """The request without tools of that kind, unless one of them has to be called."""
    found = _TOOL_REFUSED.search(problem.message)
    if sent.endpoint != "/responses" or not found or obj(sent.body.get("tool_choice")).get("type") == found["kind"]:
        return None
    after = each(sent.body, "tools", lambda tool: None if tool.get("type") == found["kind"] else tool)
    if after is sent.body:
        return None
    if not after["tools"]:
        after = without(after, "tools", "tool_choice", "parallel_tool_calls")
    # Where the web was to be searched, the searches in the history and the wish for their sources go with the tool.
    is_search = sent.target.web_search and found["kind"].startswith("web_search")
    return _changed(sent, _mended(replace(sent, target=replace(sent.target, web_search=False)), after) if is_search else after)


def _ids(sent: Sent, problem: UpstreamRefused) -> Again | None:
    if sent.endpoint != "/responses" or not _FOREIGN_ID.search(problem.message):
        return None
    return _changed(sent, each(sent.body, "input", lambda item: without(item, "id")))


def _reasoning(sent: Sent, problem: UpstreamRefused) -> Again | None:
    """Encrypted text is bound to the id it was written under, so it goes when its id was not the trouble."""
    if sent.endpoint != "/responses" or not (_FOREIGN_ID.search(problem.message) or _UNREADABLE.search(problem.message)):
        return None
    return _changed(sent, each(sent.body, "input", lambda item: None if item.get("type") == "reasoning" else item))


def _betas(sent: Sent, problem: UpstreamRefused) -> Again | None:
    """What goes only with the beta goes with it."""
    lessons = betas_in(problem, sent.target.betas)
    if not lessons:
        return None
    refused = {lesson.beta for lesson in lessons}
    betas = tuple(beta for beta in sent.target.betas if beta not in refused)
    less = replace(sent, target=replace(sent.target, betas=betas))
    return Again(body=_mended(less, sent.body), betas=betas, lessons=lessons)


def _fields(sent: Sent, problem: UpstreamRefused) -> Again | None:
    lessons = fields_in(problem, sent.body)
    after = strip(sent.body, lessons)
    return None if after is sent.body else Again(body=after, betas=sent.target.betas, lessons=lessons)


def _mended(sent: Sent, body: Json) -> Json:
    """`body` after the repairs once more: what was taken out of it may have been what held it together."""
    return mended(body, sent.target, REQUESTS[sent.endpoint])[0]


def _changed(sent: Sent, body: Json) -> Again | None:
    return None if body is sent.body else Again(body=body, betas=sent.target.betas)


RETRIES: tuple[Retry, ...] = (
    Retry(
        name="endpoint-corrected",
        when="400: the model is not accessible via this endpoint, whatever the catalog says",
        does="asks at another endpoint of the model, and remembers it",
        source="copilot-upstream §8",
        mend=_elsewhere,
    ),
    Retry(
        name="rollout-retried",
        when="400 model_not_supported for a model that the catalog lists",
        does="sends the same bytes again after a pause",
        source="users.md row 1",
        mend=_rollout,
        most=8,
    ),
    Retry(
        name="prefill-continued",
        when="400: the model does not finish what the assistant began",
        does="lets the user ask to go on",
        source="copilot-upstream §6.1",
        mend=_prefill,
    ),
    Retry(
        name="thinking-forgotten",
        when="400: a signature in the history is another model's",
        does="drops the reasoning in the history",
        source="users.md row 7",
        mend=_thinking_forgotten,
    ),
    Retry(
        name="thinking-adapted",
        when="400: the model thinks adaptively only",
        does="asks for that",
        source="copilot-upstream §6.1",
        mend=_thinking_adapted,
    ),
    Retry(
        name="thinking-dropped",
        when="400: thinking is on, and the last call came without any",
        does="switches thinking off for this request",
        source="translation §4",
        mend=_thinking_off,
    ),
    Retry(
        name="refused-format-worded",
        when="400: the model knows no structured output",
        does="asks for it in words",
        source="clients.md §4.1",
        mend=_format,
    ),
    Retry(
        name="cap-renamed",
        when="400: max_completion_tokens is wanted for max_tokens",
        does="renames the cap",
        source="copilot-upstream §3.1",
        mend=_cap,
    ),
    Retry(
        name="choice-relaxed",
        when="400 about tool_choice where a tool was required",
        does="leaves the choice to the model",
        source="copilot-upstream §3.1",
        mend=_choice,
    ),
    Retry(
        name="refused-free-text-wrapped",
        when="400: a tool that takes free text is not supported",
        does="makes such tools functions that take the text",
        source="copilot-upstream §4.2",
        mend=_free_text,
    ),
    Retry(
        name="refused-tool-dropped",
        when="400: a kind of tool is not supported",
        does="drops it, unless it has to be called",
        source="copilot-upstream §4.2",
        mend=_tool,
        most=3,
    ),
    Retry(
        name="ids-forgotten",
        when="400: an input item has an id that is not known there",
        does="drops the ids",
        source="copilot-upstream §4.2",
        mend=_ids,
    ),
    Retry(
        name="reasoning-forgotten",
        when="400: encrypted reasoning cannot be read, or its id is not known",
        does="drops the reasoning items",
        source="copilot-upstream §4.2",
        mend=_reasoning,
    ),
    Retry(
        name="refused-beta-dropped",
        when="400 that names an anthropic-beta value",
        does="drops it and what goes with it, and remembers it",
        source="copilot-upstream §6.2",
        mend=_betas,
        most=3,
    ),
    Retry(
        name="refused-field-dropped",
        when="400 that names a field which only fine-tunes the answer",
        does="drops that field, and remembers it",
        source="users.md row 3",
        mend=_fields,
        most=3,
    ),
)


def again(sent: Sent, problem: UpstreamRefused, table: tuple[Retry, ...] = RETRIES) -> Again | None:
    """What to send instead of `sent` after `problem`, by the first row that knows; None when the refusal stands."""
    if problem.status != 400:
        return None
    for row in table:
        if sent.tried.count(row.name) < row.most and (found := row.mend(sent, problem)):
            return replace(found, name=row.name)
    return None
