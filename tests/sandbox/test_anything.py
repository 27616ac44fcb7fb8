"""Whatever is sent, the sandbox has an answer of its own: it never breaks."""

import copy
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json, dumps
from copilot_api.sandbox.accounts import Accounts
from copilot_api.sandbox.blobs import encrypt
from copilot_api.sandbox.catalog import Catalog, load
from copilot_api.sandbox.copilot import Copilot
from copilot_api.sandbox.script import Script
from copilot_api.sandbox.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = {
    "type": "object",
    "properties": {
        "a": {"type": "string", "pattern": "^x", "enum": ["x"], "minLength": 1},
        "b": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/n"}, "minItems": 1}, {"type": "null"}]},
        "c": {"type": ["number", "null"], "minimum": 1, "exclusiveMaximum": 9, "multipleOf": 2, "default": 4},
    },
    "required": ["a"],
    "$defs": {"n": {"allOf": [{"type": "integer"}], "const": 3, "format": "date"}},
}
PNG = "data:image/png;base64,iVBORw0KGgo="
CHAT: Json = {
    "model": "gpt-4.1",
    "max_tokens": 50,
    "temperature": 0.5,
    "n": 2,
    "stop": ["END"],
    "stream": True,
    "stream_options": {"include_usage": True},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
    "tools": [{"type": "function", "function": {"name": "bash", "description": "d", "parameters": SCHEMA}}],
    "tool_choice": {"type": "function", "function": {"name": "bash"}},
    "parallel_tool_calls": True,
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "run `ls`"}, {"type": "image_url", "image_url": {"url": PNG}}]},
        {
            "role": "assistant",
            "content": None,
            "reasoning_opaque": "x",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "bash", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ],
}
MESSAGES: Json = {
    "model": "claude-sonnet-4.6",
    "max_tokens": 5000,
    "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "metadata": {"user_id": "u"},
    "stop_sequences": ["END"],
    "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "summarized"},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
    "context_management": {"edits": []},
    "tools": [{"name": "bash", "description": "d", "input_schema": SCHEMA, "strict": True, "defer_loading": False}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "run `ls`", "cache_control": {"type": "ephemeral"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}, "title": "t"},
            ],
        },
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "bash", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "x"}]}]},
    ],
}
RESPONSES: Json = {
    "model": "gpt-5.6-sol",
    "stream": True,
    "store": False,
    "instructions": "Answer with json.",
    "max_output_tokens": 50,
    "parallel_tool_calls": True,
    "include": ["reasoning.encrypted_content"],
    "truncation": "disabled",
    "prompt_cache_key": "k",
    "reasoning": {"effort": "low", "summary": "auto", "context": "all_turns"},
    "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": False}},
    "context_management": [{"type": "compaction", "compact_threshold": 1000}],
    "tool_choice": {"type": "function", "name": "bash"},
    "tools": [
        {"type": "function", "name": "bash", "description": "d", "parameters": SCHEMA, "strict": False},
        {
            "type": "namespace",
            "name": "n",
            "description": "d",
            "tools": [{"type": "function", "name": "f", "description": "d", "parameters": SCHEMA}],
        },
        {"type": "tool_search", "execution": "client"},
    ],
    "input": [
        {
            "type": "additional_tools",
            "role": "developer",
            "tools": [
                {
                    "type": "custom",
                    "name": "exec",
                    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
                }
            ],
        },
        {"role": "developer", "content": "Be brief."},
        {
            "type": "message",
            "id": "msg_1",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "run `ls`"},
                {"type": "input_image", "image_url": PNG, "detail": "low"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"},
            ],
        },
        {"role": "assistant", "phase": "commentary", "content": [{"type": "output_text", "text": "a", "annotations": []}]},
        {"type": "reasoning", "summary": [], "content": None, "encrypted_content": encrypt("reasoning", "x", "gpt-5.6-sol")},
        {"type": "compaction", "encrypted_content": encrypt("compaction", "x", "gpt-5.6-sol")},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "bash", "arguments": "{}", "namespace": "n"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "x"}]},
        {"type": "custom_tool_call", "call_id": "c2", "name": "exec", "input": "x"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "x"},
        {"type": "tool_search_call", "call_id": "c3", "execution": "client", "arguments": {"query": "x"}},
        {"type": "tool_search_output", "call_id": "c3", "tools": [{"type": "function", "name": "g", "parameters": SCHEMA}]},
    ],
}
EMBEDDINGS: Json = {"model": "text-embedding-3-small", "input": ["x"], "dimensions": 8, "encoding_format": "float"}
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "text", "role", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
KNOWN = st.sampled_from(
    [
        "input_text",
        "custom",
        "function_call",
        "compaction_trigger",
        "additional_tools",
        "text",
        "image",
        "tool_use",
        "thinking",
        "user",
        "assistant",
        "system",
        "none",
        "object",
        "auto",
        {},
        [],
        0,
    ]
)


def spots(value: Any, path: tuple[Any, ...] = ()) -> "Iterator[tuple[Any, ...]]":
    """Every place in a JSON value that can be replaced."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from spots(inner, (*path, key))


@st.composite
def disturbed(draw: st.DrawFn, body: Json) -> Json:
    """A good request with one to three places replaced or left out."""
    changed = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(spots(changed), key=str)))
        place = changed
        for key in path[:-1]:
            place = place[key]
        if draw(st.booleans()):
            place[path[-1]] = copy.deepcopy(draw(KNOWN | ANYTHING))
        else:
            del place[path[-1]]
        if not changed:
            break
    return changed


def plane() -> tuple[Copilot, str]:
    accounts = Accounts(plan="credits", clock=lambda: 0.0, token_life_s=10)
    token, _ = accounts.mint("sku")
    return Copilot(accounts=accounts, catalog=Catalog(load()), script=Script()), token


COPILOT, TOKEN = plane()
HEADERS = {
    "authorization": f"Bearer {TOKEN}",
    "user-agent": "test",
    "Editor-Version": "vscode/1.1",
    "Editor-Plugin-Version": "copilot-chat/0.48.1",
    "copilot-integration-id": "vscode-chat",
    "content-type": "application/json",
    "copilot-vision-request": "true",
    "anthropic-beta": "context-management-2025-06-27,advanced-tool-use-2025-11-20,extended-cache-ttl-2025-04-11",
}


def status(path: str, body: Json) -> int:
    return COPILOT.reply(Seen(plane="copilot", method="POST", path=path, headers=HEADERS, body=dumps(body))).status


def test_the_undisturbed_requests_are_good() -> None:
    assert status("/chat/completions", CHAT) == 200
    assert status("/v1/messages", MESSAGES) == 200
    assert status("/embeddings", EMBEDDINGS) == 200
    assert status("/responses", RESPONSES) == 200


PATIENT = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(disturbed(CHAT))
def test_any_chat_request_is_answered_or_refused(body: Json) -> None:
    assert status("/chat/completions", body) in {200, 400}


@PATIENT
@given(disturbed(MESSAGES))
def test_any_messages_request_is_answered_or_refused(body: Json) -> None:
    assert status("/v1/messages", body) in {200, 400}
    assert status("/v1/messages/count_tokens", body) in {200, 400}


@PATIENT
@given(disturbed(RESPONSES))
def test_any_responses_request_is_answered_or_refused(body: Json) -> None:
    assert status("/responses", body) in {200, 400}


@settings(max_examples=100, deadline=None)
@given(disturbed(EMBEDDINGS))
def test_any_embeddings_request_is_answered_or_refused(body: Json) -> None:
    assert status("/embeddings", body) in {200, 400}
