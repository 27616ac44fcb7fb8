"""Whatever was said becomes a list of items that every backend of /responses takes."""

from copilot_api.dialects.codec import Json
from copilot_api.translate import notes
from copilot_api.translate.responses_history import ResponsesHistory
from copilot_api.translate.tool_answers import ToolAnswer
from tests.builders.models import model

PICTURE: Json = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto"}
THOUGHT: Json = {"type": "reasoning", "id": "x", "summary": [], "encrypted_content": "e"}


def text(words: str) -> Json:
    return {"type": "input_text", "text": words}


def message(role: str, *parts: Json) -> Json:
    return {"type": "message", "role": role, "content": list(parts)}


def says(words: str) -> Json:
    return message("assistant", {"type": "output_text", "text": words, "annotations": []})


def call(id_: str, kind: str = "function_call") -> Json:
    return {"type": kind, "call_id": id_, "name": "f"} | ({"arguments": "{}"} if kind == "function_call" else {"input": "x"})


def output(id_: str, words: str, kind: str = "function_call") -> Json:
    return {"type": f"{kind}_output", "call_id": id_, "output": words}


def history(model_id: str = "gpt-5.3-codex") -> ResponsesHistory:
    return ResponsesHistory(model(model_id))


def test_parts_of_neighbours_are_one_message() -> None:
    talk = history()
    talk.user([text("a")])
    talk.user([])
    talk.user([PICTURE, text("b")])
    assert talk.items() == [message("user", text("a"), PICTURE, text("b"))]


def test_an_empty_history_says_so() -> None:
    talk = history()
    talk.user([])
    talk.assistant([])
    assert talk.is_empty
    assert talk.items() == []


def test_what_the_assistant_puts_out_keeps_its_order() -> None:
    talk = history()
    talk.user([text("go")])
    talk.assistant([THOUGHT, call("a"), says("And"), call("b")])
    talk.user([], answers=[ToolAnswer(id="b", text="2"), ToolAnswer(id="a", text="1")])
    assert talk.items() == [
        message("user", text("go")), THOUGHT, call("a"), says("And"), call("b"), output("b", "2"), output("a", "1")
    ]  # fmt: skip


def test_outputs_stand_before_anything_the_user_says() -> None:
    talk = history()
    talk.assistant([call("a")])
    talk.user([text("and hurry")], answers=[ToolAnswer(id="a", text="1")])
    assert talk.items() == [call("a"), output("a", "1"), message("user", text("and hurry"))]


def test_the_output_of_a_custom_tool_is_one() -> None:
    talk = history()
    talk.assistant([call("a", "custom_tool_call"), call("b", "custom_tool_call")])
    talk.user([], answers=[ToolAnswer(id="a", text="1")])
    assert talk.items()[2:] == [output("a", "1", "custom_tool_call"), output("b", notes.NO_RESULT, "custom_tool_call")]


def test_pictures_follow_all_outputs_in_one_message() -> None:
    talk = history()
    talk.assistant([call("a"), call("b")])
    talk.user(
        [text("hm")], answers=[ToolAnswer(id="a", text=notes.IMAGE_BELOW, pictures=[PICTURE]), ToolAnswer(id="b", text="2")]
    )
    assert talk.items()[2:] == [
        output("a", notes.IMAGE_BELOW),
        output("b", "2"),
        message("user", text(notes.attached("a")), PICTURE),
        message("user", text("hm")),
    ]


def test_a_call_without_an_answer_gets_one() -> None:
    talk = history()
    talk.assistant([call("a"), call("b")])
    talk.user([text("never mind")], answers=[ToolAnswer(id="b", text="2")])
    assert talk.items()[2:4] == [output("b", "2"), output("a", notes.NO_RESULT)]


def test_an_answer_without_a_call_is_told_as_the_users_words() -> None:
    talk = history()
    talk.user([text("hm")], answers=[ToolAnswer(id="x", text="42", pictures=[PICTURE])])
    assert talk.items() == [message("user", text(notes.orphan("x", "42")), PICTURE, text("hm"))]


def test_ids_that_upstream_refuses_and_ids_used_twice_are_changed_alike_for_call_and_output() -> None:
    talk = history()
    for id_ in ("a.1", "x" * 65, "same", "same"):
        talk.assistant([call(id_)])
        talk.user([], answers=[ToolAnswer(id=id_, text=id_[:3])])
    items = talk.items()
    ids = [item["call_id"] for item in items[::2]]
    assert ids == [item["call_id"] for item in items[1::2]]
    assert len(set(ids)) == 4
    assert all(len(id_) <= 64 for id_ in ids)
    assert ids[2] == "same"


def test_instructions_stay_where_they_came() -> None:
    talk = history()
    talk.user([text("a")])
    talk.instruct("Be kind.")
    talk.instruct("Be brief.")
    talk.user([text("b")])
    assert talk.items() == [
        message("user", text("a")),
        message("developer", text("Be kind.")),
        message("developer", text("Be brief.")),
        message("user", text("b")),
    ]


def test_only_openais_models_know_developers() -> None:
    talk = history("grok-4.7")
    talk.user([text("a")])
    talk.instruct("Be kind.")
    assert talk.items()[1] == message("system", text("Be kind."))


def test_reasoning_that_led_to_nothing_is_left_out() -> None:
    talk = history()
    talk.user([text("go")])
    talk.assistant([says("a"), THOUGHT])
    assert talk.has_idle_thought
    talk.assistant([THOUGHT])
    talk.user([text("b")])
    assert talk.items() == [message("user", text("go")), says("a"), message("user", text("b"))]


def test_the_last_word_is_the_users() -> None:
    talk = history()
    talk.assistant([THOUGHT, says("It is")])
    assert talk.items()[-1] == message("user", text(notes.CONTINUE))
    assert talk.has_prefill
    assert not talk.has_idle_thought


def test_calls_that_end_a_conversation_get_their_outputs() -> None:
    talk = history()
    talk.assistant([call("a")])
    assert talk.items() == [call("a"), output("a", notes.NO_RESULT)]
    assert not talk.has_prefill
