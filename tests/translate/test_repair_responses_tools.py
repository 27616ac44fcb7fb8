"""Tools as Copilot takes them on /responses, wherever they stand."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import repair_responses_tools as tools
from copilot_api.translate.repair import Target
from tests.builders.models import model

TARGET = Target(model=model("gpt-5-mini"), stream=True)
CODEX = Target(model=model("gpt-5.3-codex"), stream=True)
SEARCHER = Target(model=model("gpt-5.6-sol"), stream=True)
SEARCH = Target(model=model("gpt-5-mini"), stream=True, web_search=True)
FUNCTION: Json = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}
WEB = {"type": "web_search", "external_web_access": True}
IMAGE = {"type": "image_generation"}
FREE: Json = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def asked(*offered: Json, **fields: Any) -> Json:
    return {"input": "q", "tools": [*offered], **fields}


def custom(name: str = "apply_patch", **more: Any) -> Json:
    return {"type": "custom", "name": name, **more}


def space(*inner: Json, name: str = "ns", description: str = "d") -> Json:
    return {"type": "namespace", "name": name, "description": description, "tools": [*inner]}


def brought(*offered: Json, kind: str = "additional_tools") -> Json:
    return {"type": kind, "role": "developer", "tools": [*offered]}


@pytest.mark.parametrize(
    "kind",
    ["image_generation", "web_search", "web_search_preview", "computer_use_preview", "file_search", "local_shell", "mcp"],
)
def test_tools_that_nobody_runs_are_dropped(kind: str) -> None:
    body = asked({"type": kind}, FUNCTION, tool_choice="auto")
    assert tools.hosted(body, TARGET) == asked(FUNCTION, tool_choice="auto")


def test_a_search_of_the_web_is_kept_where_the_person_wants_it() -> None:
    body = asked(WEB, FUNCTION, tool_choice={"type": "web_search"})
    assert tools.hosted(body, SEARCH) is body
    assert tools.hosted(asked(WEB, IMAGE), SEARCH) == asked(WEB)


def test_tools_in_items_of_the_input_are_dropped_alike() -> None:
    body: Json = {"input": [brought(WEB, FUNCTION), {"role": "user", "content": "q"}]}
    assert tools.hosted(body, TARGET) == {"input": [brought(FUNCTION), {"role": "user", "content": "q"}]}


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        ({"type": "image_generation"}, "image_generation"),
        ({"type": "allowed_tools", "mode": "auto", "tools": [IMAGE]}, "image_generation"),
        ("required", "web_search"),
    ],
)
def test_a_request_that_lives_by_such_a_tool_is_refused(choice: Any, kind: str) -> None:
    with pytest.raises(ClientMistake, match=f"tool_choice: {kind} runs on its provider's servers") as caught:
        tools.hosted(asked(WEB, IMAGE, tool_choice=choice), TARGET)
    assert (caught.value.param, caught.value.code) == ("tool_choice", "unsupported_value")


def test_a_choice_among_several_goes_on_without_such_a_tool() -> None:
    named = {"type": "function", "name": "f"}
    choice: Json = {"type": "allowed_tools", "mode": "required", "tools": [named, WEB]}
    body = asked(FUNCTION, WEB, tool_choice=choice)
    assert tools.hosted(body, TARGET) == asked(FUNCTION, tool_choice=choice | {"tools": [named]})
    untouched = asked(FUNCTION, tool_choice=choice | {"tools": [named]})
    assert tools.hosted(untouched, TARGET) is untouched
    assert tools.hosted(asked(FUNCTION, WEB, tool_choice="required"), TARGET) == asked(FUNCTION, tool_choice="required")


def test_a_request_without_such_tools_is_left_alone() -> None:
    for body in (asked(FUNCTION, space(FUNCTION), {"type": "brand_new"}), {"input": "q"}, asked(tool_choice="required")):
        assert tools.hosted(body, TARGET) is body


def test_free_text_tools_become_functions_but_for_codexs_models() -> None:
    form = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
    body = asked(FUNCTION, custom(description="Edit.", format=form), space(custom("exec", format={"type": "text"})))
    described = "Edit.\n\nThe input must match this lark grammar:\nstart: x"
    wrapped = {"type": "function", "name": "apply_patch", "description": described, "parameters": FREE, "strict": False}
    bare = {"type": "function", "name": "exec", "parameters": FREE, "strict": False}
    assert tools.wrapped(body, TARGET) == asked(FUNCTION, wrapped, space(bare))
    assert tools.wrapped(body, CODEX) is body


def test_free_text_tools_in_items_of_the_input_stay_as_they_are_until_they_are_refused() -> None:
    call = {"type": "custom_tool_call", "call_id": "c", "name": "exec", "namespace": "ns", "input": "ls"}
    body: Json = {"input": [brought(space(custom("exec"))), call]}
    assert tools.wrapped(body, TARGET) is body
    bare = {"type": "function", "name": "exec", "parameters": FREE, "strict": False}
    told = {"type": "function_call", "call_id": "c", "name": "exec", "namespace": "ns", "arguments": '{"input":"ls"}'}
    assert tools.all_wrapped(body) == {"input": [brought(space(bare)), told]}


def test_calls_of_free_text_tools_are_told_as_calls_of_functions() -> None:
    call = {"type": "custom_tool_call", "call_id": "c", "name": "exec", "namespace": "functions", "input": 'say "hi"\n'}
    output = {"type": "custom_tool_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]}
    other = {"type": "function_call", "call_id": "d", "name": "f", "arguments": "{}"}
    assert tools.wrapped({"input": [call, output, other]}, TARGET)["input"] == [
        {
            "type": "function_call",
            "call_id": "c",
            "name": "exec",
            "namespace": "functions",
            "arguments": '{"input":"say \\"hi\\"\\n"}',
        },
        output | {"type": "function_call_output"},
        other,
    ]


def test_a_choice_of_a_free_text_tool_is_one_of_a_function() -> None:
    named, meant = {"type": "custom", "name": "apply_patch"}, {"type": "function", "name": "apply_patch"}
    assert tools.wrapped({"input": "q", "tool_choice": named}, TARGET)["tool_choice"] == meant
    choice: Json = {"type": "allowed_tools", "mode": "auto", "tools": [named, meant]}
    assert tools.wrapped({"input": "q", "tool_choice": choice}, TARGET)["tool_choice"] == choice | {"tools": [meant, meant]}
    body: Json = {"input": "q", "tool_choice": "auto"}
    assert tools.wrapped(body, TARGET) is body
    kept: Json = {"input": [brought(custom("apply_patch"))], "tool_choice": named}
    assert tools.wrapped(kept, TARGET) is kept


def test_a_conversation_that_means_nothing_is_left_to_upstream() -> None:
    odd: Json = {
        "input": [{"type": [], "call_id": {}}, {"type": "custom_tool_call", "call_id": []}, 7],
        "tools": [{"name": []}],
    }
    for mend in (tools.settled, tools.hosted, tools.wrapped, tools.described, tools.empty):
        assert len(mend(odd, TARGET)["input"]) == 3


@pytest.mark.parametrize("description", ["", " \n", None])
def test_a_namespace_without_words_gets_some(description: str | None) -> None:
    silent = space(FUNCTION, custom("g", description=" "), custom("h"), name="ns") | {"description": description}
    told = space(FUNCTION, custom("g", description="The tool g."), custom("h"), description="Tools of ns.")
    assert tools.described(asked(silent), TARGET) == asked(told)
    assert tools.described({"input": [brought(silent)]}, TARGET) == {"input": [brought(told)]}


def test_descriptions_that_nobody_minds_are_left_alone() -> None:
    body = asked(FUNCTION | {"description": ""}, space(FUNCTION))
    assert tools.described(body, TARGET) is body


def test_tools_added_later_are_offered_from_the_start_where_the_model_takes_no_items_of_them() -> None:
    newer = FUNCTION | {"description": "newer"}
    said = {"role": "user", "content": "q"}
    search = {"type": "tool_search", "execution": "client"}
    items = [
        brought(space(FUNCTION)),
        said,
        {"type": "tool_search_call", "call_id": "s", "arguments": {}},
        brought(newer | {"defer_loading": True}, kind="tool_search_output"),
    ]
    body: Json = {"input": items, "tools": [FUNCTION, search]}
    assert tools.settled(body, TARGET) == {"input": [said], "tools": [newer, space(FUNCTION)]}
    assert tools.settled(body, SEARCHER) is body


def test_a_tool_that_searches_for_tools_goes_where_it_is_not_known() -> None:
    assert tools.settled(asked({"type": "tool_search"}, FUNCTION | {"defer_loading": True}), TARGET) == asked(FUNCTION)
    for body in (asked(FUNCTION), {"input": "q"}, {"input": [{"role": "user", "content": "q"}]}):
        assert tools.settled(body, TARGET) is body


def test_an_empty_list_of_tools_goes_with_the_choice_among_them() -> None:
    body: Json = {"input": "q", "tools": [], "tool_choice": "auto", "parallel_tool_calls": True}
    assert tools.empty(body, TARGET) == {"input": "q"}
    assert tools.empty(body | {"tools": None}, TARGET) == {"input": "q"}
    full = asked(FUNCTION, tool_choice="auto")
    assert tools.empty(full, TARGET) is full


def test_what_brings_no_tools_along_holds_no_choice() -> None:
    body = asked() | {"tool_choice": "required", "input": [brought()]}
    assert tools.empty(body, TARGET) == {"input": [brought()]}


def test_an_empty_namespace_goes() -> None:
    assert tools.empty(asked(FUNCTION, space()), TARGET) == asked(FUNCTION)
    assert tools.empty({"input": [brought(space())]}, TARGET) == {"input": [brought()]}


def test_the_choice_stays_where_items_bring_the_tools() -> None:
    body: Json = {"input": [brought(FUNCTION)], "tools": [], "tool_choice": "auto"}
    assert tools.empty(body, TARGET) == {"input": [brought(FUNCTION)], "tool_choice": "auto"}
    lite: Json = {"input": [brought(FUNCTION)], "tool_choice": "auto", "parallel_tool_calls": False}
    assert tools.empty(lite, TARGET) is lite
