"""What /chat/completions refuses in the conversation itself. Source: copilot-upstream.md §3.1, translation.md §1.5."""

import re

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import seals
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import images, structure

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
CLAUDE_ID = re.compile(r"[a-zA-Z0-9_-]+")


def check(body: Json, model: Model, *, sees: bool) -> None:
    """Raises Refusal for the first rule broken. `sees`: the request carries Copilot-Vision-Request."""
    messages: list[Json] = body["messages"]
    for i, message in enumerate(messages):
        _check_role(message, model, i)
        _check_calls(message, model, i)
        _check_parts(message, model, i, sees=sees)
        if model.is_claude:
            _check_words(message)
        _check_reasoning(message, model, i)
    _check_pairs(messages)
    if model.is_claude and not body.get("tools") and any(m.get("tool_calls") for m in messages):
        raise Refusal("Requests which include `tool_use` or `tool_result` blocks must define tools.", param="tools")


def _check_role(message: Json, model: Model, i: int) -> None:
    role = message["role"]
    known = ROLES if model.vendor in {"OpenAI", "Azure OpenAI"} else [r for r in ROLES if r != "developer"]
    if role not in known:
        listed = ", ".join(f"'{r}'" for r in known)
        raise Refusal(f"Invalid value: '{role}'. Supported values are: {listed}.", param=f"messages[{i}].role")
    if message.get("content") is None and not (role == "assistant" and message.get("tool_calls")) and role != "function":
        raise Refusal(
            f"Invalid value for 'content': expected a string, got null. messages.[{i}].content", param=f"messages.[{i}].content"
        )


def _check_calls(message: Json, model: Model, i: int) -> None:
    calls = structure.objects(message, "tool_calls")
    if message.get("tool_calls") == []:
        raise Refusal(f"[] is too short - 'messages.{i}.tool_calls'", param=f"messages[{i}].tool_calls")
    for call in calls:
        function = structure.an_object(call, "function", f"messages[{i}].tool_calls.function")
        if not all(isinstance(value, str) for value in (call.get("id"), function.get("name"), function.get("arguments"))):
            raise Refusal(f"Missing required parameter in 'messages[{i}].tool_calls'.", param=f"messages[{i}].tool_calls")
    ids = [call["id"] for call in calls] + ([message.get("tool_call_id")] if message["role"] == "tool" else [])
    for tool_id in ids:
        if not isinstance(tool_id, str):
            raise Refusal(f"Missing required parameter: 'messages[{i}].tool_call_id'.", param=f"messages[{i}].tool_call_id")
        if model.is_claude and not CLAUDE_ID.fullmatch(tool_id):
            raise Refusal(f"messages.{i}.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")


def _check_parts(message: Json, model: Model, i: int, *, sees: bool) -> None:
    for j, part in enumerate(structure.blocks(message)):
        where = f"messages[{i}].content[{j}]"
        kind = part["type"]
        if kind == "text":
            if not isinstance(part.get("text"), str):
                raise Refusal(f"Missing required parameter: '{where}.text'.", param=where)
        elif kind == "image_url":
            _check_image(message, part, model, where, sees=sees)
        elif not (kind == "refusal" and message["role"] == "assistant"):
            raise Refusal(f"Invalid value: '{kind}'. Supported values are: 'text', 'image_url'.", param=f"{where}.type")


def _check_image(message: Json, part: Json, model: Model, where: str, *, sees: bool) -> None:
    if message["role"] != "user":
        raise Refusal(
            f"Invalid '{where}'. Image URLs are only allowed for messages with role 'user', "
            f"but this message with role '{message['role']}' contains an image URL.",
            param=where,
        )
    images.check_vision(model)
    if not sees:
        raise Refusal("missing required Copilot-Vision-Request header for vision requests", shape="plain")
    images.check_url(structure.an_object(part, "image_url", where).get("url"), model, where)


def _check_words(message: Json) -> None:
    """Claude takes no blank text; an assistant that only calls tools may say nothing."""
    if message["role"] == "assistant" and message.get("tool_calls") and not isinstance(message.get("content"), list):
        return
    if isinstance(message.get("content"), str | list) and not message["content"]:
        raise _blank()
    if any(part["type"] == "text" and not part["text"].strip() for part in structure.blocks(message)):
        raise _blank()


def _blank() -> Refusal:
    return Refusal("messages: text content blocks must contain non-whitespace text")


def _check_reasoning(message: Json, model: Model, i: int) -> None:
    """Claude and Gemini read the seal of their own reasoning when it comes back; others do not look."""
    sealed = message.get("reasoning_opaque")
    if not sealed or not (model.is_claude or model.is_gemini):
        return
    family = model.family or model.id
    if seals.is_valid(sealed, "thinking", family) or seals.is_valid(sealed, "redacted", family):
        return
    if model.is_gemini:
        raise Refusal("Corrupted thought signature.")
    raise Refusal(f"messages.{i}.content.0: Invalid `signature` in `thinking` block")


def _check_pairs(messages: list[Json]) -> None:
    """Every call is answered right after it, and nothing else is."""
    open_calls: list[str] = []
    for i, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                raise Refusal(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'.",
                    param=f"messages.[{i}].role",
                )
            open_calls.remove(message["tool_call_id"])
            continue
        _check_answered(open_calls, i)
        open_calls = [call["id"] for call in message.get("tool_calls") or ()]
    _check_answered(open_calls, len(messages))


def _check_answered(open_calls: list[str], i: int) -> None:
    if open_calls:
        raise Refusal(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
            f"The following tool_call_ids did not have response messages: {', '.join(open_calls)}",
            param=f"messages.[{i}].role",
        )
