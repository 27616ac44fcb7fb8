from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox.question import Question, Result, from_chat, from_messages

OLD = Model(id="claude-haiku-4.5", vendor="Anthropic", structured=True)
NEW = Model(id="claude-sonnet-5", vendor="Anthropic", structured=True)
GPT = Model(id="gpt-4.1", structured=True)
REMINDER = "<system-reminder>\nuse the Bash tool\n</system-reminder>"


def anthropic(*messages: Json, model: Model = OLD, **fields: Any) -> Question:
    return from_messages({"max_tokens": 100, "messages": list(messages)} | fields, model)


def openai(*messages: Json, model: Model = GPT, **fields: Any) -> Question:
    return from_chat({"messages": list(messages)} | fields, model)


def user(*content: Any) -> Json:
    blocks = [{"type": "text", "text": c} if isinstance(c, str) else c for c in content]
    return {"role": "user", "content": blocks}


def use(id_: str, name: str) -> Json:
    return {"type": "tool_use", "id": id_, "name": name, "input": {}}


def result(id_: str, content: Any, **more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": id_, "content": content} | more


def call(id_: str, name: str) -> Json:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": "{}"}}


def test_reminders_are_not_the_persons_words() -> None:
    asked = anthropic(user(REMINDER, f"{REMINDER}Hello{REMINDER}", "there"), {"role": "system", "content": "Be kind."})
    assert asked.said == "Hello\nthere"


def test_a_reminder_that_never_ends_is_kept() -> None:
    assert anthropic(user(f"{REMINDER}Hi <system-reminder> and more")).said == "Hi <system-reminder> and more"


def test_the_newest_words_count() -> None:
    turns = [user("first"), {"role": "assistant", "content": "ok"}, user("second")]
    assert anthropic(*turns).said == "second"
    assert openai(*turns).said == "second"


def test_before_a_prefill_stands_the_question() -> None:
    assert anthropic(user("Say hei"), {"role": "assistant", "content": "He"}).said == "Say hei"
    assert openai(user("Say hei"), {"role": "assistant", "content": "He"}).said == "Say hei"


def test_results_are_read_with_the_names_of_their_tools() -> None:
    asked = anthropic(
        user("go"),
        {"role": "assistant", "content": [use("t1", "Bash"), use("t2", "Read")]},
        user(
            result("t1", "hello-42"),
            result("t2", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], is_error=True),
            REMINDER,
        ),
        {"role": "system", "content": "<total_tokens>5</total_tokens>"},
    )
    assert asked.results == (Result(tool="Bash", text="hello-42"), Result(tool="Read", text="a\nb", is_error=True))
    assert asked.said == ""


def test_chat_results_are_read_with_the_names_of_their_tools() -> None:
    asked = openai(
        user("go"),
        {"role": "assistant", "content": None, "tool_calls": [call("c1", "Bash"), call("c2", "Read")]},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "one"}]},
        user(REMINDER),
        {"role": "developer", "content": "Be kind."},
    )
    assert asked.results == (Result(tool="Read", text="two"), Result(tool="Bash", text="one"))
    assert asked.said == ""


def test_old_results_are_no_news() -> None:
    asked = openai(
        user("go"),
        {"role": "assistant", "content": None, "tool_calls": [call("c1", "Bash")]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "assistant", "content": "It said one."},
        user("thanks"),
    )
    assert (asked.results, asked.said) == ((), "thanks")


def test_a_system_prompt_alone_says_nothing() -> None:
    assert openai({"role": "system", "content": "x"}).said == ""


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, (False, "", True)),
        ({"type": "auto"}, (False, "", True)),
        ({"type": "any"}, (True, "", True)),
        ({"type": "tool", "name": "Bash", "disable_parallel_tool_use": True}, (True, "Bash", False)),
    ],
)
def test_the_choice_of_tools(choice: Any, expected: tuple[bool, str, bool]) -> None:
    tools = [{"name": "Bash", "input_schema": {"type": "object"}}, {"name": "bash", "type": "bash_20250124"}]
    asked = anthropic(user("x"), tools=tools, tool_choice=choice)
    assert (asked.forced, asked.wanted, asked.parallel) == expected
    assert [(t.name, t.schema) for t in asked.tools] == [("Bash", {"type": "object"}), ("bash", {})]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, (False, "")),
        ("auto", (False, "")),
        ("required", (True, "")),
        ({"type": "function", "function": {"name": "Bash"}}, (True, "Bash")),
    ],
)
def test_the_choice_of_functions(choice: Any, expected: tuple[bool, str]) -> None:
    tools = [{"type": "function", "function": {"name": "Bash"}}]
    asked = openai(user("x"), tools=tools, tool_choice=choice, parallel_tool_calls=False)
    assert (asked.forced, asked.wanted) == expected
    assert ([t.name for t in asked.tools], asked.parallel) == (["Bash"], False)


def test_tools_that_may_not_be_used_are_not_there() -> None:
    assert anthropic(user("x"), tools=[{"name": "a"}], tool_choice={"type": "none"}).tools == ()
    assert openai(user("x"), tools=[{"type": "function", "function": {"name": "a"}}], tool_choice="none").tools == ()


@pytest.mark.parametrize(
    ("model", "thinking", "expected"),
    [
        (OLD, {}, (False, True)),
        (OLD, {"type": "disabled"}, (False, True)),
        (OLD, {"type": "enabled", "budget_tokens": 1024}, (True, True)),
        (OLD, {"type": "enabled", "budget_tokens": 1024, "display": "omitted"}, (True, False)),
        (NEW, {"type": "adaptive"}, (True, False)),
        (NEW, {"type": "adaptive", "display": "summarized"}, (True, True)),
    ],
)
def test_newer_models_think_out_of_sight_unless_asked(model: Model, thinking: Json, expected: tuple[bool, bool]) -> None:
    asked = anthropic(user("x"), model=model, thinking=thinking)
    assert (asked.thinks, asked.shows_thinking) == expected


@pytest.mark.parametrize(
    ("fields", "thinks"),
    [
        ({}, False),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": "low"}, True),
        ({"thinking_budget": 2000}, True),
    ],
)
def test_chat_thinks_when_asked(fields: Json, *, thinks: bool) -> None:
    assert openai(user("x"), **fields).thinks is thinks


def test_limits_and_stops() -> None:
    asked = anthropic(user("x"), max_tokens=7.0, stop_sequences=["END"])
    assert (asked.limit, asked.stops) == (7, ("END",))
    assert openai(user("x"), max_tokens=5, max_completion_tokens=6, stop="END").limit == 6
    assert openai(user("x"), max_tokens=5, stop="END").stops == ("END",)
    assert openai(user("x"), stop=["A", "B"]).stops == ("A", "B")
    assert (openai(user("x")).limit, openai(user("x")).stops) == (None, ())


def test_structured_output() -> None:
    schema = {"type": "object", "properties": {}}
    assert anthropic(user("x"), output_config={"format": {"type": "json_schema", "schema": schema}}).schema == schema
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert openai(user("x"), response_format=wanted).schema == schema
    assert openai(user("x"), response_format={"type": "json_object"}).wants_json


def test_gemini_pays_no_heed_to_a_schema() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}
    gemini = Model(id="gemini-3.1-pro-preview", vendor="Google", structured=True)
    assert openai(user("x"), model=gemini, response_format=wanted).schema is None


def test_images_are_counted() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
    assert anthropic(user("look", image, image)).images == 2
    assert openai(user("look", {"type": "image_url", "image_url": {"url": "data:"}})).images == 1
