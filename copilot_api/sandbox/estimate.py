"""How many tokens the sandbox says something is: a rule simple enough to predict, four bytes of UTF-8 to a token.

Every string of a request counts, keys and structure do not; an image or a document counts a flat 1,500.
"""

from typing import Any

ATTACHMENT_TOKENS = 1500
BYTES_PER_TOKEN = 4

_ATTACHMENTS = {"image", "document", "image_url"}


def tokens(text: str) -> int:
    """The tokens of a text; at least 1 unless it is empty."""
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
        if value.get("type") in _ATTACHMENTS:
            return ATTACHMENT_TOKENS
        return sum(_walk(item) for item in value.values())
    return 0
