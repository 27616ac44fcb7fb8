"""The counter as a whole: which rule for which model, the original's defects, bodies that are no bodies, threads, speed."""

import base64
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.tokens import Counter

HELLO: Json = {"messages": [{"role": "user", "content": "Hello"}]}
TOOL: Json = {"type": "function", "function": {"name": "ping", "description": "Check liveness", "parameters": {}}}


# Which rule


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Model(id="gpt-5.6-sol", vendor="OpenAI"), 8 + 12 + 7 + 5),
        (Model(id="gpt-9"), 8 + 12 + 7 + 5),
        (Model(id="raptor-mini", vendor="Azure OpenAI"), 8 + 12 + 7 + 5),
        (Model(id="gpt-4", vendor="Azure OpenAI", tokenizer="cl100k_base"), 8 + 12 + 10 + 5),
        (Model(id="grok-4.7", vendor="xAI"), 8 + 34),
        (Model(id="gemini-3.1-pro-preview", vendor="Google"), 8 + 34),
        (Model(id="kimi-k3", vendor="Moonshot AI"), 8 + 34),
        (Model(id="claude-sonnet-4.6", vendor="Anthropic"), 20 + 3 + 8 + 346),
        (Model(id="claude-sonnet-5"), 25 + 3 + 8 + 346),
    ],
    ids=lambda value: value.id if isinstance(value, Model) else str(value),
)
def test_each_models_maker_has_a_rule(counter: Counter, model: Model, expected: int) -> None:
    assert counter.count_chat(HELLO | {"tools": [TOOL]}, model) == expected


def test_a_model_with_a_tokenizer_we_do_not_have_is_counted_in_o200k(counter: Counter) -> None:
    assert counter.count_chat(HELLO, Model(id="gpt-9", tokenizer="o400k_base")) == 8


def test_texts_and_token_ids(counter: Counter) -> None:
    assert counter.count_text("getUserById_v2") == 6
    assert counter.count_text("getUserById_v2", "cl100k_base") == 4
    assert counter.count_text("") == 0
    assert counter.decode([15339, 1917], "cl100k_base") == "hello world"
    assert counter.decode([24912, 2375]) == "hello world"
    with pytest.raises(ClientMistake):
        counter.decode([10**9])


def test_warming_ahead_takes_the_time_that_the_first_count_would() -> None:
    fresh = Counter()
    started = time.perf_counter()
    fresh.warm("r50k_base")
    warmed = time.perf_counter()
    assert fresh.count_text("hello world", "r50k_base") == 2
    assert time.perf_counter() - warmed < warmed - started


def test_the_same_conversation_counts_alike_in_every_dialect_on_a_chat_model(
    counter: Counter, models: dict[str, Model], png: Callable[[int, int], str]
) -> None:
    picture = png(800, 600)
    schema = {"type": "object", "properties": {"command": {"type": "string", "description": "What to run."}}}
    messages = {
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": picture}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "A long thought that no chat model is sent.", "signature": "S"},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "call_1", "name": "Bash", "input": {"command": "ls"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "a.txt"}]},
                    {"type": "text", "text": "And now?"},
                ],
            },
        ],
        "tools": [{"name": "Bash", "description": "Runs.", "input_schema": schema, "cache_control": {"type": "ephemeral"}}],
    }
    chat = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
                ],
            },
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "Bash", "arguments": '{"command":"ls"}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "a.txt"},
            {"role": "user", "content": "And now?"},
        ],
        "tools": [{"type": "function", "function": {"name": "Bash", "description": "Runs.", "parameters": schema}}],
    }
    responses = {
        "instructions": "Be brief.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{picture}"},
                ],
            },
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "A" * 400},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "call_1", "name": "Bash", "arguments": '{"command":"ls"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "a.txt"},
            {"role": "user", "content": "And now?"},
        ],
        "tools": [{"type": "function", "name": "Bash", "description": "Runs.", "parameters": schema}],
    }
    for name in ("gpt-4o", "gpt-4", "gpt-5-mini", "grok", "gemini"):
        expected = counter.count_chat(chat, models[name])
        assert counter.count_messages(messages, models[name]) == expected
        assert counter.count_responses(responses, models[name]) == expected


def test_encrypted_reasoning_counts_where_its_model_reads_it(counter: Counter, models: dict[str, Model]) -> None:
    sealed = {"type": "reasoning", "summary": [], "encrypted_content": "A" * 1600}
    body = {"input": [{"role": "user", "content": "Hello"}, sealed]}
    for name in ("gpt-5-mini", "grok", "claude-old"):
        more = counter.count_responses(body, models[name]) - counter.count_responses({"input": body["input"][:1]}, models[name])
        assert 300 <= more <= 305


def test_a_pdf_on_a_chat_model_counts_as_the_note_that_replaces_it(counter: Counter, models: dict[str, Model]) -> None:
    pdf = {"type": "document", "title": "Report", "source": {"type": "base64", "data": "A" * 4_000_000}}
    body = {"messages": [{"role": "user", "content": [pdf]}]}
    assert counter.count_messages(body, models["gpt-4o"]) < 20
    assert counter.count_messages(body, models["claude-old"]) > 300_000


def test_a_deferred_tool_is_sent_to_a_chat_model_all_the_same(counter: Counter, models: dict[str, Model]) -> None:
    tool = {"name": "ping", "description": "Check liveness", "input_schema": {}, "defer_loading": True}
    assert counter.count_messages(HELLO | {"tools": [tool]}, models["gpt-4o"]) > 8
    assert counter.count_messages(HELLO | {"tools": [tool]}, models["claude-old"]) == 2 + 3


# What was wrong in the original tool: compat.md §2.9


def test_a_failure_is_never_answered_with_one_token(counter: Counter, models: dict[str, Model]) -> None:
    """compat.md §2.9 ⚠: any exception, and any model not in the catalog, was answered `{"input_tokens": 1}`."""
    unusual = {
        "messages": [{"role": "user", "content": [{"type": "unheard_of"}, None, 5, {"type": "text", "text": "Hello"}]}],
        "tools": [None, {"name": 5, "input_schema": "none"}],
        "system": [{"text": ["nested"]}, 7],
    }
    for model in (*models.values(), Model(id="never-heard-of", tokenizer="claude")):
        assert counter.count_messages(unusual, model) > 5
        assert counter.count_chat(unusual, model) > 5


def test_a_base64_picture_is_not_counted_as_text(counter: Counter, models: dict[str, Model]) -> None:
    """compat.md §2.9 ⚠: an `image_url` counted as the tokens of its URL plus 85, the whole data URL as text."""
    noise = base64.b64encode(random.Random(1).randbytes(1_000_000)).decode()
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{noise}"}}
    body = {"messages": [{"role": "user", "content": [picture]}]}
    assert counter.count_text(noise) > 500_000
    for model in models.values():
        assert counter.count_chat(body, model) < 1_700


def test_the_reply_is_primed_once_even_with_an_assistant_turn(counter: Counter, models: dict[str, Model]) -> None:
    """compat.md §2.9: the original counted user and assistant messages as two groups and primed each."""
    answered = {"messages": [*HELLO["messages"], {"role": "assistant", "content": "Hello"}]}
    assert counter.count_chat(answered, models["gpt-4o"]) == 8 + 3 + 1 + 1


def test_nothing_but_the_priming_is_counted_for_nothing(counter: Counter, models: dict[str, Model]) -> None:
    """compat.md §2.9: an empty group added nothing, a group of one message three tokens more."""
    assert {name: counter.count_chat({}, model) for name, model in models.items()} == {
        "gpt-4o": 3,
        "gpt-4": 3,
        "gpt-5-mini": 3,
        "grok": 3,
        "gemini": 3,
        "claude-old": 0,
        "claude-new": 0,
    }


def test_tools_of_an_mcp_server_do_not_take_the_instructions_away(counter: Counter, models: dict[str, Model]) -> None:
    """compat.md §2.9: with any tool named `mcp__…` the 346 tokens of instructions were left out."""
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("mcp__files__read", "Bash")]
    alone = [{"name": name, "input_schema": {"type": "object"}} for name in ("plain__files__read", "Bash")]
    with_mcp = counter.count_messages({"tools": tools}, models["claude-old"])
    assert abs(with_mcp - counter.count_messages({"tools": alone}, models["claude-old"])) <= 4
    assert with_mcp > 346


def test_a_newer_claude_is_not_counted_by_the_older_tokenizer(counter: Counter, models: dict[str, Model]) -> None:
    """compat.md §2.9: every Claude was weighed by 1.15, which is about 20 % too little since 4.7."""
    body = {"messages": [{"role": "user", "content": "The quick brown fox jumps over the lazy dog. " * 100}]}
    older, newer = (counter.count_messages(body, models[name]) for name in ("claude-old", "claude-new"))
    assert newer / older == pytest.approx(1.45 / 1.15, abs=0.01)


def test_special_tokens_in_a_prompt_are_text(counter: Counter, models: dict[str, Model]) -> None:
    """design.md §5: special tokens in user text must never raise."""
    body = {"messages": [{"role": "user", "content": "<|endoftext|>"}]}
    assert counter.count_chat(body, models["gpt-4o"]) == 3 + 3 + 1 + 7


# Bodies that are no bodies

# fmt: off
KEYS = st.sampled_from([
    "role", "content", "type", "text", "name", "input", "id", "source", "data", "tool_calls", "function", "arguments",
    "image_url", "url", "detail", "file", "file_data", "thinking", "signature", "tool_use_id", "title", "description",
    "call_id", "output", "summary", "encrypted_content", "tools",
    "parameters", "input_schema", "properties", "enum", "items", "defer_loading", "tool_name", "json_schema", "schema",
])
WORDS = st.sampled_from([
    "user", "assistant", "system", "tool", "text", "image", "image_url", "document", "tool_use", "tool_result", "thinking",
    "redacted_thinking", "search_result", "tool_reference", "server_tool_use", "web_search_tool_result", "base64", "content",
    "message", "function_call", "function_call_output", "reasoning", "compaction", "local_shell_call", "namespace",
    "web_search", "file", "function", "custom", "string", "auto", "any", "low", "data:image/png;base64,AAAA",
])
# fmt: on
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | WORDS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20
)
BODIES = st.fixed_dictionaries(
    {"messages": VALUES | st.lists(VALUES, max_size=4)},
    optional={
        "system": VALUES,
        "tools": VALUES | st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=3),
        "functions": VALUES,
        "tool_choice": VALUES,
        "response_format": VALUES,
        "output_config": VALUES,
    },
)


@given(body=BODIES)
@settings(max_examples=400, deadline=None)
def test_no_json_makes_counting_fail(counter: Counter, body: Json) -> None:
    for model in (Model(id="gpt-4o"), Model(id="grok-4.7"), Model(id="gemini-3"), Model(id="claude-opus-5")):
        assert counter.count_chat(body, model) >= 0
        assert counter.count_messages(body, model) >= 0
        assert counter.count_responses(body | {"input": body["messages"]}, model) >= 0


@given(texts=st.lists(st.text(max_size=200), max_size=6))
@settings(deadline=None)
def test_every_text_of_a_conversation_is_counted(counter: Counter, texts: list[str]) -> None:
    body = {"messages": [{"role": "user", "content": text} for text in texts]}
    expected = 3 + sum(3 + 1 + counter.count_text(text) for text in texts)
    assert counter.count_chat(body, Model(id="gpt-4o")) == expected
    assert counter.count_messages(body, Model(id="gpt-4o")) == expected


def test_a_body_nested_beyond_pythons_patience_is_counted(counter: Counter, models: dict[str, Model]) -> None:
    deep: Any = "Hello"
    for _ in range(5_000):
        deep = [deep]
    schema = {"type": "object", "properties": {"a": {"default": deep}}, "$defs": deep}
    body = {
        "messages": [
            {"role": "user", "content": deep},
            {"role": "assistant", "tool_calls": [{"function": {"arguments": deep}}]},
        ],
        "system": deep,
        "tools": [{"name": "a", "input_schema": schema}, {"function": {"name": "a", "parameters": schema}}],
    }
    for model in models.values():
        assert counter.count_chat(body, model) > 8
        assert counter.count_messages(body, model) > 8
        assert counter.count_responses({"input": body["messages"], "tools": body["tools"]}, model) > 8


# Threads and speed


def conversation(turns: int) -> Json:
    words = [f"word{n} of the story," for n in range(500)]
    chooser = random.Random(7)
    texts = [" ".join(chooser.choices(words, k=300)) for _ in range(turns)]
    return {"messages": [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]}


def test_threads_count_alike(counter: Counter, models: dict[str, Model]) -> None:
    body = conversation(20)
    fresh = Counter()
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: fresh.count_messages(body, models["claude-new"]), range(16)))
    assert set(counts) == {counter.count_messages(body, models["claude-new"])}


def test_a_conversation_that_grew_at_its_end_is_counted_at_its_end_only(models: dict[str, Model]) -> None:
    fresh = Counter()
    fresh.warm()
    body = conversation(40)
    first = took(fresh, body, models["gpt-4o"])
    body["messages"].append({"role": "user", "content": "And then?"})
    again = min(took(fresh, body, models["gpt-4o"]) for _ in range(5))
    assert again < first / 3


def took(counter: Counter, body: Json, model: Model) -> float:
    started = time.perf_counter()
    counter.count_messages(body, model)
    return time.perf_counter() - started
