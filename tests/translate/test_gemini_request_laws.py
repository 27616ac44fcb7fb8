"""What holds for every Gemini request, however strange: Copilot's endpoints take what becomes of it, or it is a mistake."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.gemini import addressed, peek
from copilot_api.dialects.gemini_parts import sealed
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.sandbox.connection import Connection
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.strict import chat as strict_chat
from copilot_api.sandbox.strict import messages as strict_messages
from copilot_api.sandbox.strict import responses as strict_responses
from copilot_api.translate import carrier
from copilot_api.translate.gemini_to_chat import request as to_chat
from copilot_api.translate.gemini_to_messages import request as to_messages
from copilot_api.translate.gemini_to_responses import request as to_responses
from copilot_api.translate.repair import Repair, Target, mended
from copilot_api.translate.repair_chat import CHAT
from copilot_api.translate.repair_messages import MESSAGES
from copilot_api.translate.repair_responses import RESPONSES
from copilot_api.translate.request import Request
from tests.builders.legal import check_chat, check_messages
from tests.builders.models import model


@dataclass(frozen=True)
class Pair:
    """A translation, what Copilot makes of its result, and models that are served there."""

    translate: Callable[[Json, Model], Request]
    repairs: tuple[Repair, ...]
    judge: Callable[[Json, Model], None]
    models: tuple[str, ...]


def judge_chat(body: Json, to: Model) -> None:
    check_chat(body)
    seen = Seen(plane="copilot", method="POST", path="/chat/completions", headers={"copilot-vision-request": "true"})
    strict_chat.check(body, to, seen)


def judge_messages(body: Json, to: Model) -> None:
    check_messages(body)
    strict_messages.check(body, strict_messages.Context(model=to))


def judge_responses(body: Json, to: Model) -> None:
    strict_responses.check(body, to, Connection("law"), sees=True, web_search=False)


PAIRS = {
    "chat": Pair(
        to_chat,
        CHAT,
        judge_chat,
        ("gpt-4.1", "gpt-5-mini", "claude-haiku-4.5", "claude-sonnet-4.6", "gemini-3.1-pro-preview", "grok-4.7", "kimi-k3"),
    ),
    "messages": Pair(to_messages, MESSAGES, judge_messages, ("claude-haiku-4.5", "claude-sonnet-4.6", "claude-opus-5")),
    "responses": Pair(to_responses, RESPONSES, judge_responses, ("gpt-5-mini", "gpt-5.3-codex", "gpt-5.6-sol", "grok-4.7")),
}
every_pair = pytest.mark.parametrize("name", PAIRS)

IDS = st.sampled_from([None, "a", "b", "call:1", "x" * 70])
NAMES = st.sampled_from(["read", "files.read", "files_read", "r" * 70])
WORDS = st.sampled_from(["Hei!", "Du?", " ", "", "Error: no"])
PNG: Json = {"inline_data": {"mime_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUg=="}}
SIGNATURES = st.sampled_from(
    [
        None,
        "skip_thought_signature_validator",
        "Zm9yZWlnbg==",
        sealed([carrier.pack("", origin="c", family="gpt-4.1")]),
        sealed([carrier.pack("data", origin="redacted", family="gpt-4.1")] * 2),
    ]
)


def objects(**fields: Any) -> st.SearchStrategy[Json]:
    """An object with all of `fields`, which are strategies or constants."""
    return st.fixed_dictionaries({k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in fields.items()})


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """An object in which each of `fields` may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


USER_PARTS = st.lists(
    objects(text=WORDS)
    | st.just(PNG)
    | objects(
        function_response=objects(
            name=NAMES,
            id=IDS,
            response=st.sampled_from([{}, None, {"output": "ok"}, {"error": "no"}, {"a": 1}]),
            parts=st.sampled_from([[], [PNG]]),
        )
    ),
    max_size=4,
)
MODEL_PARTS = st.lists(
    objects(text=WORDS, thought=st.booleans(), thought_signature=SIGNATURES)
    | objects(function_call=objects(name=NAMES, id=IDS, args=objects(path=WORDS)), thought_signature=SIGNATURES)
    | st.just({"executable_code": {"code": "1"}}),
    max_size=4,
)
BODIES = st.builds(
    lambda needed, more: needed | more,
    objects(
        contents=st.lists(
            objects(role=st.sampled_from(["user", None, "function"]), parts=USER_PARTS)
            | objects(role="model", parts=MODEL_PARTS),
            min_size=1,
            max_size=7,
        )
    ),
    maybe(
        system_instruction=WORDS | objects(parts=st.lists(objects(text=WORDS), max_size=2)),
        tools=st.lists(
            objects(function_declarations=st.lists(objects(name=NAMES, description="Does."), max_size=2, unique_by=str))
            | st.just({"google_search": {}}),
            max_size=2,
            unique_by=str,
        ),
        tool_config=objects(function_calling_config=objects(mode=st.sampled_from(["AUTO", "ANY", "NONE", "VALIDATED"]))),
        generation_config=maybe(
            temperature=st.floats(0, 2),
            top_p=st.floats(0, 1),
            top_k=st.integers(1, 64),
            max_output_tokens=st.integers(1, 100_000),
            stop_sequences=st.lists(WORDS, max_size=5),
            presence_penalty=st.floats(-2, 2),
            response_mime_type=st.sampled_from(["application/json", "text/plain"]),
            response_schema=st.just({"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}}),
            thinking_config=maybe(
                thinking_budget=st.sampled_from([-1, 0, 500, 40_000]),
                thinking_level=st.sampled_from(["minimal", "LOW", "HIGH", "XHIGH"]),
                include_thoughts=st.booleans(),
            ),
        ),
        safety_settings=st.just([{"category": "HARM_CATEGORY_HATE_SPEECH"}]),
    ),
)


def canonical(body: Json, *, stream: bool = True) -> Json:
    return addressed(body, model="m", stream=stream, alt="sse")


def outcome(pair: Pair, body: Json, to: Model) -> Request | ClientMistake:
    try:
        return pair.translate(body, to)
    except ClientMistake as mistake:
        return mistake


def as_sent(pair: Pair, body: Json, to: Model, *, stream: bool) -> Json:
    """The request as it goes up."""
    return mended(body, Target(model=to, stream=stream), pair.repairs)[0]


@every_pair
@given(data=st.data(), body=BODIES, stream=st.booleans())
def test_copilot_takes_whatever_is_translated(name: str, data: st.DataObject, body: Json, stream: bool) -> None:
    pair = PAIRS[name]
    to = model(data.draw(st.sampled_from(pair.models)))
    written = canonical(body, stream=stream)
    before = copy.deepcopy(written)
    done = outcome(pair, written, to)
    assert written == before
    if isinstance(done, ClientMistake):
        assert (done.status, bool(done.message)) == (400, True)
        return
    # Long answers of Claude come as a stream only, whatever the client asked for: `translate.begin` sees to that.
    is_streamed = stream or name == "messages"
    sent = as_sent(pair, done.body | {"stream": is_streamed}, to, stream=is_streamed)
    try:
        pair.judge(sent, to)
    except Refusal as refusal:
        pytest.fail(f"{refusal}: {sent}")
    assert dumps(sent)
    assert peek(written).model == "m"


@every_pair
@given(data=st.data(), body=BODIES)
def test_the_same_request_is_always_translated_alike(name: str, data: st.DataObject, body: Json) -> None:
    pair = PAIRS[name]
    to = model(data.draw(st.sampled_from(pair.models)))
    first, second = (outcome(pair, canonical(copy.deepcopy(body)), to) for _ in range(2))
    assert isinstance(first, ClientMistake) or first == second


@every_pair
@given(data=st.data(), body=BODIES)
def test_what_was_sent_once_stays_as_it_was_when_the_conversation_goes_on(name: str, data: st.DataObject, body: Json) -> None:
    """The prompt cache lives by it: only the newest turn, and what stands for its missing end, may change."""
    pair = PAIRS[name]
    to = model(data.draw(st.sampled_from(pair.models)))
    longer = body | {"contents": [*body["contents"], {"role": "user", "parts": [{"text": "Go on."}]}]}
    first, second = (outcome(pair, canonical(one), to) for one in (body, longer))
    if isinstance(first, Request) and isinstance(second, Request):
        key = "input" if name == "responses" else "messages"
        shorter, after = (_unmarked(done.body[key]) for done in (first, second))
        kept = next((n for n, (a, b) in enumerate(zip(shorter, after, strict=False)) if a != b), len(shorter))
        changed = [message.get("role", message.get("type")) for message in shorter[kept:]]
        assert len(changed) <= 1, changed


def _unmarked(messages: list[Json]) -> list[Json]:
    """`messages` without cache marks, which move on by design."""
    plain: list[Json] = copy.deepcopy(messages)
    for message in plain:
        message.pop("copilot_cache_control", None)
        for block in message.get("content") or []:
            if isinstance(block, dict):
                block.pop("cache_control", None)
    return plain


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


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


@every_pair
@given(data=st.data(), body=BODIES, junk=JUNK)
def test_junk_anywhere_is_translated_or_refused_but_never_breaks_us(
    name: str, data: st.DataObject, body: Json, junk: Any
) -> None:
    pair = PAIRS[name]
    path = data.draw(st.sampled_from([place for place in places(body) if place]))
    mangled = canonical(replaced(body, path, junk))
    try:
        peek(mangled)
    except ClientMistake:
        return
    done = outcome(pair, mangled, model(data.draw(st.sampled_from(pair.models))))
    if isinstance(done, Request):
        dumps(done.body)


@every_pair
@given(data=st.data(), body=BODIES, key=st.from_regex(r"x[a-z]{1,10}", fullmatch=True), value=st.integers(0, 9) | st.just([0]))
def test_a_field_that_nobody_knows_is_named_as_lost(name: str, data: st.DataObject, body: Json, key: str, value: Any) -> None:
    pair = PAIRS[name]
    done = outcome(pair, canonical(body | {key: value}), model(data.draw(st.sampled_from(pair.models))))
    assert isinstance(done, ClientMistake) or key in done.losses


@every_pair
@given(data=st.data(), body=BODIES)
def test_nothing_that_was_said_is_lost(name: str, data: st.DataObject, body: Json) -> None:
    """Every visible text of the conversation is in what goes up, whatever had to be moved around it."""
    pair = PAIRS[name]
    said: list[str] = []
    numbered = copy.deepcopy(body)
    for content in numbered["contents"]:
        for part in content["parts"]:
            if str(part.get("text", "")).strip() and not part.get("thought"):
                said.append(f"word{len(said)}.")
                part["text"] = said[-1]
    done = outcome(pair, canonical(numbered), model(data.draw(st.sampled_from(pair.models))))
    if isinstance(done, Request):
        written = dumps(done.body).decode()
        assert [word for word in said if word not in written] == []
