"""How many tokens the sandbox says something is: a rule simple enough to predict, four bytes of UTF-8 to a token.

Every string of a request counts but roles, types, ids, seals and cache markers; keys and structure do not count; an image or
a document counts a flat 1,500. So a prompt counts the same however it is spread over blocks.
"""

from typing import Any

ATTACHMENT_TOKENS = 1500
BYTES_PER_TOKEN = 4

_ATTACHMENTS = {"image", "document", "image_url", "input_image", "input_file"}
_UNCOUNTED = {
    "type",
    "role",
    "id",
    "tool_use_id",
    "tool_call_id",
    "call_id",
    "status",
    "phase",
    "signature",
    "reasoning_opaque",
    "encrypted_content",
}


def tokens(text: str) -> int:
    """The tokens of a text."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def prompt_tokens(*parts: Any) -> int:
    """The tokens of the parts of a request that the model reads: system, messages, tools."""
    return sum(_walk(part) for part in parts)


def _walk(value: Any) -> int:
    if isinstance(value, str):
        return tokens(value)
    if isinstance(value, list):
        return sum(_walk(item) for item in value)
    if isinstance(value, dict):
        kind = value.get("type")
        if isinstance(kind, str) and kind in _ATTACHMENTS:
            return ATTACHMENT_TOKENS
        return sum(_walk(item) for key, item in value.items() if not _is_uncounted(key, item))
    return 0


def _is_uncounted(key: str, item: Any) -> bool:
    """A property of a schema may have such a name too, but then it is not a string."""
    return key == "cache_control" or (key in _UNCOUNTED and isinstance(item, str))
