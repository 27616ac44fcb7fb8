"""What holds for every conversation that passes through, however strange: the sandbox takes it, if need be after a refusal."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import UpstreamRefused
from copilot_api.sandbox import seals
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.strict import chat, messages
from copilot_api.translate.repair import Endpoint, Target, mended
from copilot_api.translate.repair_requests import REQUESTS
from copilot_api.translate.retries import Sent, again
from tests.builders.models import model

PNG = "iVBORw0KGgoAAAANSUhEUg=="
JPEG = "/9j/4AAQSkZJRgABAQEA"
SEES = Seen(plane="copilot", method="POST", path="", headers={"copilot-vision-request": "true"})

IDS = st.sampled_from(["a", "b", "c", "call:1", "call_1", "x" * 80, ""])
NAMES = st.sampled_from(["read", "files.read", "files_read", "r" * 70, "s" * 130])
WORDS = st.sampled_from(["Hei!", "Du? ", " ", "", "Error: no"])
TYPES = st.sampled_from(["image/png", "image/jpeg"])


def objects(**fields: Any) -> st.SearchStrategy[Json]:
    """An object with all of `fields`, which are strategies or constants."""
    return st.fixed_dictionaries({k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in fields.items()})


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """An object in which each of `fields` may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


def both(needed: st.SearchStrategy[Json], more: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.builds(lambda a, b: a | b, needed, more)


PICTURE = objects(type="image", source=objects(type="base64", media_type=TYPES, data=st.sampled_from([PNG, JPEG])))
TEXT = both(
    objects(type="text", text=WORDS), maybe(cache_control=st.just({"type": "ephemeral", "scope": "global", "ttl": "1h"}))
)
RESULT = objects(type="tool_result", tool_use_id=IDS, content=WORDS | st.lists(TEXT | PICTURE, max_size=2) | st.none())
SEALS = st.sampled_from(["", "foreign", seals.mint("thinking", "claude-sonnet-4.6", "hm")])
ASSISTANT = st.lists(
    TEXT
    | objects(type="tool_use", id=IDS, name=NAMES, input=st.sampled_from([{"a": 1}, '{"a": 1}', "{brok", None]))
    | objects(type="thinking", thinking="hm", signature=SEALS)
    | objects(type="redacted_thinking", data=SEALS),
    max_size=4,
)
MESSAGES_BODY = both(
    objects(
        messages=st.lists(
            objects(role="user", content=WORDS | st.lists(TEXT | RESULT | PICTURE, max_size=4))
            | objects(role="assistant", content=WORDS | ASSISTANT)
            | objects(role="system", content=WORDS),
            max_size=8,
        ),
        max_tokens=st.sampled_from([100, 8000, 99_999]),
    ),
    maybe(
        system=st.lists(TEXT, max_size=2),
        tools=st.lists(objects(name=NAMES, description=WORDS, input_schema={"type": "object"}), max_size=3),
        tool_choice=st.sampled_from([{"type": "auto"}, {"type": "any"}, {"type": "none"}]),
        thinking=st.sampled_from([{"type": "enabled", "budget_tokens": 4000}, {"type": "adaptive", "display": "updates"}]),
        output_config=st.sampled_from([{"effort": "max", "task_budget": 5}, {"format": {"type": "json_schema", "schema": {}}}]),
        temperature=st.floats(0, 1),
        top_k=st.just(5),
        context_management=st.just({"edits": []}),
        stream=st.booleans(),
    ),
)

OPAQUE = st.sampled_from(["foreign", None, seals.mint("thinking", "claude-sonnet-4.6", "hm")])
IMAGE_PART = objects(
    type="image_url",
    image_url=objects(url=st.sampled_from([f"data:image/png;base64,{PNG}", f"data:image/png;base64,{JPEG}"])),
)
PARTS = st.lists(objects(type="text", text=WORDS) | IMAGE_PART, max_size=3)
ARGUMENTS = st.sampled_from(["{}", "", "{brok", '{"a":1}', '{"a":1}{"a":1}', "[]"])
CALLS = st.lists(objects(id=IDS, type="function", function=objects(name=NAMES, arguments=ARGUMENTS)), max_size=3)
CHAT_BODY = both(
    objects(
        messages=st.lists(
            objects(role="system", content=WORDS)
            | objects(role="developer", content=WORDS)
            | objects(role="user", content=WORDS | PARTS | st.none())
            | objects(role="assistant", content=WORDS | st.none(), tool_calls=CALLS, reasoning_opaque=OPAQUE)
            | objects(role="tool", tool_call_id=IDS, content=WORDS | PARTS),
            max_size=8,
        )
    ),
    maybe(
        tools=st.lists(objects(type="function", function=objects(name=NAMES, description=WORDS)), max_size=3),
        tool_choice=st.sampled_from(["auto", "none", "required"]),
        parallel_tool_calls=st.booleans(),
        max_tokens=st.sampled_from([100, 99_999]),
        reasoning_effort=st.sampled_from(["minimal", "high", "none"]),
        temperature=st.floats(0, 2),
        top_p=st.floats(0, 1),
        stop=st.just(["x"]),
        store=st.just(True),
        stream=st.booleans(),
    ),
)


def refusal_of(judge: Callable[[Json, Target], None], body: Json, target: Target) -> UpstreamRefused | None:
    try:
        judge(body, target)
    except Refusal as refusal:
        return UpstreamRefused(refusal.message, status=refusal.status, code=refusal.code, param=refusal.param)
    return None


def accepted(body: Json, endpoint: Endpoint, target: Target, judge: Callable[[Json, Target], None]) -> None:
    """Fails unless upstream takes the request in the end."""
    body, _ = mended(body, target, REQUESTS[endpoint])
    tried: list[str] = []
    while problem := refusal_of(judge, body, target):
        found = again(Sent(body=body, endpoint=endpoint, target=target, tried=tuple(tried)), problem)
        assert found is not None, problem.message
        tried.append(found.name)
        body = found.body
    assert body["messages"], "nothing was left of the conversation"


def is_said(message: Json) -> bool:
    """Whether a person or a tool says something in this message that is not blank."""
    content = message.get("content")
    texts = [content] if isinstance(content, str) else [block.get("text", "a result or a picture") for block in content or ()]
    return message["role"] in {"user", "tool"} and any(text.strip() for text in texts)


def says_something(body: Json) -> bool:
    return any(map(is_said, body["messages"]))


@pytest.mark.parametrize("id_", ["claude-haiku-4.5", "claude-sonnet-4.6", "claude-sonnet-5", "claude-opus-5"])
@given(body=MESSAGES_BODY.filter(says_something))
def test_every_messages_conversation_is_taken(id_: str, body: Json) -> None:
    before = copy.deepcopy(body)
    served = model(id_)
    body = body | {"model": id_, "stream": bool(served.max_output_whole)}

    def judge(sent: Json, target: Target) -> None:
        messages.check(sent, messages.Context(model=target.model, betas=frozenset(target.betas)))

    accepted(body, "/v1/messages", Target(model=served, stream=True), judge)
    assert {key: body[key] for key in before} | {"stream": 0} == before | {"stream": 0}


CHAT_MODELS = ["gpt-4.1", "gpt-5-mini", "claude-haiku-4.5", "claude-sonnet-4.6", "gemini-3.8-flash", "grok-4.7", "kimi-k3"]


@pytest.mark.parametrize("id_", CHAT_MODELS)
@given(body=CHAT_BODY.filter(says_something))
def test_every_chat_conversation_is_taken(id_: str, body: Json) -> None:
    before = copy.deepcopy(body)
    served: Model = model(id_)

    def judge(sent: Json, target: Target) -> None:
        chat.check(sent, target.model, SEES)

    accepted(body | {"model": id_}, "/chat/completions", Target(model=served, stream=bool(body.get("stream"))), judge)
    assert body == before
