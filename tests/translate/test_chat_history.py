"""Whatever was said becomes a conversation that every chat backend takes."""

from copilot_api.dialects.codec import Json
from copilot_api.translate import notes
from copilot_api.translate.chat_history import ChatHistory
from copilot_api.translate.tool_answers import ToolAnswer
from tests.builders.models import model

PICTURE: Json = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
MARK = {"copilot_cache_control": {"type": "ephemeral"}}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def call(id_: str, name: str = "f") -> Json:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": "{}"}}


def history(model_id: str = "gpt-4.1") -> ChatHistory:
    return ChatHistory(model(model_id))


def tool(id_: str, content: str) -> Json:
    return {"role": "tool", "tool_call_id": id_, "content": content}


def user(*words: str) -> Json:
    return {"role": "user", "content": words[0] if len(words) == 1 else [text(word) for word in words]}


def test_one_text_is_sent_as_a_plain_string() -> None:
    talk = history()
    talk.user([text("Hei!")])
    assert talk.messages() == [{"role": "user", "content": "Hei!"}]


def test_a_picture_is_sent_as_parts() -> None:
    talk = history()
    talk.user([text("What is this?"), PICTURE])
    assert talk.messages() == [{"role": "user", "content": [text("What is this?"), PICTURE]}]


def test_nothing_said_is_no_turn_and_neighbours_become_one() -> None:
    talk = history()
    talk.user([text("a")])
    talk.assistant("", [], thought={"reasoning_text": "hm"})
    talk.user([])
    talk.user([text("b")])
    assert talk.messages() == [user("a", "b")]


def test_an_empty_history_says_so() -> None:
    talk = history()
    talk.user([])
    assert talk.is_empty
    assert talk.messages() == []


def test_answers_follow_their_calls_before_anything_the_user_says() -> None:
    talk = history()
    talk.user([text("go")])
    talk.assistant("", [call("a"), call("b")], thought={})
    talk.user([text("and hurry")], answers=[ToolAnswer(id="b", text="2"), ToolAnswer(id="a", text="1")])
    assert talk.messages() == [
        user("go"),
        {"role": "assistant", "content": None, "tool_calls": [call("a"), call("b")]},
        tool("b", "2"),
        tool("a", "1"),
        user("and hurry"),
    ]


def test_answers_in_two_messages_are_one_turn() -> None:
    talk = history()
    talk.assistant("", [call("a"), call("b")], thought={})
    talk.user([], answers=[ToolAnswer(id="a", text="1")])
    talk.user([], answers=[ToolAnswer(id="b", text="2")])
    assert talk.messages()[1:] == [tool("a", "1"), tool("b", "2")]


def test_pictures_follow_all_answers_and_are_told_from_the_users_own() -> None:
    talk = history()
    talk.assistant("", [call("a"), call("b")], thought={})
    talk.user(
        [text("which one?")],
        answers=[ToolAnswer(id="a", text=notes.IMAGE_BELOW, pictures=[PICTURE]), ToolAnswer(id="b", text="2")],
    )
    assert talk.messages()[1:] == [
        tool("a", "[image attached below]"),
        tool("b", "2"),
        {"role": "user", "content": [text("Attached output of tool call a:"), PICTURE]},
        user("which one?"),
    ]


def test_a_call_that_nobody_answered_is_answered_by_us() -> None:
    talk = history()
    talk.assistant("", [call("a"), call("b")], thought={})
    talk.user([text("never mind")], answers=[ToolAnswer(id="b", text="2")])
    assert talk.messages()[1:] == [tool("b", "2"), tool("a", notes.NO_RESULT), user("never mind")]


def test_a_conversation_that_ends_with_calls_ends_with_their_missing_answers() -> None:
    talk = history()
    talk.user([text("go")])
    talk.assistant("I'll look.", [call("a")], thought={})
    assert talk.messages()[2:] == [tool("a", notes.NO_RESULT)]
    assert not talk.has_prefill


def test_an_answer_without_a_call_becomes_the_users_words() -> None:
    talk = history()
    talk.user([text("hm")], answers=[ToolAnswer(id="x", text="42", pictures=[PICTURE])])
    assert talk.messages() == [{"role": "user", "content": [text("[result of unknown tool call x] 42"), PICTURE, text("hm")]}]


def test_a_conversation_that_ends_with_the_assistant_is_continued() -> None:
    talk = history()
    talk.user([text("Count.")])
    talk.assistant("1, 2,", [], thought={})
    assert talk.messages() == [user("Count."), {"role": "assistant", "content": "1, 2,"}, user("Continue.")]
    assert talk.has_prefill


def test_two_answers_in_a_row_are_one_with_the_first_reasoning() -> None:
    talk = history()
    talk.assistant("a", [], thought={"reasoning_opaque": "1"})
    talk.assistant("b", [call("x")], thought={"reasoning_opaque": "2"})
    assert talk.messages()[0] == {
        "role": "assistant",
        "content": "ab",
        "reasoning_opaque": "1",
        "tool_calls": [call("x")],
    }


def test_ids_used_twice_are_told_apart_and_illegal_ones_replaced() -> None:
    talk = history()
    for _ in range(2):
        talk.assistant("", [call("a.1")], thought={})
        talk.user([], answers=[ToolAnswer(id="a.1", text="1")])
    written = talk.messages()
    ids = [message["tool_calls"][0]["id"] for message in written[::2]]
    assert ids == [message["tool_call_id"] for message in written[1::2]]
    assert len(set(ids)) == 2


def test_openais_models_keep_a_system_message_in_its_place() -> None:
    talk = history("gpt-4.1")
    talk.user([text("a")])
    talk.instruct("Be brief.")
    talk.user([text("b")])
    assert talk.messages() == [user("a"), {"role": "system", "content": "Be brief."}, user("b")]


def test_a_system_message_waits_for_the_answers_of_tools() -> None:
    talk = history("gpt-4.1")
    talk.assistant("", [call("a")], thought={})
    talk.instruct("Be brief.")
    talk.user([], answers=[ToolAnswer(id="a", text="1")])
    assert talk.messages()[1:] == [tool("a", "1"), {"role": "system", "content": "Be brief."}]


def test_other_models_are_reminded_in_the_users_turn() -> None:
    for model_id in ("claude-haiku-4.5", "gemini-3.8-flash", "kimi-k3"):
        talk = history(model_id)
        talk.user([text("a")])
        talk.instruct("Be brief.")
        assert talk.messages() == [user("a", "<system-reminder>\nBe brief.\n</system-reminder>")]


def test_marks_go_to_the_messages_that_hold_what_was_marked() -> None:
    talk = history("claude-haiku-4.5")
    talk.user([text("a")], marked=True)
    talk.assistant("", [call("x")], thought={}, marked=True)
    talk.user([text("b")], answers=[ToolAnswer(id="x", text="1", marked=True)])
    written = talk.messages()
    assert [message.get("copilot_cache_control") for message in written] == [*[{"type": "ephemeral"}] * 3, None]
    assert written[0] == user("a") | MARK


def test_a_marked_instruction_marks_its_own_message() -> None:
    talk = history("gpt-4.1")
    talk.user([text("a")])
    talk.instruct("Be brief.", marked=True)
    assert talk.messages() == [user("a"), {"role": "system", "content": "Be brief."} | MARK]


def test_the_oldest_pictures_make_room_for_the_newest() -> None:
    talk = history("gemini-3.8-flash")
    talk.user([PICTURE] * 8)
    talk.assistant("ok", [], thought={})
    talk.user([PICTURE] * 4)
    first, _, last = talk.messages()
    assert [part["type"] for part in first["content"]] == ["text"] * 2 + ["image_url"] * 6
    assert last["content"] == [PICTURE] * 4
    assert talk.has_too_many_pictures


def test_it_knows_which_tools_were_called() -> None:
    talk = history()
    talk.assistant("", [call("1", "f"), call("2", "g")], thought={})
    talk.user([text("ok")])
    talk.assistant("", [call("3", "f")], thought={})
    assert talk.tools_called == ["f", "g", "f"]


def test_it_knows_whether_the_newest_call_shows_its_thinking() -> None:
    talk = history()
    assert not talk.has_thoughtless_call
    talk.assistant("", [call("1")], thought={"reasoning_opaque": "x"})
    assert not talk.has_thoughtless_call
    talk.user([], answers=[ToolAnswer(id="1", text="1")])
    talk.assistant("", [call("2")], thought={})
    talk.user([], answers=[ToolAnswer(id="2", text="2")])
    assert talk.has_thoughtless_call
