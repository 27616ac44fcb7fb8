"""Free text goes through JSON and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json
from copilot_api.translate import free_text
from tests.builders.models import model

CUSTOM = {"type": "custom", "name": "apply_patch"}
EXEC = {"type": "custom", "name": "exec"}
SPACE: Json = {"type": "namespace", "name": "functions", "tools": [EXEC, {"type": "function", "name": "wait"}]}


@given(st.text(st.characters(codec="utf-8")))
def test_text_comes_back_as_it_went(text: str) -> None:
    assert free_text.unwrapped(free_text.wrapped(text)) == text


@pytest.mark.parametrize("arguments", ["", "ls -l", '{"input": 7}', '{"command": "ls"}', "[1]", '{"input":'])
def test_what_is_not_wrapped_is_the_text_itself(arguments: str) -> None:
    assert free_text.unwrapped(arguments) == arguments


def test_only_codexs_own_models_take_it_as_it_is() -> None:
    assert free_text.is_taken(model("gpt-5.3-codex"))
    assert not free_text.is_taken(model("gpt-5-mini"))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"input": "q"}, set()),
        ({"input": "q", "tools": [CUSTOM, {"type": "function", "name": "f"}]}, {("", "apply_patch")}),
        ({"input": "q", "tools": [CUSTOM, SPACE]}, {("", "apply_patch"), ("functions", "exec")}),
        ({"input": [{"type": "additional_tools", "tools": [SPACE]}]}, {("functions", "exec")}),
        ({"input": [{"type": "tool_search_output", "tools": [EXEC]}, {"type": [], "tools": [CUSTOM]}]}, {("", "exec")}),
    ],
)
def test_they_are_found_wherever_they_stand(body: Json, named: set[tuple[str, str]]) -> None:
    assert free_text.named(body) == named
