"""The outer form of a conversation: without it no other rule can be asked."""

from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.sandbox.replies import Refusal


def check(body: Json) -> list[Json]:
    """The messages: objects with a role, and a content of text, of objects with a type, or of nothing. Raises Refusal."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise Refusal("messages: Field required", param="messages")
    if not messages:
        raise Refusal("[] is too short - 'messages'", param="messages")
    for i, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise Refusal(f"messages.{i}.role: Field required", param="messages")
        if not _is_content(message.get("content")):
            raise Refusal(f"messages.{i}.content: Input should be a valid string or list", param="messages")
    checked: list[Json] = messages
    return checked


def blocks(message: Json) -> list[Json]:
    """The content of a checked message as blocks."""
    content = message.get("content") or []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def objects(body: Json, name: str) -> list[Json]:
    """The field as a list of objects; empty where it is absent. Raises Refusal."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refusal(f"{name}: Input should be a valid list of objects", param=name)
    return value


def an_object(body: Json, name: str, path: str = "") -> Json:
    """The field as an object; empty where it is absent. Raises Refusal."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(f"{path or name}: Input should be a valid dictionary", param=name)
    return value


def number(body: Json, name: str, path: str = "", *, low: float | None = None, high: float | None = None) -> float | None:
    """The field as a number within its bounds; None where it is absent. Raises Refusal."""
    value = body.get(name)
    if value is None:
        return None
    path = path or name
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(f"{path}: Input should be a valid number", param=name)
    if low is not None and value < low:
        raise Refusal(f"{path}: Input should be greater than or equal to {low:g}", param=name)
    if high is not None and value > high:
        raise Refusal(f"{path}: Input should be less than or equal to {high:g}", param=name)
    return value


def _is_content(content: Any) -> bool:
    if content is None or isinstance(content, str):
        return True
    return isinstance(content, list) and all(isinstance(b, dict) and isinstance(b.get("type"), str) for b in content)
