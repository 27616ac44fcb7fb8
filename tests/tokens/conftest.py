"""One set of encodings for all tests of this room, pictures made by hand, and the models they are counted for."""

import base64
import struct
from collections.abc import Callable

import pytest

from copilot_api.dialects.models import Model
from copilot_api.tokens import Counter
from copilot_api.tokens.encodings import Encodings
from copilot_api.tokens.memo import Memo
from copilot_api.tokens.tally import Tally

MODELS = {
    "gpt-4o": Model(id="gpt-4o", vendor="Azure OpenAI"),
    "gpt-4": Model(id="gpt-4", vendor="Azure OpenAI", tokenizer="cl100k_base"),
    "gpt-5-mini": Model(id="gpt-5-mini", vendor="Azure OpenAI"),
    "grok": Model(id="grok-4.7", vendor="xAI"),
    "gemini": Model(id="gemini-3.1-pro-preview", vendor="Google"),
    "claude-old": Model(id="claude-sonnet-4.6", vendor="Anthropic"),
    "claude-new": Model(id="claude-opus-5", vendor="Anthropic"),
}


@pytest.fixture(scope="session")
def encodings() -> Encodings:
    return Encodings()


@pytest.fixture(scope="session")
def counter() -> Counter:
    return Counter()


@pytest.fixture
def tally(encodings: Encodings) -> Tally:
    return Tally(encodings, Memo(1_000_000), "o200k_base")


@pytest.fixture
def tally_cl100k(encodings: Encodings) -> Tally:
    return Tally(encodings, Memo(1_000_000), "cl100k_base")


@pytest.fixture
def models() -> dict[str, Model]:
    return MODELS


@pytest.fixture
def png() -> Callable[[int, int], str]:
    """Base64 of the beginning of a PNG picture of that width and height."""

    def make(width: int, height: int) -> str:
        header = struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 6, 0, 0, 0)
        return base64.b64encode(b"\x89PNG\r\n\x1a\n" + header + b"\0" * 4).decode()

    return make


@pytest.fixture
def weather() -> dict[str, object]:
    """The cookbook's function, as OpenAI's tools hold it."""
    return {
        "type": "function",
        "function": {
            "name": "get_current_weather",
            "description": "Get the current weather in a given location",
            "parameters": {
                "type": "object",
                "properties": {
                    "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                    "unit": {
                        "type": "string",
                        "description": "The unit of temperature to return",
                        "enum": ["celsius", "fahrenheit"],
                    },
                },
                "required": ["location"],
            },
        },
    }
