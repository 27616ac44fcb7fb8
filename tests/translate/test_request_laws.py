"""What holds for every request, however strange: it is translated into a legal one, or it is the client's mistake."""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier
from copilot_api.translate.chat_to_messages import request as chat_to_messages
from copilot_api.translate.chat_to_responses import request as chat_to_responses
from copilot_api.translate.messages_to_chat import request as messages_to_chat
from copilot_api.translate.messages_to_responses import request as messages_to_responses
from copilot_api.translate.request import Request
from copilot_api.translate.responses_to_chat import request as responses_to_chat
from copilot_api.translate.responses_to_messages import request as responses_to_messages
from copilot_api.translate.sealed import seal
from tests.builders.legal import check_chat, check_messages, check_responses
from tests.builders.models import model

Pair: TypeAlias = tuple[Callable[[Json, Model], Request], Callable[[Json], None], st.SearchStrategy[Json], tuple[str, ...]]

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
IMAGE: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG.split(",")[1]}}
MARK = {"cache_control": {"type": "ephemeral"}}

IDS = st.sampled_from(["a", "b", "c", "call:1", "call_1", "x" * 50])
NAMES = st.sampled_from(["read", "files.read", "files_read", "r" * 70])
WORDS = st.sampled_from(["Hei!", "Du?", " ", "", "Error: no", "\ud800"])
FLAGS = st.booleans()


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """An object in which each of `fields` may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


def objects(**fields: Any) -> st.SearchStrategy[Json]:
    """An object with all of `fields`, which are strategies or constants."""
    return st.fixed_dictionaries({k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in fields.items()})


def one_of_these(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


# Anthropic Messages

SIGNATURES = one_of_these(
    "foreign",
    "",
    carrier.pack("o", origin="c", family="gpt-5-mini"),
    carrier.pack("", origin="c", family="claude-haiku-4.5"),
    seal("up_1", "e", model("gpt-5.3-codex")),
    seal("", "f", model("gpt-5.3-codex")),
)
TEXT_BLOCK = objects(type="text", text=WORDS) | objects(type="text", text="Hei!", **MARK)
INNER_BLOCKS = st.lists(TEXT_BLOCK | one_of_these(IMAGE, {"type": "tool_reference", "tool_name": "read"}), max_size=2)
RESULT_BLOCK = objects(type="tool_result", tool_use_id=IDS, content=WORDS | INNER_BLOCKS | st.none(), is_error=FLAGS)
USER_BLOCKS = st.lists(TEXT_BLOCK | RESULT_BLOCK | one_of_these(IMAGE, {"type": "web_search_tool_result"}), max_size=4)
ASSISTANT_BLOCKS = st.lists(
    TEXT_BLOCK
    | objects(type="tool_use", id=IDS, name=NAMES, input=objects(path=WORDS))
    | objects(type="thinking", thinking=WORDS, signature=SIGNATURES)
    | objects(type="redacted_thinking", data=SIGNATURES),
    max_size=4,
)
MESSAGES_BODY = st.builds(
    lambda needed, more: needed | more,
    objects(
        model="m",
        max_tokens=one_of_these(0, 100, 32_000),
        messages=st.lists(
            objects(role="user", content=WORDS | USER_BLOCKS)
            | objects(role="assistant", content=WORDS | ASSISTANT_BLOCKS)
            | objects(role="system", content=WORDS | st.lists(TEXT_BLOCK, max_size=2)),
            max_size=7,
        ),
    ),
    maybe(
        system=WORDS | st.lists(TEXT_BLOCK, max_size=3),
        tools=st.lists(objects(name=NAMES, input_schema=one_of_these({}, {"type": "object"}, None)), max_size=3),
        tool_choice=one_of_these({"type": "auto", "disable_parallel_tool_use": True}, {"type": "any"}, {"type": "none"}),
        thinking=one_of_these({"type": "enabled", "budget_tokens": 4000}, {"type": "adaptive"}, {"type": "disabled"}),
        output_config=one_of_these({"effort": "high"}, {"format": {"type": "json_schema", "schema": {}}}),
        stop_sequences=st.lists(WORDS, max_size=6),
        temperature=st.floats(0, 1),
        metadata=objects(user_id=WORDS),
        stream=FLAGS,
        cache_control=one_of_these({"type": "ephemeral"}),
    ),
)

# Chat Completions

OPAQUE = one_of_these(
    "foreign",
    None,
    carrier.pack("s", origin="m", family="claude-haiku-4.5"),
    seal("up_1", "e", model("gpt-5.3-codex")),
)
PARTS = st.lists(
    objects(type="text", text=WORDS) | one_of_these({"type": "image_url", "image_url": {"url": PNG}} | MARK), max_size=3
)
CALL = objects(id=IDS, type="function", function=objects(name=NAMES, arguments=one_of_these("{}", "", "{broken", '{"a":1}')))
CHAT_BODY = st.builds(
    lambda needed, more: needed | more,
    objects(
        model="m",
        messages=st.lists(
            objects(role=one_of_these("system", "developer"), content=WORDS)
            | objects(role="user", content=WORDS | PARTS, name=one_of_these(None, "Ada", "Bo"))
            | objects(
                role="assistant", content=WORDS | st.none(), tool_calls=st.lists(CALL, max_size=3), reasoning_opaque=OPAQUE
            )
            | objects(role="assistant", content=WORDS, function_call=objects(name=NAMES, arguments="{}"))
            | objects(role="tool", tool_call_id=IDS, content=WORDS | PARTS)
            | objects(role="function", name=NAMES, content=WORDS),
            max_size=8,
        ),
    ),
    maybe(
        tools=st.lists(objects(type="function", function=objects(name=NAMES)), max_size=3),
        tool_choice=one_of_these("auto", "none", "required"),
        parallel_tool_calls=FLAGS,
        max_tokens=st.integers(1, 40_000),
        temperature=st.floats(-1, 3),
        reasoning_effort=one_of_these("none", "minimal", "low", "medium", "high", "max", "ultra"),
        stop=WORDS | st.lists(WORDS, max_size=3),
        response_format=one_of_these({"type": "json_object"}, {"type": "json_schema", "json_schema": {"schema": {}}}),
        stream=FLAGS,
    ),
)

# OpenAI Responses

ENCRYPTED = one_of_these(
    "foreign",
    None,
    carrier.pack("s", origin="m", family="claude-haiku-4.5"),
    carrier.pack("d", origin="redacted", family="claude-haiku-4.5"),
    carrier.pack("o", origin="c", family="gpt-4.1"),
    carrier.pack("", origin="c", family="gpt-4.1"),
)
NAMESPACES = one_of_these(None, "", "files", "f.s")
INPUT_PARTS = st.lists(
    objects(type=one_of_these("input_text", "text"), text=WORDS)
    | one_of_these({"type": "input_image", "image_url": PNG, "detail": "original"}),
    max_size=3,
)
OUTPUT_PARTS = st.lists(objects(type="output_text", text=WORDS) | objects(type="refusal", refusal=WORDS), max_size=3)
FLAT_TOOL = objects(type="function", name=NAMES) | objects(type="custom", name=NAMES, description=WORDS)
TOOL = FLAT_TOOL | objects(type="namespace", name=one_of_these("files", "f.s"), tools=st.lists(FLAT_TOOL, max_size=2))
ITEM = (
    objects(role="user", content=WORDS | INPUT_PARTS)
    | objects(type="message", role=one_of_these("developer", "system"), content=WORDS)
    | objects(type="message", id="msg_1", role="assistant", content=WORDS | OUTPUT_PARTS)
    | objects(
        type="function_call", call_id=IDS, name=NAMES, namespace=NAMESPACES, arguments=one_of_these("{}", "", "{b", '{"a":1}')
    )
    | objects(type="custom_tool_call", call_id=IDS, name=NAMES, namespace=NAMESPACES, input=WORDS)
    | objects(
        type="function_call_output", call_id=IDS, output=WORDS | INPUT_PARTS, status=one_of_these("completed", "incomplete")
    )
    | objects(type="custom_tool_call_output", call_id=IDS, output=WORDS | INPUT_PARTS)
    | objects(
        type="reasoning", id="rs_1", encrypted_content=ENCRYPTED, summary=st.lists(objects(type="summary_text", text=WORDS))
    )
    | objects(type="additional_tools", role="developer", tools=st.lists(TOOL, max_size=2))
    | one_of_these({"type": "web_search_call", "id": "ws_1"}, {"type": "tool_search_output", "tools": []})
)
RESPONSES_BODY = st.builds(
    lambda needed, more: needed | more,
    objects(model="m", input=WORDS | st.lists(ITEM, max_size=8)),
    maybe(
        instructions=WORDS,
        tools=st.lists(TOOL, max_size=3),
        tool_choice=one_of_these("auto", "none", "required"),
        parallel_tool_calls=FLAGS,
        max_output_tokens=st.integers(1, 40_000),
        temperature=st.floats(-1, 3),
        reasoning=maybe(effort=one_of_these("none", "minimal", "high", "max", "ultra"), summary=one_of_these("auto", None)),
        text=maybe(format=one_of_these({"type": "json_schema", "schema": {}}, {"type": "text"}), verbosity=one_of_these("low")),
        store=FLAGS,
        stream=FLAGS,
    ),
)

FOR_RESPONSES = ("gpt-5-mini", "gpt-5.3-codex", "gpt-5.6-sol", "grok-4.7")
PAIRS: dict[str, Pair] = {
    "messages to chat": (
        messages_to_chat,
        check_chat,
        MESSAGES_BODY,
        ("gpt-4.1", "gpt-5-mini", "claude-haiku-4.5", "claude-sonnet-4.6", "gemini-3.1-pro-preview"),
    ),
    "chat to messages": (
        chat_to_messages,
        check_messages,
        CHAT_BODY,
        ("claude-haiku-4.5", "claude-sonnet-4.6", "claude-opus-5"),
    ),
    "messages to responses": (messages_to_responses, check_responses, MESSAGES_BODY, FOR_RESPONSES),
    "chat to responses": (chat_to_responses, check_responses, CHAT_BODY, FOR_RESPONSES),
    "responses to chat": (
        responses_to_chat,
        check_chat,
        RESPONSES_BODY,
        ("gpt-4.1", "gpt-5-mini", "claude-haiku-4.5", "gemini-3.1-pro-preview"),
    ),
    "responses to messages": (
        responses_to_messages,
        check_messages,
        RESPONSES_BODY,
        ("claude-haiku-4.5", "claude-sonnet-4.6", "claude-opus-5"),
    ),
}
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


every_pair = pytest.mark.parametrize("pair", PAIRS)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a body there is something."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in places(part, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """`value` with `junk` at `path`."""
    if not path:
        return junk
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], junk)
    return changed


# Where a conversation holds what somebody said; reasoning is left out, it may be another model's.
SPOKEN = {"content", "text", "refusal", "output", "input"}
UNSPOKEN = {"summary", "tools", "instructions"}


def with_numbered_words(body: Json) -> tuple[Json, list[str]]:
    """`body` with a word of its own for each text of the conversation, and those words."""
    numbered = copy.deepcopy(body)
    said: list[str] = []

    def number(value: Any) -> None:
        for key, inner in list(
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            if key in SPOKEN and isinstance(inner, str) and inner.strip():
                said.append(f"word{len(said)}.")
                value[key] = said[-1]
            elif key not in UNSPOKEN:
                number(inner)

    number({key: numbered[key] for key in ("messages",) if key in numbered})
    if "input" in numbered:
        holder = {"input": numbered["input"]}
        number(holder)
        numbered |= holder
    return numbered, said


def outcome(translate: Callable[[Json, Model], Request], body: Any, to: Model) -> Request | ClientMistake:
    try:
        return translate(body, to)
    except ClientMistake as mistake:
        return mistake


@every_pair
@given(data=st.data())
def test_a_request_is_translated_into_a_legal_one_and_stays_as_it_was(pair: str, data: st.DataObject) -> None:
    translate, check, bodies, models = PAIRS[pair]
    body, to = data.draw(bodies), model(data.draw(st.sampled_from(models)))
    before = copy.deepcopy(body)
    done = outcome(translate, body, to)
    assert body == before
    if isinstance(done, Request):
        check(done.body)
        assert done.body["model"] == to.id
        assert dumps(done.body)
        assert set(done.tool_names.values()) <= {"files.read", "r" * 70, "files_read"}
    else:
        assert done.status == 400
        assert done.message


@every_pair
@given(data=st.data())
def test_the_same_request_is_always_translated_alike(pair: str, data: st.DataObject) -> None:
    translate, _, bodies, models = PAIRS[pair]
    body, to = data.draw(bodies), model(data.draw(st.sampled_from(models)))
    first, second = (outcome(translate, copy.deepcopy(body), to) for _ in range(2))
    assert isinstance(first, ClientMistake) or first == second


@every_pair
@given(data=st.data())
def test_junk_anywhere_is_translated_or_refused_but_never_breaks_us(pair: str, data: st.DataObject) -> None:
    translate, check, bodies, models = PAIRS[pair]
    body = data.draw(bodies)
    path = data.draw(st.sampled_from(places(body)))
    mangled = replaced(body, path, data.draw(ANY_JSON))
    done = outcome(translate, mangled, model(data.draw(st.sampled_from(models))))
    if isinstance(done, Request):
        check(done.body)
        dumps(done.body)


@every_pair
@given(data=st.data(), key=st.from_regex(r"x_[a-z]{1,10}", fullmatch=True), value=st.integers(0, 9) | st.just([0]))
def test_a_field_that_nobody_knows_is_named_as_lost(pair: str, data: st.DataObject, key: str, value: Any) -> None:
    translate, _, bodies, models = PAIRS[pair]
    done = outcome(translate, data.draw(bodies) | {key: value}, model(data.draw(st.sampled_from(models))))
    assert isinstance(done, ClientMistake) or key in done.losses


@every_pair
@given(data=st.data())
def test_nothing_that_was_said_is_lost(pair: str, data: st.DataObject) -> None:
    """Every visible text of the conversation is in what goes up, whatever had to be moved around it."""
    translate, _, bodies, models = PAIRS[pair]
    body = data.draw(bodies)
    numbered, said = with_numbered_words(body)
    done = outcome(translate, numbered, model(data.draw(st.sampled_from(models))))
    if isinstance(done, Request):
        written = dumps(done.body).decode()
        assert [word for word in said if word not in written] == []


# There and back

TRIPS: dict[
    str, tuple[Callable[[Json, Model], Request], Callable[[Json, Model], Request], st.SearchStrategy[Json], str, str]
] = {
    "messages by responses": (messages_to_responses, responses_to_messages, MESSAGES_BODY, "gpt-5.3-codex", "claude-haiku-4.5"),
    "messages by chat": (messages_to_chat, chat_to_messages, MESSAGES_BODY, "gpt-4.1", "claude-haiku-4.5"),
    "chat by responses": (chat_to_responses, responses_to_chat, CHAT_BODY, "gpt-5.3-codex", "gpt-4.1"),
    "chat by messages": (chat_to_messages, messages_to_chat, CHAT_BODY, "claude-haiku-4.5", "gpt-4.1"),
    "responses by messages": (
        responses_to_messages,
        messages_to_responses,
        RESPONSES_BODY,
        "claude-haiku-4.5",
        "gpt-5.3-codex",
    ),
    "responses by chat": (responses_to_chat, chat_to_responses, RESPONSES_BODY, "gpt-4.1", "gpt-5.3-codex"),
}
WORD = re.compile(r"word\d+\.")


def calls_in(body: Json) -> list[tuple[str, Json, list[str]]]:
    """Each call of a translated conversation: its name, its arguments, and the numbered words of what it gave back."""
    calls: dict[str, tuple[str, Json]] = {}
    results: dict[str, list[str]] = {}
    for id_, name, arguments, result in _entries(body):
        if result is None:
            calls[id_] = (name, arguments)
        else:
            results[id_] = WORD.findall(result)
    return [(*call, results[id_]) for id_, call in calls.items()]


def _entries(body: Json) -> Iterator[tuple[str, str, Json, str | None]]:
    """Id, name and arguments of each call; id and text of each result."""
    for item in body.get("input", []):
        if item["type"].endswith("_output"):
            yield item["call_id"], "", {}, item["output"]
        elif "call_id" in item:
            yield item["call_id"], item["name"], parse(item.get("arguments", "")) or _free(item), None
    for message in body.get("messages", []):
        for call in message.get("tool_calls", []):
            yield call["id"], call["function"]["name"], parse(call["function"]["arguments"]) or {}, None
        if message["role"] == "tool":
            yield message["tool_call_id"], "", {}, message["content"]
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block["type"] == "tool_use":
                yield block["id"], block["name"], block["input"], None
            elif block["type"] == "tool_result":
                yield block["tool_use_id"], "", {}, str(block.get("content", ""))


def _free(item: Json) -> Json:
    return {"input": item["input"]} if "input" in item else {}


@pytest.mark.parametrize("trip", TRIPS)
@given(data=st.data())
def test_a_conversation_translated_there_and_back_keeps_its_words_and_calls(trip: str, data: st.DataObject) -> None:
    there, back, bodies, by, home = TRIPS[trip]
    body, said = with_numbered_words(data.draw(bodies))
    gone = outcome(there, body, model(by))
    if not isinstance(gone, Request):
        return
    came = back(gone.body, model(home))
    written = dumps(came.body).decode()
    assert [word for word in said if word not in written] == []
    assert calls_in(came.body) == calls_in(gone.body)
