"""Whatever was said becomes a conversation that Anthropic's validators take."""

from copilot_api.dialects.codec import Json
from copilot_api.translate import notes
from copilot_api.translate.messages_history import MessagesHistory

PICTURE: Json = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
THOUGHT: Json = {"type": "thinking", "thinking": "hm", "signature": "s"}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def call(id_: str, name: str = "f") -> Json:
    return {"type": "tool_use", "id": id_, "name": name, "input": {}}


def result(id_: str, content: str) -> Json:
    return {"type": "tool_result", "tool_use_id": id_, "content": content}


def missing(id_: str) -> Json:
    return result(id_, "No result was provided for this tool call.") | {"is_error": True}


def user(*blocks: Json) -> Json:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def test_instructions_before_the_first_word_are_the_system_prompt() -> None:
    talk = MessagesHistory()
    talk.instruct("Be kind.")
    talk.instruct("Be brief.", marked=True)
    talk.user([text("Hei!")])
    assert talk.system == [text("Be kind."), text("Be brief.") | {"cache_control": {"type": "ephemeral"}}]
    assert talk.messages() == [user(text("Hei!"))]


def test_later_instructions_are_reminders_where_they_came() -> None:
    talk = MessagesHistory()
    talk.user([text("a")])
    talk.instruct("Be brief.")
    talk.assistant([text("b")], [], thought={})
    talk.instruct("Be kind.")
    talk.user([text("c")])
    assert talk.messages() == [
        user(text("a"), text("<system-reminder>\nBe brief.\n</system-reminder>")),
        assistant(text("b")),
        user(text("<system-reminder>\nBe kind.\n</system-reminder>"), text("c")),
    ]
    assert talk.system == []


def test_a_reminder_stands_behind_the_results_of_tools() -> None:
    talk = MessagesHistory()
    talk.user([text("go")])
    talk.assistant([], [call("a")], thought={})
    talk.instruct("Be brief.")
    talk.result("a", {"content": "1"})
    assert talk.messages()[2] == user(result("a", "1"), text("<system-reminder>\nBe brief.\n</system-reminder>"))


def test_results_are_put_in_the_order_of_the_calls() -> None:
    talk = MessagesHistory()
    talk.user([text("go")])
    talk.assistant([], [call("a"), call("b"), call("c")], thought={})
    talk.result("c", {"content": "3"})
    talk.result("a", {"content": "1"})
    talk.user([text("and hurry")])
    assert talk.messages()[2] == user(result("a", "1"), missing("b"), result("c", "3"), text("and hurry"))


def test_calls_that_nobody_answered_are_answered_by_us() -> None:
    talk = MessagesHistory()
    talk.user([text("go")])
    talk.assistant([text("ok")], [call("a")], thought={})
    assert talk.messages() == [user(text("go")), assistant(text("ok"), call("a")), user(missing("a"))]
    assert not talk.has_prefill


def test_a_result_without_a_call_becomes_the_users_words() -> None:
    talk = MessagesHistory()
    talk.result("x", {"content": "42"})
    talk.result("y", {})
    talk.result("z", {"content": [text("seen"), PICTURE]})
    assert talk.messages() == [
        user(
            text("[result of unknown tool call x] 42"),
            text("[result of unknown tool call y] "),
            text("[result of unknown tool call z] seen"),
            PICTURE,
        )
    ]


def test_the_first_word_is_the_users() -> None:
    talk = MessagesHistory()
    talk.assistant([text("How can I help?")], [], thought={})
    talk.user([text("Count.")])
    assert talk.messages() == [user(text(notes.BEGINNING)), assistant(text("How can I help?")), user(text("Count."))]


def test_the_last_word_is_the_users() -> None:
    talk = MessagesHistory()
    talk.user([text("Count.")])
    talk.assistant([text("1, 2,")], [], thought={})
    assert talk.messages()[-1] == user(text("Continue."))
    assert talk.has_prefill


def test_an_answer_begins_with_its_thinking() -> None:
    talk = MessagesHistory()
    talk.user([text("go")])
    talk.assistant([text("ok")], [call("a")], thought=THOUGHT)
    talk.result("a", {"content": "1"})
    assert talk.messages()[1] == assistant(THOUGHT, text("ok"), call("a"))
    assert not talk.has_thoughtless_call


def test_nothing_said_is_no_turn_and_neighbours_become_one() -> None:
    talk = MessagesHistory()
    talk.user([text("a")])
    talk.assistant([], [], thought=THOUGHT)
    talk.user([])
    talk.user([text("b")])
    assert talk.messages() == [user(text("a"), text("b"))]


def test_of_two_answers_in_a_row_only_the_thinking_before_the_newest_calls_stays() -> None:
    other = THOUGHT | {"thinking": "other"}
    for first, second, kept in (
        ([], [], []),
        ([], [call("b")], [other]),
        ([call("a")], [], [THOUGHT]),
        ([call("a")], [call("b")], [other]),
    ):
        talk = MessagesHistory()
        talk.assistant([text("a")], first, thought=THOUGHT)
        talk.assistant([text("b")], second, thought=other)
        assert talk.messages()[1] == assistant(*kept, text("a"), text("b"), *first, *second)


def test_it_knows_whether_the_newest_call_shows_its_thinking() -> None:
    talk = MessagesHistory()
    seen = [talk.has_thoughtless_call]
    talk.assistant([], [call("a", "g")], thought={})
    talk.result("a", {"content": "1"})
    seen.append(talk.has_thoughtless_call)
    talk.assistant([text("done")], [], thought={})
    seen.append(talk.has_thoughtless_call)
    assert seen == [False, True, False]
    assert talk.tools_called == ["g"]


def test_ids_used_twice_are_told_apart_and_illegal_ones_replaced() -> None:
    talk = MessagesHistory()
    talk.user([text("go")])
    for _ in range(2):
        talk.assistant([], [call("a:1")], thought={})
        talk.result("a:1", {"content": "1"})
    written = talk.messages()
    ids = [message["content"][0]["id"] for message in written[1::2]]
    assert ids == [message["content"][0]["tool_use_id"] for message in written[2::2]]
    assert len(set(ids)) == 2
    assert all(character not in id_ for id_ in ids for character in ":.")
