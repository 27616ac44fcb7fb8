"""What /responses refuses in one item of the input, each rule over the wire."""

import base64
from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox, blobs

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

MINI, CODEX, SOL = "gpt-5-mini", "gpt-5.3-codex", "gpt-5.6-sol"
PNG = "data:image/png;base64,iVBORw0KGgo="
IMAGE = {"type": "input_image", "image_url": PNG, "detail": "auto"}
PDF = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
USER = {"role": "user", "content": "Hello"}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "done"}
CUSTOM = {"type": "custom_tool_call", "call_id": "c1", "name": "p", "input": "x"}
CUSTOM_OUTPUT = {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"}
KNOWN = (
    "'compaction', 'compaction_trigger', 'custom_tool_call', 'custom_tool_call_output', 'function_call', "
    "'function_call_output', 'item_reference', 'message', 'reasoning'"
)


def user(*parts: Any) -> Json:
    return {"type": "message", "role": "user", "content": list(parts)}


def assistant(*parts: Any, **more: Any) -> Json:
    return {"type": "message", "role": "assistant", "content": list(parts)} | more


def missing(path: str) -> str:
    return f"Missing required parameter: '{path}'."


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({}, f"Invalid value: 'None'. Supported values are: {KNOWN}."),
        ({"type": "shell_call"}, f"Invalid value: 'shell_call'. Supported values are: {KNOWN}."),
        ({"type": "local_shell_call"}, f"Invalid value: 'local_shell_call'. Supported values are: {KNOWN}."),
        ({"type": "web_search_call"}, f"Invalid value: 'web_search_call'. Supported values are: {KNOWN}."),
        ({"type": "message"}, missing("input[0].role")),
        ({"role": "user"}, missing("input[0].content")),
        ({"role": "tool", "content": "x"}, "Invalid value: 'tool'. Supported values are: "),
        ({"role": 7, "content": "x"}, "Invalid type for 'input[0].role': expected a string, but got an integer instead."),
        (USER | {"name": "Ada"}, "Unknown parameter: 'input[0].name'."),
        (
            USER | {"internal_chat_message_metadata_passthrough": {}},
            "Unknown parameter: 'input[0].internal_chat_message_metadata_passthrough'.",
        ),
        (USER | {"phase": "commentary"}, "Unknown parameter: 'input[0].phase'."),
        (USER | {"id": 7}, "Invalid type for 'input[0].id': expected a string, but got an integer instead."),
        (USER | {"status": "done"}, "Invalid value: 'done'. Supported values are: 'in_progress', 'completed', 'incomplete'."),
        (assistant(phase="thinking"), "Invalid value: 'thinking'. Supported values are: 'commentary', 'final_answer'."),
        (
            USER | {"content": {"type": "input_text", "text": "x"}},
            "Invalid type for 'input[0].content': expected one of an array of objects or string, but got an object instead.",
        ),
        (user("x"), "Invalid type for 'input[0].content[0]': expected an object, but got a str instead."),
        (
            user({"type": "text", "text": "x"}),
            "Invalid value: 'text'. Supported values are: 'input_text' and 'input_image' and 'input_file'.",
        ),
        (
            user({"type": "output_text", "text": "x"}),
            "Invalid value: 'output_text'. Supported values are: 'input_text' and 'input_image' and 'input_file'.",
        ),
        (
            assistant({"type": "input_text", "text": "x"}),
            "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        ),
        (
            {"role": "system", "content": [IMAGE]},
            "Invalid value: 'input_image'. Supported values are: 'input_text'.",
        ),
        (user({"type": "input_text"}), missing("input[0].content[0].text")),
        (
            user({"type": "input_text", "text": "x", "cache_control": {}}),
            "Unknown parameter: 'input[0].content[0].cache_control'.",
        ),
        (
            user(IMAGE | {"image_url": "https://example.invalid/a.png"}),
            "input[0].content[0]: external image URLs are not supported",
        ),
        (user({"type": "input_image", "file_id": "file_1"}), "input[0].content[0]: external image URLs are not supported"),
        (
            user(IMAGE | {"detail": "sharp"}),
            "Invalid value: 'sharp'. Supported values are: 'low', 'high', 'original', 'auto'.",
        ),
        (
            user(IMAGE | {"image_url": "data:image/png;base64,/9j/4AAQ"}),
            (
                "input[0].content[0]: The image was specified using the image/png media type, "
                "but the image appears to be a image/jpeg image"
            ),
        ),
        (
            user(PDF | {"file_data": "JVBERi0="}),
            "Invalid 'input[0].content[0].file_data': expected a base64-encoded data URL of type application/pdf.",
        ),
        (
            user({"type": "input_file", "file_url": "https://example.invalid/a.pdf"}),
            "Invalid 'input[0].content[0].file_data': expected a base64-encoded data URL of type application/pdf.",
        ),
        (user({k: v for k, v in PDF.items() if k != "filename"}), missing("input[0].content[0].filename")),
        ({k: v for k, v in CALL.items() if k != "call_id"}, missing("input[0].call_id")),
        (CALL | {"arguments": {}}, "Invalid type for 'input[0].arguments': expected a string, but got an object instead."),
        (
            CALL | {"name": "a.b"},
            (
                "Invalid 'input[0].name': string does not match pattern. "
                "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            ),
        ),
        (
            CALL | {"call_id": "c" * 65},
            (
                "Invalid 'input[0].call_id': string too long. Expected a string with maximum length 64, "
                "but got a string with length 65 instead."
            ),
        ),
        (CALL | {"caller": "x"}, "Unknown parameter: 'input[0].caller'."),
        (CALL | {"namespace": 1}, "Invalid type for 'input[0].namespace': expected a string, but got an integer instead."),
        (
            CALL | {"namespace": "a.b"},
            (
                "Invalid 'input[0].namespace': string does not match pattern. "
                "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            ),
        ),
        ({k: v for k, v in OUTPUT.items() if k != "output"}, missing("input[0].output")),
        (
            OUTPUT | {"output": [{"type": "text", "text": "x"}]},
            "Invalid value: 'text'. Supported values are: 'input_text' and 'input_image' and 'input_file'.",
        ),
        ({k: v for k, v in CUSTOM.items() if k != "input"}, missing("input[0].input")),
        ({"type": "reasoning", "encrypted_content": "x"}, missing("input[0].summary")),
        (
            {"type": "reasoning", "summary": [{"type": "text", "text": "x"}]},
            "Invalid value: 'text'. Supported values are: 'summary_text'.",
        ),
        (
            {"type": "reasoning", "summary": [], "encrypted_content": 1},
            "Invalid type for 'input[0].encrypted_content': expected a string, but got an integer instead.",
        ),
        ({"type": "compaction"}, missing("input[0].encrypted_content")),
        ({"type": "item_reference"}, missing("input[0].id")),
    ],
)
async def test_what_is_refused(client: "Client", item: Json, message: str) -> None:
    got = await client.responses([item], sees=True)
    assert got.status == 400
    assert got.message.startswith(message)


async def test_images_need_the_header(client: "Client") -> None:
    for items in ([user(IMAGE)], [CALL, OUTPUT | {"output": [IMAGE]}]):
        got = await client.responses(items)
        assert (got.status, got.text) == (400, "missing required Copilot-Vision-Request header for vision requests\n")


async def test_an_image_may_be_too_large(client: "Client") -> None:
    data = base64.b64encode(b"\x89PNG" + bytes(3_145_728)).decode()
    got = await client.responses([user(IMAGE | {"image_url": f"data:image/png;base64,{data}"})], sees=True)
    assert got.status == 400
    assert got.message.startswith("input[0].content[0]: image exceeds the maximum of 3145728 bytes")


async def test_a_model_may_be_blind(client: "Client", sandbox: Sandbox) -> None:
    entry = next(e for e in sandbox.models if e["id"] == MINI)
    capabilities = entry["capabilities"]
    sandbox.models = [entry | {"capabilities": capabilities | {"supports": capabilities["supports"] | {"vision": False}}}]
    assert (await client.responses([user(IMAGE)], sees=True)).message == "vision is not supported for this model"


ADDED = {"type": "additional_tools", "id": "at_1", "role": "developer"}
NAMESPACE: Json = {
    "type": "namespace",
    "name": "functions",
    "description": "d",
    "tools": [{"type": "custom", "name": "exec", "description": "d", "format": {"type": "text"}}],
}
FOUND = {"type": "tool_search_output", "call_id": "s1", "execution": "client", "status": "completed"}
SEARCH = {"type": "tool_search_call", "id": "tsc_1", "call_id": "s1", "execution": "client", "arguments": {"query": "x"}}


async def test_tools_in_the_conversation_are_for_models_that_search(client: "Client") -> None:
    items: list[Json] = [ADDED | {"tools": [NAMESPACE]}, USER, SEARCH, FOUND | {"tools": []}]
    assert (await client.responses(items, model=SOL)).status == 200
    for item in (items[0], SEARCH, items[3]):
        got = await client.responses([item], model=CODEX)
        assert got.message == f"Invalid value: '{item['type']}'. Supported values are: {KNOWN}."


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (ADDED, missing("input[0].tools")),
        (ADDED | {"tools": [{"type": "web_search"}]}, "The requested tool web_search is not supported."),
        (
            ADDED | {"tools": [NAMESPACE | {"description": ""}]},
            (
                "Invalid 'input[0].tools[0].description': string too short. Expected a string with minimum length 1, "
                "but got an empty string instead."
            ),
        ),
        (FOUND | {"tools": [{"type": "function"}]}, missing("input[0].tools[0].name")),
        (SEARCH | {"arguments": "x"}, "Invalid type for 'input[0].arguments': expected an object, but got a string instead."),
    ],
)
async def test_what_is_refused_of_tools_in_the_conversation(client: "Client", item: Json, message: str) -> None:
    got = await client.responses([item], model=SOL)
    assert (got.status, got.message) == (400, message)


async def test_a_choice_may_fall_on_a_tool_in_the_conversation(client: "Client") -> None:
    items = [ADDED | {"tools": [NAMESPACE]}, USER]
    assert (await client.responses(items, model=SOL, tool_choice={"type": "custom", "name": "exec"})).status == 200


async def test_a_search_of_the_web_comes_back_where_it_is_on(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.web_search = True
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}}
    assert (await client.responses([USER, search])).status == 200


@pytest.mark.parametrize(
    ("model", "items"),
    [
        (MINI, [USER, {"role": "system", "content": "s"}, {"type": "message", "role": "developer", "content": [], "id": None}]),
        (MINI, [user({"type": "input_text", "text": ""}, IMAGE, PDF)]),
        (
            MINI,
            [
                USER,
                assistant(
                    {"type": "output_text", "text": "x", "annotations": [], "logprobs": []},
                    {"type": "refusal", "refusal": "no"},
                    id="msg_1",
                    status="completed",
                    phase="final_answer",
                ),
                assistant(),
            ],
        ),
        (MINI, [CALL | {"id": "fc_1", "status": "completed", "namespace": "n"}, OUTPUT | {"id": "anything"}]),
        (MINI, [CALL, OUTPUT | {"output": [{"type": "input_text", "text": "x"}, IMAGE, PDF], "status": "completed"}]),
        (
            CODEX,
            [CUSTOM | {"id": "ctc_1", "namespace": "n"}, CUSTOM_OUTPUT | {"output": [{"type": "input_text", "text": "x"}]}],
        ),
        (
            MINI,
            [
                {
                    "type": "reasoning",
                    "summary": [{"type": "summary_text", "text": "x"}],
                    "content": None,
                    "encrypted_content": blobs.encrypt("reasoning", "x", MINI),
                }
            ],
        ),
    ],
)
async def test_what_is_taken(client: "Client", model: str, items: list[Json]) -> None:
    got = await client.responses(items, model=model, sees=True)
    assert got.status == 200, got.text
