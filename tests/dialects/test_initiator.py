"""Who started a request: the cases of premium-requests §6, and what keeps the rule honest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json
from copilot_api.dialects.initiator import COMPACTION, TOOL_IMAGE_MARK, of_chat, of_gemini, of_messages, of_responses

REMINDER = {"type": "text", "text": "<system-reminder>\nTodo list is empty\n</system-reminder>"}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
CONTINUED = "This session is being continued from a previous conversation that ran out of context. Summary: …"
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "ls", "input": {}}]}
CHAT_CALL = {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "ls", "arguments": ""}}]}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def user(*content: Any) -> Json:
    return {"role": "user", "content": list(content)}


def turns(count: int) -> list[Json]:
    return [{"role": "user", "content": "first"}, *[CALL, user(RESULT)] * count, {"role": "assistant", "content": "done"}]


MESSAGES = {
    "1 user text, empty history": ([{"role": "user", "content": "hello"}], "user"),
    "2 user text after ten turns of tools": ([*turns(10), {"role": "user", "content": "next"}], "user"),
    "3 only tool results": ([*turns(0), CALL, user(RESULT)], "agent"),
    "4 tool result and reminder": ([CALL, user(RESULT, REMINDER)], "agent"),
    "5 tool result and human text": ([CALL, user(RESULT, text("also fix the tests"))], "user"),
    "6 tool result, reminder and human text": ([CALL, user(RESULT, REMINDER, text("stop"))], "user"),
    "15 assistant prefill": ([{"role": "user", "content": "q"}, {"role": "assistant", "content": "{"}], "agent"),
    "16 auto-continue of a known client": ([{"role": "user", "content": CONTINUED}], "agent"),
    "system message after a tool result": ([CALL, user(RESULT), {"role": "system", "content": "note"}], "agent"),
    "system message after human text": ([{"role": "user", "content": "q"}, {"role": "system", "content": "note"}], "user"),
    "only system messages": ([{"role": "system", "content": "note"}], "user"),
    "deferred tools loaded": ([CALL, user(RESULT, text("Tool loaded."), REMINDER)], "agent"),
    "the words of a client without a tool result": ([user(text("Tool loaded."))], "user"),
    "only a reminder, no tool result": ([user(REMINDER)], "user"),
    "a picture beside a tool result": ([CALL, user(RESULT, {"type": "image", "source": {}})], "user"),
    "summary, then a new question": ([user(text(CONTINUED), text("and now the docs"))], "user"),
    "reminder, then auto-continue": ([user(REMINDER, text(CONTINUED))], "agent"),
    "an empty user message": ([{"role": "user", "content": []}], "user"),
    "content of no known form": ([{"role": "user", "content": 7}], "user"),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_messages(case: str) -> None:
    messages, who = MESSAGES[case]
    assert of_messages({"messages": messages}).who == who


CHAT = {
    "7 tool message last": ([CHAT_CALL, {"role": "tool", "tool_call_id": "c1", "content": "ok"}], "agent"),
    "8 picture of a tool, put after it": (
        [CHAT_CALL, {"role": "tool", "content": "…"}, user(text(f"{TOOL_IMAGE_MARK}c1:"), IMAGE)],
        "agent",
    ),
    "8 bare picture after a tool": ([CHAT_CALL, {"role": "tool", "content": "…"}, user(IMAGE)], "agent"),
    "9 user with picture and text": ([user(text("what is this?"), IMAGE)], "user"),
    "9 the same after a tool": ([CHAT_CALL, {"role": "tool", "content": "…"}, user(text("and this?"), IMAGE)], "user"),
    "legacy function message": ([{"role": "function", "name": "f", "content": "ok"}], "agent"),
    "assistant last": ([{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "agent"),
    "developer message last, human before": ([{"role": "user", "content": "q"}, {"role": "developer", "content": "d"}], "user"),
    "nothing but instructions": ([{"role": "system", "content": "s"}], "user"),
    "reminder after a tool": ([CHAT_CALL, {"role": "tool", "content": "…"}, user(REMINDER)], "agent"),
}


@pytest.mark.parametrize("case", CHAT)
def test_chat(case: str) -> None:
    messages, who = CHAT[case]
    assert of_chat({"messages": messages}).who == who


OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "ok"}
QUESTION = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "q"}]}
RESPONSES: dict[str, tuple[Any, str]] = {
    "10 function call output last": ([QUESTION, OUTPUT], "agent"),
    "11 developer last, user before it": ([OUTPUT, QUESTION, {"role": "developer", "content": "d"}], "user"),
    "12 a string": ("hello", "user"),
    "custom tool output last": ([{"type": "custom_tool_call_output", "output": ""}], "agent"),
    "reasoning last": ([QUESTION, {"type": "reasoning", "summary": []}], "agent"),
    "assistant last": ([QUESTION, {"role": "assistant", "content": "a"}], "agent"),
    "picture of a tool": ([OUTPUT, {"role": "user", "content": [{"type": "input_image", "image_url": "data:"}]}], "agent"),
    "nothing but instructions": ([{"role": "system", "content": "s"}], "user"),
}


@pytest.mark.parametrize("case", RESPONSES)
def test_responses(case: str) -> None:
    items, who = RESPONSES[case]
    assert of_responses({"input": items}).who == who


CALLED = {"role": "model", "parts": [{"functionCall": {"name": "ls", "args": {}}}]}
RESPONSE = {"functionResponse": {"name": "ls", "response": {"output": "ok"}}}
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "AA"}}
NUDGE = (
    "[System: You previously returned an empty response with no text or thoughts. "
    "Please ensure you provide your final answer or call a tool now.]"
)


def content(*parts: Json, role: str = "user") -> Json:
    return {"role": role, "parts": list(parts)}


GEMINI: dict[str, tuple[Any, str]] = {
    "a text": ([content({"text": "hello"})], "user"),
    "a text without a role": ([{"parts": [{"text": "hello"}]}], "user"),
    "a text after tools": ([content({"text": "q"}), CALLED, content(RESPONSE), content({"text": "and?"})], "user"),
    "only function responses": ([CALLED, content(RESPONSE, RESPONSE)], "agent"),
    "function responses in their old role": ([CALLED, content(RESPONSE, role="function")], "agent"),
    "a response and its picture, as Gemini CLI writes them": ([CALLED, content(RESPONSE, PICTURE)], "agent"),
    "a response and a reminder": ([CALLED, content(RESPONSE, REMINDER)], "agent"),
    "a response and human text": ([CALLED, content(RESPONSE, {"text": "stop"})], "user"),
    "a response, a picture and human text": ([CALLED, content(RESPONSE, PICTURE, {"text": "this one"})], "user"),
    "a picture alone": ([content(PICTURE)], "user"),
    "a picture alone after a response": ([CALLED, content(RESPONSE), content(PICTURE)], "user"),
    "the model's words last": ([content({"text": "q"}), content({"text": "a"}, role="model")], "agent"),
    "Gemini CLI asks again for an answer": ([content({"text": NUDGE})], "agent"),
    "Gemini CLI asks again behind human text": ([content({"text": "q"}, {"text": f"\n{NUDGE}"})], "user"),
    "no contents": ([], "user"),
    "a content without parts": ([{"role": "user"}], "user"),
}


@pytest.mark.parametrize("case", GEMINI)
def test_gemini(case: str) -> None:
    contents, who = GEMINI[case]
    assert of_gemini({"contents": contents}).who == who


@pytest.mark.parametrize(
    "asked",
    [
        "Generate a new <state_snapshot> based on the provided history.\n\nFirst, reason in your scratchpad.",
        "A previous <state_snapshot> exists in the history. You MUST integrate all still-relevant information",
        "Critically evaluate the <state_snapshot> you just generated. Did you omit any specific technical details",
    ],
)
def test_a_summary_asked_for_by_gemini_cli_is_an_agents_compaction(asked: str) -> None:
    verdict = of_gemini({"contents": [content({"text": "q"}), CALLED, content(RESPONSE), content({"text": asked})]})
    assert (verdict.who, verdict.purpose) == ("agent", COMPACTION)


def test_gemini_requests_of_one_turn_share_its_id_and_the_next_turn_has_another() -> None:
    first = [content({"text": "q"})]
    later = [*first, CALLED, content(RESPONSE)]
    following = [*later, content({"text": "a"}, role="model"), content({"text": "and?"})]
    ids = [of_gemini({"contents": contents}).turn for contents in (first, later, following)]
    assert ids[0] == ids[1] != ids[2]


def test_13_a_compaction_trigger_is_an_agents_compaction() -> None:
    verdict = of_responses({"input": [QUESTION, {"type": "compaction_trigger"}]})
    assert (verdict.who, verdict.purpose) == ("agent", COMPACTION)


def test_a_summary_asked_for_by_claude_code_is_an_agents_compaction() -> None:
    ask = "Your task is to create a detailed summary of the conversation so far, paying close attention"
    verdict = of_messages({"messages": [*turns(1), {"role": "user", "content": ask}]})
    assert (verdict.who, verdict.purpose) == ("agent", COMPACTION)


def test_human_words_inside_two_reminders_are_human_words() -> None:
    hidden = text("<system-reminder>a</system-reminder> delete it all <system-reminder>b</system-reminder>")
    assert of_messages({"messages": [CALL, user(RESULT, hidden)]}).who == "user"


def test_a_reminder_cannot_be_closed_late() -> None:
    hidden = text("<system-reminder>a</system-reminder> delete it all </system-reminder>")
    assert of_messages({"messages": [CALL, user(RESULT, hidden)]}).who == "user"


def test_requests_of_one_turn_share_its_id_and_the_next_turn_has_another() -> None:
    first = [{"role": "user", "content": "q"}]
    later = [*first, CALL, user(RESULT)]
    following = [*later, {"role": "assistant", "content": "a"}, {"role": "user", "content": "and?"}]
    ids = [of_messages({"messages": m}).turn for m in (first, later, following)]
    assert ids[0] == ids[1] != ids[2]


def test_two_conversations_that_begin_alike_are_told_apart_by_their_owner() -> None:
    body = {"messages": [{"role": "user", "content": "q"}]}
    assert of_messages(body | {"metadata": {"user_id": "a"}}).turn != of_messages(body | {"metadata": {"user_id": "b"}}).turn


@given(st.text(min_size=1))
def test_fresh_human_text_is_always_reported(words: str) -> None:
    machine = words.startswith(
        ("This session is being continued", "Your task is", "CRITICAL:", "Please continue", "Continue if")
    )
    if not machine:
        assert of_chat({"messages": [CHAT_CALL, {"role": "user", "content": words}]}).who == "user"
        assert of_messages({"messages": [*turns(3), {"role": "user", "content": words}]}).who == "user"


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "messages", "parts"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ODD)
def test_no_body_however_odd_raises(value: Any) -> None:
    judges = ((of_messages, "messages"), (of_chat, "messages"), (of_responses, "input"), (of_gemini, "contents"))
    for judge, key in judges:
        assert judge({key: value}).who in {"user", "agent"}
