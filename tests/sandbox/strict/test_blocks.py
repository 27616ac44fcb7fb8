"""What /v1/messages refuses in one block, each rule over the wire."""

import base64
from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Got

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
ADVANCED = "advanced-tool-use-2025-11-20"
EXTRA = "{}: Extra inputs are not permitted"
MARK: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
TOOLS = [{"name": "f", "input_schema": {"type": "object"}}]


def text(words: Any = "Hello", **more: Any) -> Json:
    return {"type": "text", "text": words} | more


def image(**source: Any) -> Json:
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG} | source}


def document(**source: Any) -> Json:
    return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="} | source}


def use(id_: str = "t1", name: str = "f", **more: Any) -> Json:
    return {"type": "tool_use", "id": id_, "name": name, "input": {}} | more


def result(content: Any = "ok", id_: str = "t1", **more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": id_, "content": content} | more


async def says(client: "Client", *blocks: Json, betas: str = "") -> "Got":
    return await client.messages(betas=betas, messages=[{"role": "user", "content": list(blocks)}])


async def after_use(client: "Client", use_block: Json, result_block: Json, betas: str = "") -> "Got":
    turns = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [use_block]},
        {"role": "user", "content": [result_block]},
    ]
    return await client.messages(betas=betas, messages=turns, tools=TOOLS)


TAGS = "{}: Input tag '{}' found using 'type' does not match any of the expected tags: {}"
RESULT_TAGS = "'text', 'image', 'document', 'search_result', 'tool_reference'"
MEDIA_TYPES = "'image/jpeg' or 'image/png' or 'image/gif' or 'image/webp'"
USER_TAGS = "'text', 'image', 'document', 'search_result', 'tool_result'"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (text(""), "messages: text content blocks must contain non-whitespace text"),
        (text(" \n\t"), "messages: text content blocks must contain non-whitespace text"),
        ({"type": "text"}, "messages.0.content.0.text.text: Field required"),
        (text(7), "messages.0.content.0.text.text: Input should be a valid str"),
        (text(copilot_annotations={}), EXTRA.format("messages.0.content.0.text.copilot_annotations")),
        (
            {"type": "server_tool_use"},
            TAGS.format("messages.0.content.0", "server_tool_use", USER_TAGS),
        ),
        (
            {"type": "thinking"},
            TAGS.format("messages.0.content.0", "thinking", USER_TAGS),
        ),
        ({"type": "image"}, "messages.0.content.0.image.source: Field required"),
        (
            image(type="url", url="https://example.com/a.png"),
            TAGS.format("messages.0.content.0.image.source", "url", "'base64'"),
        ),
        (
            image(type="file"),
            TAGS.format("messages.0.content.0.image.source", "file", "'base64'"),
        ),
        (
            image(media_type="image/tiff"),
            f"messages.0.content.0.image.source.base64.media_type: Input should be {MEDIA_TYPES}",
        ),
        (image(data="?"), "messages.0.content.0.image.source.base64.data: Invalid base64 image data"),
        (
            image(data="A" * 4_194_308),
            "messages.0.content.0.image.source.base64: image exceeds the maximum of 3145728 bytes: 3145731 bytes",
        ),
        (
            document(media_type="text/html"),
            "messages.0.content.0.document.source.base64.media_type: Input should be 'application/pdf'",
        ),
        (
            document(type="text", media_type="text/plain", data=7),
            "messages.0.content.0.document.source.text.media_type: Input should be 'text/plain'",
        ),
        (
            document(type="url"),
            TAGS.format("messages.0.content.0.document.source", "url", "'base64', 'text', 'content'"),
        ),
    ],
)
async def test_what_is_refused_of_the_user(client: "Client", block: Json, message: str) -> None:
    got = await says(client, block)
    assert (got.status, got.message) == (400, message)


@pytest.mark.parametrize(
    "block",
    [
        text(citations=None, **MARK),
        image(),
        image() | MARK,
        document(),
        document(type="text", media_type="text/plain", data="words") | {"title": "T", "citations": {"enabled": False}},
        {"type": "document", "source": {"type": "content", "content": "words"}},
        {"type": "search_result", "source": "s", "title": "t", "content": []},
    ],
)
async def test_what_is_taken_of_the_user(client: "Client", block: Json) -> None:
    got = await says(client, text(), block)
    assert got.status == 200, got.text


@pytest.mark.parametrize(
    ("use_block", "result_block", "message"),
    [
        (use("a.b"), result(id_="a.b"), "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
        (use(name="a.b"), result(), "messages.1.content.0.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"),
        (use(input="{}"), result(), "messages.1.content.0.tool_use.input: Input should be a valid dict"),
        (use(index=0), result(), EXTRA.format("messages.1.content.0.tool_use.index")),
        (
            use(),
            result(id_="a.b"),
            "messages.2.content.0.tool_result.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        (use(), result([text(" ")]), "messages: text content blocks must contain non-whitespace text"),
        (
            use(),
            result([text(**MARK)]),
            EXTRA.format("messages.2.content.0.tool_result.content.0.text.cache_control"),
        ),
        (
            use(),
            result([{"type": "tool_reference", "tool_name": "f"}]),
            TAGS.format("messages.2.content.0.tool_result.content.0", "tool_reference", RESULT_TAGS),
        ),
        (
            use(),
            result([use()]),
            TAGS.format("messages.2.content.0.tool_result.content.0", "tool_use", RESULT_TAGS),
        ),
        (use(), result(7), "messages.0.content: Input should be a valid string or list"),
        (
            {"type": "image"},
            result(),
            TAGS.format("messages.1.content.0", "image", "'text', 'thinking', 'redacted_thinking', 'tool_use'"),
        ),
        (
            {"type": "thinking", "thinking": "x"},
            result(),
            "messages.1.content.0.thinking.signature: Field required",
        ),
        (
            {"type": "thinking", "thinking": "x", "signature": "s"} | MARK,
            result(),
            EXTRA.format("messages.1.content.0.thinking.cache_control"),
        ),
    ],
)
async def test_what_is_refused_around_tools(client: "Client", use_block: Json, result_block: Json, message: str) -> None:
    got = await after_use(client, use_block, result_block)
    assert (got.status, got.message) == (400, message)


@pytest.mark.parametrize(
    ("use_block", "result_block"),
    [
        (use(caller={"type": "direct"}, **MARK), result(is_error=True, **MARK)),
        (use(), result("")),
        (use(), {"type": "tool_result", "tool_use_id": "t1"}),
        (use(), result([text(), image(), document()])),
        (use(), result([{"type": "tool_reference", "tool_name": "f"}])),
    ],
)
async def test_what_is_taken_around_tools(client: "Client", use_block: Json, result_block: Json) -> None:
    got = await after_use(client, use_block, result_block, betas=ADVANCED)
    assert got.status == 200, got.text


async def test_a_blind_model_sees_nothing(client: "Client", sandbox: Sandbox) -> None:
    entry = next(e for e in sandbox.models if e["id"] == "claude-haiku-4.5")
    sandbox.models = [entry | {"capabilities": entry["capabilities"] | {"supports": {}}}]
    assert (await says(client, image())).message == "vision is not supported for this model"
