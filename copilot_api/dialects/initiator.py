"""Did a human just speak? The honest answer for `X-Initiator`, from the newest turn alone.

`user` exactly when the newest content is new human input, `agent` when the request goes on with work already begun; when in
doubt `user`. What counts as machine-made is explicit and narrow: each wrapper below is a text that a client program writes
by itself. Sources: premium-requests §3 (rule) and §6 (cases).
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.read import objs, string

Who = Literal["user", "agent"]
COMPACTION = "conversation-compaction"
AGENT = "conversation-agent"

TOOL_IMAGE_MARK = "Attached output of tool call "
"""How the text begins that we put before a tool's images, where a dialect cannot hold them in the tool result."""

_REMINDERS = re.compile(r"\s*(?:<system-reminder>(?:(?!</?system-reminder>).)*</system-reminder>\s*)+", re.DOTALL)

# Written by Claude Code after it loads deferred tools, always beside the tool results.
_BESIDE_TOOL_RESULTS = frozenset({"Tool loaded."})

# Texts with which a client goes on by itself after it has summarised the conversation.
_AUTO_CONTINUE = (
    "This session is being continued from a previous conversation that ran out of context.",
    "Please continue the conversation from where we left it off without asking the user any further questions.",
    "Continue if you have next steps",
    "[System: You previously generated thoughts but failed to provide a final user-facing response.",
    "[System: You previously returned an empty response with no text or thoughts.",
)
# Texts with which a client asks for that summary; both the place and the words must match.
_COMPACTION_REQUEST = (
    "Your task is to create a detailed summary of the conversation so far",
    "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.",
    "Generate a new <state_snapshot> based on the provided history.",
    "A previous <state_snapshot> exists in the history.",
    "Critically evaluate the <state_snapshot> you just generated.",
)
# The helper message in which a client hands over the pictures of a tool result.
_TOOL_IMAGE_TEXTS = (TOOL_IMAGE_MARK, "Attached image(s) from tool result", "[image attached below]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who started this request, why we say so, what kind of interaction it is, and which user turn it belongs to."""

    who: Who
    why: str
    purpose: str = AGENT
    turn: str = ""


def of_messages(body: Json) -> Verdict:
    """For an Anthropic Messages body."""
    return _verdict(objs(body.get("messages")), _newest_messages, _is_human_message, _key(body, "metadata", "messages"))


def of_chat(body: Json) -> Verdict:
    """For an OpenAI Chat Completions body."""
    return _verdict(objs(body.get("messages")), _newest_chat, _is_human_chat, _key(body, "user", "messages"))


def of_responses(body: Json) -> Verdict:
    """For an OpenAI Responses body."""
    items = body.get("input")
    if isinstance(items, str):
        return Verdict("user", "the input is a text", turn=_turn(_key(body, "prompt_cache_key", "input"), 0))
    return _verdict(objs(body.get("input")), _newest_responses, _is_human_response, _key(body, "prompt_cache_key", "input"))


def of_gemini(body: Json) -> Verdict:
    """For a Gemini body, in the spelling of `gemini_spelling.addressed`."""
    return _verdict(objs(body.get("contents")), _newest_gemini, _is_human_content, _key(body, "labels", "contents"))


def _verdict(
    items: list[Json],
    newest: Callable[[list[Json]], tuple[Who, str, str]],
    is_human: Callable[[list[Json], int], bool],
    key: str,
) -> Verdict:
    who, why, purpose = newest(items)
    last_human = next((n for n in range(len(items) - 1, -1, -1) if is_human(items, n)), 0)
    return Verdict(who, why, purpose, _turn(key, last_human))


# Messages


def _newest_messages(items: list[Json]) -> tuple[Who, str, str]:
    at = _last(items, lambda item: _role(item) != "system")
    if at is None:
        return "user", "no message besides system", AGENT
    if _role(items[at]) != "user":
        return "agent", "the newest message is the assistant's", AGENT
    return _judge_user(items[at], has_results=_has_tool_result(items[at]))


def _judge_user(item: Json, *, has_results: bool) -> tuple[Who, str, str]:
    others = [block for block in _blocks(item) if _kind(block) != "tool_result"]
    texts = [_text(block) for block in others]
    if not others:
        return ("agent", "only tool results", AGENT) if has_results else ("user", "an empty user message", AGENT)
    spoken = [text for text in texts if not _is_reminder(text)]
    if has_results and not spoken:
        return "agent", "tool results and reminders of the client", AGENT
    if has_results and all(text.strip() in _BESIDE_TOOL_RESULTS for text in spoken):
        return "agent", "tool results and a note of the client", AGENT
    if spoken and all(text.startswith(_AUTO_CONTINUE) for text in spoken):
        return "agent", "the client goes on after a summary", AGENT
    if spoken and spoken[-1].startswith(_COMPACTION_REQUEST):
        return "agent", "the client asks for a summary", COMPACTION
    return "user", "new user content", AGENT


def _is_human_message(items: list[Json], at: int) -> bool:
    item = items[at]
    return _role(item) == "user" and _judge_user(item, has_results=_has_tool_result(item))[0] == "user"


def _has_tool_result(item: Json) -> bool:
    return any(_kind(block) == "tool_result" for block in _blocks(item))


# Chat Completions


def _newest_chat(items: list[Json]) -> tuple[Who, str, str]:
    at = _last(items, lambda item: _role(item) not in {"system", "developer"})
    if at is None:
        return "user", "no message besides system", AGENT
    match _role(items[at]):
        case "tool" | "function":
            return "agent", "the newest message is a tool's", AGENT
        case "assistant":
            return "agent", "the newest message is the assistant's", AGENT
        case _:
            after_tool = _follows_tool(items, at)
            if after_tool and _is_tool_image(items[at]):
                return "agent", "pictures of a tool result", AGENT
            return _judge_user(items[at], has_results=after_tool)


def _is_human_chat(items: list[Json], at: int) -> bool:
    return _role(items[at]) == "user" and _newest_chat(items[: at + 1])[0] == "user"


def _follows_tool(items: list[Json], at: int) -> bool:
    return at > 0 and _role(items[at - 1]) in {"tool", "function"}


def _is_tool_image(item: Json) -> bool:
    blocks = _blocks(item)
    texts = [_text(block) for block in blocks if _kind(block) in {"text", "input_text"}]
    has_image = any(_kind(block) in {"image_url", "input_image", "file", "input_file"} for block in blocks)
    return has_image and all(text.startswith(_TOOL_IMAGE_TEXTS) for text in texts)


# Responses

_OUTPUTS = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "tool_search_output",
        "local_shell_call_output",
        "function_call",
        "custom_tool_call",
        "tool_search_call",
        "reasoning",
    }
)


def _newest_responses(items: list[Json]) -> tuple[Who, str, str]:
    at = _last(items, lambda item: _role(item) not in {"system", "developer"})
    if at is None:
        return "user", "no item besides instructions", AGENT
    kind = _kind(items[at])
    if kind == "compaction_trigger":
        return "agent", "the client asks for a summary", COMPACTION
    if kind in _OUTPUTS:
        return "agent", f"the newest item is a {kind}", AGENT
    if _role(items[at]) == "assistant":
        return "agent", "the newest item is the assistant's", AGENT
    after_tool = at > 0 and _kind(items[at - 1]) in _OUTPUTS
    if after_tool and _is_tool_image(items[at]):
        return "agent", "pictures of a tool result", AGENT
    return _judge_user(items[at], has_results=after_tool)


def _is_human_response(items: list[Json], at: int) -> bool:
    return _role(items[at]) == "user" and _newest_responses(items[: at + 1])[0] == "user"


# Gemini


def _newest_gemini(items: list[Json]) -> tuple[Who, str, str]:
    if not items:
        return "user", "no content", AGENT
    if _role(items[-1]) == "model":
        return "agent", "the newest content is the model's", AGENT
    parts = [_as_block(part) for part in objs(items[-1].get("parts"))]
    has_results = any(_kind(part) == "tool_result" for part in parts)
    if has_results and {_kind(part) for part in parts} == {"tool_result", "media"}:
        return "agent", "function responses and their media", AGENT  # Gemini CLI writes them side by side
    return _judge_user({"content": parts}, has_results=has_results)


def _as_block(part: Json) -> Json:
    if "functionResponse" in part:
        return {"type": "tool_result"}
    return {"type": "text", "text": _text(part)} if "text" in part else {"type": "media"}


def _is_human_content(items: list[Json], at: int) -> bool:
    return _role(items[at]) != "model" and _newest_gemini(items[: at + 1])[0] == "user"


# Shared


def _last(items: list[Json], wanted: Callable[[Json], bool]) -> int | None:
    return next((n for n in range(len(items) - 1, -1, -1) if wanted(items[n])), None)


def _blocks(item: Json) -> list[Json]:
    content = item.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else objs(content)


def _role(item: Json) -> str:
    return string(item.get("role"))


def _kind(item: Json) -> str:
    return string(item.get("type"))


def _text(block: Json) -> str:
    return string(block.get("text"))


def _is_reminder(text: str) -> bool:
    return _REMINDERS.fullmatch(text) is not None


def _key(body: Json, owner: str, items: str) -> str:
    """What tells this conversation from others: the client's own word for it, and how the conversation begins."""
    first: Any = body.get(items)
    return hashlib.sha256(dumps([body.get(owner), first[:1] if isinstance(first, list | str) else None])).hexdigest()


def _turn(key: str, last_human: int) -> str:
    """A stable UUID for the user turn that began with the message numbered `last_human`."""
    digest = hashlib.sha256(f"{key}:{last_human}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
