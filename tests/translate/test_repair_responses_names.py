"""Names in a Responses request that Copilot does not take: sent as others, everywhere the same, and given back."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json
from copilot_api.translate.repair import Target
from copilot_api.translate.repair_responses_names import mapped, own_places, with_call, with_tools
from tests.builders.models import model

TARGET = Target(model=model("gpt-5.3-codex"), stream=False)
LONG = "mcp__" + "x" * 100


def function(name: str) -> Json:
    return {"type": "function", "name": name}


def space(name: str, *tools: Json) -> Json:
    return {"type": "namespace", "name": name, "tools": list(tools)}


def call(name: str, namespace: str | None = None, kind: str = "function_call") -> Json:
    return {"type": kind, "call_id": "c", "name": name, "namespace": namespace}


def test_definitions_calls_and_the_choice_agree() -> None:
    body: Json = {
        "input": [call("files.read"), call("files.read", "mcp.a", "custom_tool_call"), {"type": "message", "name": "a.b"}],
        "tools": [function("files.read"), function(LONG), space("mcp.a", {"type": "custom", "name": "files.read"})],
        "tool_choice": function("files.read"),
    }
    after = mapped(body, TARGET)
    short = after["tools"][1]["name"]
    assert (short[:10], len(short)) == (LONG[:10], 64)
    assert after["tools"] == [function("files_read"), function(short), space("mcp_a", {"type": "custom", "name": "files_read"})]
    assert after["input"][:2] == [call("files_read"), call("files_read", "mcp_a", "custom_tool_call")]
    assert after["input"][2] is body["input"][2]
    assert after["tool_choice"] == function("files_read")


def test_tools_that_the_conversation_brings_along_are_named_too() -> None:
    brought: Json = {"type": "additional_tools", "role": "developer", "tools": [function("a.b"), space("c.d", function("e.f"))]}
    after = mapped({"input": [brought, call("e.f", "c.d")]}, TARGET)
    assert after["input"][0]["tools"] == [function("a_b"), space("c_d", function("e_f"))]
    assert after["input"][1] == call("e_f", "c_d")


def test_a_name_is_taken_only_within_its_namespace() -> None:
    body = {"tools": [function("a.b"), function("a_b"), space("n", function("a.b"))], "input": [call("a.b"), call("a/b")]}
    after = mapped(body, TARGET)
    first, second = (tool["name"] for tool in after["tools"][:2])
    assert second == "a_b"
    assert first.startswith("a_b_")
    assert after["tools"][2] == space("n", function("a_b"))
    names = [item["name"] for item in after["input"]]
    assert names[0] == first
    assert len({*names, "a_b"}) == 3


@pytest.mark.parametrize(
    ("choice", "after"),
    [
        ({"type": "function", "name": "a.b"}, {"type": "function", "name": "a_b"}),
        ({"type": "custom", "name": "e.f"}, {"type": "custom", "name": "e_f"}),
        ({"type": "custom", "name": "e.f", "namespace": "c.d"}, {"type": "custom", "name": "e_f", "namespace": "c_d"}),
        ({"type": "function", "name": "nobody.s"}, {"type": "function", "name": "nobody.s"}),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [function("a.b"), {"type": "web_search"}]},
            {"type": "allowed_tools", "mode": "auto", "tools": [function("a_b"), {"type": "web_search"}]},
        ),
    ],
)
def test_a_choice_names_what_is_sent(choice: Json, after: Json) -> None:
    tools = [function("a.b"), space("c.d", {"type": "custom", "name": "e.f"}), {"type": "web_search", "name": "w.s"}]
    mended = mapped({"input": "q", "tools": tools, "tool_choice": choice}, TARGET)
    assert mended["tool_choice"] == after
    assert mended["tools"][2] is tools[2]


def test_good_names_are_left_alone() -> None:
    body: Json = {
        "input": [call("read"), call("read", "files"), call("read", ""), "odd"],
        "tools": [function("read"), space("files", function("read")), {"type": "function"}, "odd"],
        "tool_choice": function("read"),
    }
    assert mapped(body, TARGET) is body


NAMES = st.sampled_from(["read", "files.read", "files/read", "files_read", "r" * 70, "r" * 71, "ø", ""])
FLAT = st.builds(lambda kind, name: {"type": kind, "name": name}, st.sampled_from(["function", "custom"]), NAMES)
TOOLS = st.lists(FLAT | st.builds(lambda name, tools: space(name, *tools), NAMES, st.lists(FLAT, max_size=3)), max_size=5)
CALLS = st.lists(st.builds(call, NAMES, NAMES | st.none()), max_size=5)


def places_in(body: Json) -> list[tuple[str, str]]:
    """Every named tool and call of a request, where it stands."""
    bare = [("", tool["name"]) for tool in body["tools"] if tool["type"] != "namespace"]
    inside = [(tool["name"], one["name"]) for tool in body["tools"] for one in tool.get("tools", ())]
    return [*bare, *inside, *((item["namespace"] or "", item["name"]) for item in body["input"])]


@given(tools=TOOLS, calls=CALLS)
def test_every_name_is_taken_and_leads_back_to_the_clients_own(tools: list[Json], calls: list[Any]) -> None:
    body: Json = {"tools": tools, "input": calls}
    after = mapped(body, TARGET)
    own = own_places(body)
    sent_as = dict(zip(places_in(body), places_in(after), strict=True))
    assert len({*sent_as.values()}) == len(sent_as), "what was different stays different"
    for before, sent in sent_as.items():
        assert own[sent] == before
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{0,64}", name) for name in sent)
    assert with_tools(after, own)["tools"] == tools
    assert [with_call(item, own) for item in after["input"]] == calls
    assert mapped(after, TARGET) is after
