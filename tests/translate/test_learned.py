"""What models were found to refuse: remembered by model and endpoint, left out by path, forgotten in time."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate.learned import KEEP_S, MOST_LESSONS, MOST_PLACES, Learned, Lesson, strip

DEFER = Lesson(path=("tools", "*", "defer_loading"))
BETA = Lesson(beta="advisor-tool-2026-03-01")


def field(path: str) -> Lesson:
    return Lesson(path=tuple(path.split(".")))


@pytest.mark.parametrize(
    ("path", "body", "after"),
    [
        ("verbosity", {"verbosity": "low", "a": 1}, {"a": 1}),
        ("verbosity", {"verbosity": None, "a": 1}, {"a": 1}),
        ("output_config.budget", {"output_config": {"budget": 5, "effort": "low"}}, {"output_config": {"effort": "low"}}),
        ("output_config.budget", {"output_config": {"budget": 5}, "a": 1}, {"a": 1}),
        ("tools.*.defer_loading", {"tools": [{"name": "f", "defer_loading": True}, {"name": "g"}, 7]},
         {"tools": [{"name": "f"}, {"name": "g"}, 7]}),
        ("messages.*.content.*.citations", {"messages": [{"content": [{"citations": []}, {"text": "a"}]}, {"content": "b"}]},
         {"messages": [{"content": [{}, {"text": "a"}]}, {"content": "b"}]}),
    ],
)  # fmt: skip
def test_a_field_is_left_out_wherever_its_path_leads(path: str, body: Json, after: Json) -> None:
    assert strip(body, [field(path)]) == after


@pytest.mark.parametrize("path", ["verbosity", "tools.*.strict", "output_config.format", "messages.*.content.*.citations"])
def test_what_is_not_there_changes_nothing(path: str) -> None:
    body: Json = {"tools": [{"name": "f"}], "output_config": {"effort": "low"}, "messages": "odd"}
    assert strip(body, [field(path), BETA]) is body


def test_a_keyword_is_left_out_of_a_schema_at_any_depth_and_properties_of_that_name_stay() -> None:
    schema = {
        "type": "object",
        "const": 1,
        "properties": {"const": {"type": "string", "const": "a"}, "list": {"items": [{"const": "b", "type": "string"}]}},
        "anyOf": [True, {"const": 2}],
    }
    keyword = field("tools.*.function.parameters.**.const")
    body = {"tools": [{"function": {"parameters": schema}}, {"function": {"parameters": {"type": "object"}}}]}
    [first, second] = strip(body, [keyword])["tools"]
    assert first["function"]["parameters"] == {
        "type": "object",
        "properties": {"const": {"type": "string"}, "list": {"items": [{"type": "string"}]}},
        "anyOf": [True, {}],
    }
    assert second is body["tools"][1]
    assert strip({"tools": [second]}, [keyword])["tools"] == [second]


def test_a_schema_without_end_is_not_followed_to_its_end() -> None:
    deep: Json = {"const": 1}
    for _ in range(400):
        deep = {"items": deep}
    body = {"tools": [{"parameters": deep}]}
    assert strip(body, [field("tools.*.parameters.**.const")]) == body


def test_a_lesson_has_a_name_to_show() -> None:
    assert (DEFER.name, BETA.name) == ("tools.*.defer_loading", "anthropic-beta advisor-tool-2026-03-01")


def test_lessons_are_kept_by_model_and_endpoint() -> None:
    learned = Learned()
    assert learned.add("m", "/v1/messages", [DEFER, BETA], at_s=0) == [BETA, DEFER]
    assert learned.add("m", "/v1/messages", [DEFER], at_s=1) == []
    learned.add("m", "/chat/completions", [field("verbosity")], at_s=2)
    assert learned.of("m", at_s=3) == {
        "/v1/messages": frozenset({DEFER, BETA}),
        "/chat/completions": frozenset({field("verbosity")}),
    }
    assert learned.of("other", at_s=3) == {}
    assert [(model, endpoint, lesson.name) for model, endpoint, lesson in learned.rows(at_s=3)] == [
        ("m", "/v1/messages", BETA.name),
        ("m", "/v1/messages", DEFER.name),
        ("m", "/chat/completions", "verbosity"),
    ]


def test_what_is_old_is_tried_again_and_may_be_learned_anew() -> None:
    learned = Learned()
    learned.add("m", "/v1/messages", [DEFER], at_s=0)
    assert learned.of("m", at_s=KEEP_S - 1)
    assert learned.of("m", at_s=KEEP_S) == {}
    assert list(learned.rows(at_s=KEEP_S)) == []
    assert learned.add("m", "/v1/messages", [DEFER], at_s=KEEP_S) == [DEFER]
    assert learned.of("m", at_s=KEEP_S + 1) == {"/v1/messages": frozenset({DEFER})}


def test_memory_has_a_limit() -> None:
    learned = Learned()
    learned.add("m", "/v1/messages", [field(f"f{n}") for n in range(MOST_LESSONS + 1)], at_s=0)
    assert len(learned.of("m", at_s=0)["/v1/messages"]) == MOST_LESSONS
    for n in range(MOST_PLACES):
        learned.add(f"m{n}", "/v1/messages", [DEFER], at_s=0)
    assert learned.of("m", at_s=0) == {}
    assert learned.of("m0", at_s=0)
