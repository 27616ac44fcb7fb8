"""The messages of a chat conversation, one by one, as Anthropic blocks. Rules: translation.md §1.2 to §1.5, §4, §5."""

import base64
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier
from copilot_api.translate.chat_to_messages import request
from copilot_api.translate.request import Request
from tests.builders.models import model

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
URL = f"data:image/png;base64,{PNG}"
IMAGE: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
# A mark of the client's own keeps ours away, so that tests see only what the messages became.
MARKED: Json = {"role": "system", "content": "s", "cache_control": {"type": "ephemeral"}}
HELLO: Json = {"role": "user", "content": "Hei!"}


def translated(*messages: Json, model_id: str = "claude-opus-5") -> Request:
    return request({"messages": [MARKED, *messages]}, model(model_id))


def sent(*messages: Json, model_id: str = "claude-opus-5") -> list[Json]:
    written: list[Json] = translated(*messages, model_id=model_id).body["messages"]
    return written


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def user(*blocks: Json) -> Json:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def call(id_: str = "a", name: str = "f", arguments: Any = "{}") -> Json:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(*made: Json, **fields: Any) -> Json:
    return {"role": "assistant", "content": None, "tool_calls": list(made)} | fields


def tool(content: Any, id_: str = "a", **fields: Any) -> Json:
    return {"role": "tool", "tool_call_id": id_, "content": content} | fields


def use(id_: str = "a", name: str = "f", **arguments: Any) -> Json:
    return {"type": "tool_use", "id": id_, "name": name, "input": arguments}


def result(content: Any, id_: str = "a") -> Json:
    return {"type": "tool_result", "tool_use_id": id_, "content": content}


# What a user says


@pytest.mark.parametrize(
    ("content", "becomes"),
    [
        ("Hei!", [text("Hei!")]),
        ([text("Hei!"), text(" "), text("Du?")], [text("Hei!"), text("Du?")]),
        ([text("Look:"), {"type": "image_url", "image_url": {"url": URL}}], [text("Look:"), IMAGE]),
        ([{"type": "image_url", "image_url": URL}], [IMAGE]),
        (
            [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
            [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}],
        ),
        (
            [{"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}}],
            [
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                    "title": "a.pdf",
                }
            ],
        ),
    ],
)
def test_what_a_user_shows_and_says(content: Any, becomes: Json) -> None:
    assert sent({"role": "user", "content": content}) == [{"role": "user", "content": becomes}]


def test_the_detail_of_a_picture_is_a_loss() -> None:
    part = {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}
    assert translated({"role": "user", "content": [part]}).losses == {"messages.content.image_url.detail"}


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}, "messages.1.content.0.type"),
        ({"role": "user", "content": [{"text": "no type"}]}, "messages.1.content.0.type"),
        ({"role": "system", "content": [{"type": "image_url", "image_url": {"url": URL}}]}, "messages.1.content.0.type"),
        ({"role": "assistant", "content": [{"type": "image_url", "image_url": URL}]}, "messages.1.content.0.type"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": "a.png"}]}, "messages.1.content.0.image_url"),
        ({"role": "robot", "content": "x"}, "messages.1.role"),
        ({"content": "x"}, "messages.1.role"),
        ({"role": "tool", "content": "x"}, "messages.1.tool_call_id"),
        ({"role": "function", "content": "x"}, "messages.1.name"),
        (calls({"type": "telepathy", "id": "a"}), "messages.1.tool_calls.0.type"),
        (calls({"function": {"name": "f"}}), "messages.1.tool_calls.0.id"),
        (calls({"id": "a", "function": {}}), "messages.1.tool_calls.0.function.name"),
    ],
)
def test_a_message_that_cannot_be_understood_is_refused_by_place(message: Json, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        translated(message)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_several_speakers_are_told_apart_by_name() -> None:
    picture = {"type": "image_url", "image_url": URL}
    messages = sent(
        {"role": "user", "name": "Ada", "content": "Hei!"},
        {"role": "assistant", "content": "Hei."},
        {"role": "user", "name": "Bo", "content": [picture]},
        {"role": "user", "name": "Bo", "content": ""},
        {"role": "user", "content": "Who am I?"},
    )
    assert [message["content"] for message in messages] == [
        [text("Ada: Hei!")],
        [text("Hei.")],
        [text("Bo:"), IMAGE, text("Who am I?")],
    ]


def test_one_speaker_needs_no_name() -> None:
    done = translated({"role": "user", "name": "Ada", "content": "Hei!"}, {"role": "user", "content": "Du?"})
    assert done.body["messages"] == [user(text("Hei!"), text("Du?"))]
    assert done.losses == {"messages.name"}


# What the assistant said


@pytest.mark.parametrize(
    ("message", "blocks"),
    [
        ({"content": "So."}, [text("So.")]),
        ({"content": [text("So."), {"type": "refusal", "refusal": "No."}]}, [text("So."), text("No.")]),
        ({"content": None, "refusal": "No."}, [text("No.")]),
        ({"content": "So.", "refusal": "No."}, [text("So.")]),
    ],
)
def test_what_the_assistant_said(message: Json, blocks: list[Json]) -> None:
    assert sent(HELLO, {"role": "assistant"} | message, HELLO)[1] == assistant(*blocks)


@pytest.mark.parametrize(
    ("arguments", "becomes"),
    [
        ('{"city": "Oslo", "n": 12345678901234567890123}', {"city": "Oslo", "n": 12345678901234567890123}),
        ("", {}),
        (" \n", {}),
        (None, {}),
        ("{broken", {}),
        ("[1, 2]", {}),
        ('"text"', {}),
        ("NaN", {}),
        ({"city": "Oslo"}, {"city": "Oslo"}),
        (7, {}),
    ],
)
def test_arguments_of_the_past_are_read_as_far_as_they_can_be(arguments: Any, becomes: Json) -> None:
    assert sent(HELLO, calls(call(arguments=arguments)), tool("1"))[1] == assistant(use(**becomes))


def test_what_stream_helpers_leave_in_a_call_is_no_loss() -> None:
    made = call() | {"index": 0}
    made["function"]["parsed_arguments"] = {"city": "Oslo"}
    assert translated(HELLO, calls(made), tool("1")).losses == set()


def test_a_call_of_a_custom_tool_is_a_call_with_one_text() -> None:
    made = {"id": "a", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    assert sent(HELLO, calls(made), tool("ok"))[1] == assistant(use(name="patch", input="*** Begin"))


def test_legacy_calls_are_paired_by_name() -> None:
    messages = sent(
        HELLO,
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "1"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "2"},
    )
    assert messages[1:] == [
        assistant(use("call_legacy_1")),
        user(result("1", "call_legacy_1")),
        assistant(use("call_legacy_2")),
        user(result("2", "call_legacy_2")),
    ]


def test_a_legacy_result_without_a_call_names_its_function() -> None:
    assert sent({"role": "function", "name": "f", "content": "1"}) == [user(text("[result of unknown tool call f] 1"))]


# Reasoning


def sealed(payload: str, origin: carrier.Origin = "m", model_id: str = "claude-opus-5") -> str:
    return carrier.pack(payload, origin=origin, family=carrier.family(model(model_id)))


@pytest.mark.parametrize(
    ("fields", "block"),
    [
        (
            {"reasoning_text": "Hm.", "reasoning_content": "Hm.", "reasoning_opaque": sealed("s1")},
            {"type": "thinking", "thinking": "Hm.", "signature": "s1"},
        ),
        (
            {"reasoning_content": "Hm. And more.", "reasoning_opaque": sealed("s1")},
            {"type": "thinking", "thinking": "", "signature": "s1"},
        ),
        ({"reasoning_opaque": sealed("d1", "redacted")}, {"type": "redacted_thinking", "data": "d1"}),
    ],
)
def test_reasoning_goes_back_to_the_family_that_wrote_it(fields: Json, block: Json) -> None:
    done = translated(HELLO, {"role": "assistant", "content": "So."} | fields, HELLO)
    assert done.body["messages"][1] == assistant(block, text("So."))
    assert done.losses == set()


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "Hm."},
        {"reasoning_text": "Hm.", "reasoning_opaque": "RXhhbXBsZQ=="},
        {"reasoning_text": "Hm.", "reasoning_opaque": sealed("s1", model_id="claude-haiku-4.5")},
        {"reasoning_text": "Hm.", "reasoning_opaque": sealed("")},
        {"reasoning_text": "Hm.", "reasoning_opaque": sealed("o1", "c")},
    ],
)
def test_unsigned_and_foreign_reasoning_is_left_out(fields: Json) -> None:
    done = translated(HELLO, {"role": "assistant", "content": "So."} | fields, HELLO)
    assert done.body["messages"][1] == assistant(text("So."))
    assert done.losses == {f"messages.{key}" for key in fields}


# What tools gave back


@pytest.mark.parametrize(
    ("content", "becomes"),
    [
        ("1", "1"),
        ([text("1"), text(" "), text("2")], [text("1"), text("2")]),
        ([text("seen"), {"type": "image_url", "image_url": {"url": URL}}], [text("seen"), IMAGE]),
    ],
)
def test_what_a_tool_gave_back(content: Any, becomes: Any) -> None:
    assert sent(HELLO, calls(call()), tool(content, name="f"))[2] == user(result(becomes))


@pytest.mark.parametrize("content", ["", " \n", None, []])
def test_a_tool_may_give_nothing(content: Any) -> None:
    assert sent(HELLO, calls(call()), tool(content))[2] == user({"type": "tool_result", "tool_use_id": "a"})


def test_parallel_results_share_a_turn_with_what_the_user_says_next() -> None:
    messages = sent(HELLO, calls(call("a"), call("b")), tool("2", "b"), tool("1", "a"), HELLO)
    assert messages[2] == user(result("1", "a"), result("2", "b"), text("Hei!"))


def test_a_text_file_from_a_tool_is_a_document() -> None:
    data = base64.b64encode(b"a,b").decode()
    part = {"type": "file", "file": {"file_data": f"data:text/csv;base64,{data}"}}
    assert sent(HELLO, calls(call()), tool([part]))[2]["content"][0]["content"][0]["source"]["data"] == "a,b"


@pytest.mark.parametrize("place", ["message", "part"])
def test_a_mark_on_or_in_a_result_goes_to_the_result(place: str) -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    message = tool([text("1") | mark]) if place == "part" else tool([text("1")]) | mark
    assert sent(HELLO, calls(call()), message)[2] == user(result("1") | mark)


# Instructions in mid-conversation


def test_a_later_instruction_is_a_reminder_behind_what_tools_gave_back() -> None:
    talk = [HELLO, calls(call()), tool("1"), {"role": "developer", "content": [text("Be brief."), text(" ")]}]
    assert sent(*talk)[2] == user(result("1"), text("<system-reminder>\nBe brief.\n</system-reminder>"))


# Limits


def test_pictures_beyond_the_limit_make_room_for_newer_ones_wherever_they_stand() -> None:
    picture = {"type": "image_url", "image_url": {"url": URL}}
    done = translated(
        {"role": "user", "content": [picture] * 2},
        calls(call()),
        tool([picture] * 2),
        {"role": "user", "content": [picture] * 19},
    )
    first, _, last = done.body["messages"]
    assert first["content"] == [text("[image omitted]")] * 2
    assert last["content"][0]["content"] == [text("[image omitted]"), IMAGE]
    assert last["content"][1:] == [IMAGE] * 19
    assert done.losses == {"messages.content.image_url"}


def test_a_conversation_that_ends_with_the_assistant_is_continued() -> None:
    done = translated(HELLO, {"role": "assistant", "content": "1, 2,"})
    assert done.body["messages"][1:] == [assistant(text("1, 2,")), user(text("Continue."))]
    assert done.losses == {"messages.prefill"}


def test_a_refusal_beside_an_answer_is_lost_by_name() -> None:
    done = translated(HELLO, {"role": "assistant", "content": "Yes.", "refusal": "No."}, HELLO)
    assert done.body["messages"][1]["content"] == [text("Yes.")]
    assert done.losses == {"messages.refusal"}
