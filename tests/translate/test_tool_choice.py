"""Which tools the model must, may or may not call: the same on both sides, or refused."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import tool_choice, tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_choice import Choice
from copilot_api.translate.tool_schemas import is_strict_for_openai

F: Json = {"name": "f"}
SEARCH: Json = {"type": "web_search_20250305", "name": "web_search"}


def from_messages(choice: Any, *definitions: Json) -> Choice:
    fields = Fields({"tools": list(definitions), "tool_choice": choice})
    return tool_choice.read_messages(fields, tools.read_messages(fields.objects("tools")))


def from_chat(body: Json, *names: str, hosted: bool = False) -> Choice:
    definitions: list[Json] = [{"type": "function", "function": {"name": name}} for name in names]
    fields = Fields(body | {"tools": definitions + ([{"type": "web_search"}] if hosted else [])})
    return tool_choice.read_chat(fields, tools.read_chat(fields.objects("tools"), [], may_be_strict=is_strict_for_openai))


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, {}),
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "any"}, {"tool_choice": "required"}),
        ({"type": "none"}, {"tool_choice": "none"}),
        ({"type": "tool", "name": "f"}, {"tool_choice": {"type": "function", "function": {"name": "f"}}}),
        ({"disable_parallel_tool_use": True}, {"parallel_tool_calls": False}),
        ({"type": "any", "disable_parallel_tool_use": True}, {"tool_choice": "required", "parallel_tool_calls": False}),
        ({"type": "auto", "disable_parallel_tool_use": False}, {"tool_choice": "auto"}),
    ],
)
def test_anthropics_choice_in_openais_words(choice: Any, sent: Json) -> None:
    assert tool_choice.for_chat(from_messages(choice, F)) == sent


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {"type": "tool", "name": "f"}),
        ({"tool_choice": {"type": "custom", "custom": {"name": "f"}}}, {"type": "tool", "name": "f"}),
        ({"function_call": {"name": "f"}}, {"type": "tool", "name": "f"}),
        ({"function_call": "none"}, {"type": "none"}),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"tool_choice": "required", "parallel_tool_calls": False},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
    ],
)
def test_openais_choice_in_anthropics_words(body: Json, sent: Json | None) -> None:
    assert tool_choice.for_messages(from_chat(body, "f")) == ({} if sent is None else {"tool_choice": sent})


@pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "any"}, {"type": "none", "disable_parallel_tool_use": True}])
def test_without_tools_there_is_nothing_to_choose(choice: Json) -> None:
    chosen = from_messages(choice)
    assert (tool_choice.for_chat(chosen), tool_choice.for_messages(chosen)) == ({}, {})
    assert not chosen.is_forced


@pytest.mark.parametrize(
    ("choice", "forced"),
    [({"type": "any"}, True), ({"type": "tool", "name": "f"}, True), ({"type": "auto"}, False), (None, False)],
)
def test_a_forced_choice_is_known_as_such(choice: Any, forced: bool) -> None:
    assert from_messages(choice, F).is_forced is forced


def test_allowed_tools_narrow_the_list() -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}, {"type": "web_search"}]}
    choice = from_chat({"tool_choice": {"type": "allowed_tools", "allowed_tools": allowed}}, "f", "g", hosted=True)
    assert [tool.name for tool in choice.only] == ["g"]
    assert tool_choice.for_messages(choice) == {"tool_choice": {"type": "any"}}


def test_allowed_tools_may_leave_the_choice_to_the_model() -> None:
    allowed = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}
    choice = from_chat({"tool_choice": {"type": "allowed_tools", "allowed_tools": allowed}}, "f", "g")
    assert (choice.mode, [tool.name for tool in choice.only]) == ("auto", ["f"])


@pytest.mark.parametrize(
    ("choice", "definitions", "says"),
    [
        ({"type": "tool", "name": "web_search"}, [SEARCH], "web_search runs on its provider's servers"),
        ({"type": "any"}, [SEARCH], "web_search runs on its provider's servers"),
        ({"type": "tool", "name": "g"}, [F], "there is no tool 'g'"),
        ({"type": "tool", "name": "g"}, [], "there is no tool 'g'"),
        ({"type": "tool"}, [F], "name: is required"),
        ({"type": "sometimes"}, [F], "'sometimes' is not a way"),
    ],
)
def test_a_choice_that_cannot_be_met_is_refused(choice: Json, definitions: list[Json], says: str) -> None:
    with pytest.raises(ClientMistake, match=says) as caught:
        from_messages(choice, *definitions)
    assert caught.value.param.startswith("tool_choice")


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"type": "web_search"}, "web_search runs on its provider's servers"),
        ({"type": "function", "function": {"name": "g"}}, "there is no tool 'g'"),
        ({"type": "allowed_tools", "allowed_tools": {"tools": [{"type": "web_search"}]}}, "none of the allowed tools"),
        ("sometimes", "'sometimes' is not a way"),
        ({"function": {"name": "f"}}, "type: is required"),
    ],
)
def test_a_chat_choice_that_cannot_be_met_is_refused(choice: Any, says: str) -> None:
    with pytest.raises(ClientMistake, match=says):
        from_chat({"tool_choice": choice}, "f", hosted=True)


def test_a_tool_of_ours_may_have_the_name_of_a_hosted_one() -> None:
    assert from_messages({"type": "tool", "name": "web_search"}, SEARCH, {"name": "web_search"}).tool is not None


# Responses

TOOLS: list[Json] = [
    {"type": "function", "name": "f"},
    {"type": "custom", "name": "c"},
    {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]},
    {"type": "web_search"},
]


def from_responses(**fields: Any) -> Choice:
    body = Fields({"tools": TOOLS} | fields)
    return tool_choice.read_responses(body, tools.read_responses(body.objects("tools"), may_be_strict=is_strict_for_openai))


@pytest.mark.parametrize(
    ("choice", "for_chat", "for_responses"),
    [
        (None, None, None),
        ("auto", "auto", "auto"),
        ("required", "required", "required"),
        ("none", "none", "none"),
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}, {"type": "function", "name": "f"}),
        ({"type": "function", "name": "f", "namespace": "n"}, {"type": "function", "function": {"name": "n__f"}},
         {"type": "function", "name": "n__f"}),
        ({"type": "custom", "name": "c"}, {"type": "function", "function": {"name": "c"}}, {"type": "custom", "name": "c"}),
    ],
)  # fmt: skip
def test_a_choice_of_responses_in_other_words(choice: Any, for_chat: Any, for_responses: Any) -> None:
    chosen = from_responses(tool_choice=choice)
    assert tool_choice.for_chat(chosen).get("tool_choice") == for_chat
    assert tool_choice.for_responses(chosen).get("tool_choice") == for_responses


def test_calls_one_at_a_time_are_asked_for_in_responses_too() -> None:
    assert tool_choice.for_responses(from_responses(parallel_tool_calls=False)) == {"parallel_tool_calls": False}
    assert tool_choice.for_responses(from_responses(parallel_tool_calls=True)) == {}


def test_without_tools_nothing_is_said_to_responses() -> None:
    assert tool_choice.for_responses(from_messages({"type": "auto"})) == {}


def test_tools_allowed_by_responses_narrow_the_list() -> None:
    entries = [{"type": "function", "name": "f", "namespace": "n"}, {"type": "custom", "name": "c"}, {"type": "web_search"}]
    chosen = from_responses(tool_choice={"type": "allowed_tools", "mode": "required", "tools": entries})
    assert [tool.name for tool in chosen.only] == ["c", "n__f"]
    assert tool_choice.for_responses(chosen) == {"tool_choice": "required"}


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"type": "web_search"}, "web_search runs on its provider's servers"),
        ({"type": "function", "name": "g"}, "there is no tool 'g'"),
        ({"type": "function", "name": "c", "namespace": "n"}, "there is no tool 'c'"),
        ({"type": "function"}, "name: is required"),
        ({"type": "allowed_tools", "tools": [{"type": "web_search"}]}, "none of the allowed tools"),
        ("sometimes", "'sometimes' is not a way"),
        ({"name": "f"}, "type: is required"),
        (7, "must be an object"),
    ],
)
def test_a_choice_of_responses_that_cannot_be_met_is_refused(choice: Any, says: str) -> None:
    with pytest.raises(ClientMistake, match=says):
        from_responses(tool_choice=choice)
