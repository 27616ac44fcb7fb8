"""The items of a Responses conversation, one by one, as a chat model and as Claude get them."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier, notes
from copilot_api.translate.request import Request
from copilot_api.translate.responses_to_chat import request as to_chat
from copilot_api.translate.responses_to_messages import request as to_messages
from tests.builders.models import model

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
PDF: Json = {"type": "input_file", "filename": "Plan", "file_data": "data:application/pdf;base64,JVBE"}
MARK = {"cache_control": {"type": "ephemeral"}}
GO: Json = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]}


def as_chat(*items: Json, model_id: str = "gpt-4.1") -> Request:
    return to_chat({"input": list(items)}, model(model_id))


def as_messages(*items: Json, model_id: str = "claude-opus-5") -> Request:
    return to_messages({"input": list(items)}, model(model_id))


def chat(*items: Json, model_id: str = "gpt-4.1") -> list[Json]:
    messages: list[Json] = as_chat(*items, model_id=model_id).body["messages"]
    return messages


def claude(*items: Json) -> list[Json]:
    """The messages, without the marks that every request to Claude gets."""
    for message in (messages := as_messages(*items).body["messages"]):
        message["content"] = [{k: v for k, v in block.items() if k != "cache_control"} for block in message["content"]]
    written: list[Json] = messages
    return written


def user(*parts: Any) -> Json:
    return {"role": "user", "content": list(parts)}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def assistant(*texts: str, **fields: Any) -> Json:
    content = [{"type": "output_text", "text": words, "annotations": [], "logprobs": []} for words in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content} | fields


def call(id_: str = "a", **fields: Any) -> Json:
    return {"type": "function_call", "id": "fc_1", "call_id": id_, "name": "f", "arguments": '{"n": 1}'} | fields


def output(value: Any = "1", id_: str = "a", **fields: Any) -> Json:
    return {"type": "function_call_output", "id": "fco_1", "call_id": id_, "output": value} | fields


def reasoning(sealed: str, *summary: str, **fields: Any) -> Json:
    shown = [{"type": "summary_text", "text": words} for words in summary]
    return {"type": "reasoning", "id": "rs_1", "summary": shown, "encrypted_content": sealed} | fields


# What a user says and shows


@pytest.mark.parametrize(
    ("content", "for_chat", "for_claude"),
    [
        ("Hei!", "Hei!", [text("Hei!")]),
        ([{"type": "input_text", "text": "Hei!"}, {"type": "input_text", "text": " "}], "Hei!", [text("Hei!")]),
        ([{"type": "text", "text": "Hei!"}, {"type": "output_text", "text": "Du?"}], [text("Hei!"), text("Du?")], None),
        ([{"type": "input_image", "image_url": PNG, "detail": "low"}],
         [{"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}],
         [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG.split(",")[1]}}]),
        ([{"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,SGVpIQ=="}], "a.txt\nHei!",
         [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hei!"}, "title": "a.txt"}]),
        ([{"type": "input_text", "text": "Sum up."}, PDF], [text("Sum up."), text("[document: Plan omitted]")],
         [text("Sum up."), {"type": "document", "title": "Plan",
                            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}}]),
    ],
)  # fmt: skip
def test_what_a_user_shows_and_says(content: Any, for_chat: Any, for_claude: Any) -> None:
    assert chat({"role": "user", "content": content}) == [{"role": "user", "content": for_chat}]
    assert claude({"role": "user", "content": content}) == [user(*(for_claude or for_chat))]


def test_what_is_read_closely_is_read_as_closely_as_chat_can() -> None:
    done = as_chat(user({"type": "input_image", "image_url": PNG, "detail": "original"}))
    assert done.body["messages"][0]["content"][0]["image_url"]["detail"] == "high"
    assert done.losses == {"input.content.detail"}
    assert as_messages(user({"type": "input_image", "image_url": PNG, "detail": "high"})).losses == {"input.content.detail"}


def test_a_document_that_the_model_does_not_see_is_lost_by_name() -> None:
    assert as_chat(user({"type": "input_text", "text": "Sum up."}, PDF)).losses == {"input.content.input_file"}
    with pytest.raises(ClientMistake, match="cannot read PDF documents") as caught:
        as_chat(GO, assistant("ok"), user(PDF))
    assert caught.value.param == "input.2.content"
    assert len(as_chat(user(PDF), assistant("Which?"), GO).body["messages"]) == 3


def test_a_document_on_the_web_is_left_to_claude_to_fetch() -> None:
    block = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
    assert claude(user({"type": "input_file", "file_url": "https://example.com/a.pdf"})) == [user(block)]


@pytest.mark.parametrize(
    ("item", "says", "param"),
    [
        (user({"type": "input_image", "file_id": "file-1"}), "files are not kept", "input.0.content.0.file_id"),
        (user({"type": "input_file", "file_id": "file-1"}), "files are not kept", "input.0.content.0.file_id"),
        (user({"type": "input_audio"}), "parts of type 'input_audio'", "input.0.content.0.type"),
        (user({"type": "refusal", "refusal": "no"}), "parts of type 'refusal'", "input.0.content.0.type"),
        ({"role": "developer", "content": [{"type": "input_image"}]}, "parts of type 'input_image'", "input.0.content.0.type"),
        ({"role": "robot", "content": "Hei!"}, "'robot' is not a role", "input.0.role"),
        ({"type": "message", "content": "Hei!"}, "'' is not a role", "input.0.role"),
        ({"type": "item_reference", "id": "msg_1"}, "no stored item", "input.0.type"),
        ({"id": "msg_1"}, "no stored item", "input.0.type"),
        ({"type": "compaction", "encrypted_content": "x"}, "only the model that compacted", "input.0.type"),
        ({"type": "compaction_trigger"}, "cannot compact", "input.0.type"),
        ({"type": "telepathy"}, "items of type 'telepathy' cannot be translated", "input.0.type"),
        (call(call_id=None), "is required", "input.0.call_id"),
        (call(name=""), "is required", "input.0.name"),
        (output(call_id=""), "is required", "input.0.call_id"),
        ({"type": 7}, "must be a text", "input.0.type"),
    ],
)  # fmt: skip
def test_an_item_that_cannot_be_understood_is_refused(item: Json, says: str, param: str) -> None:
    for translate in (as_chat, as_messages):
        with pytest.raises(ClientMistake, match=says) as caught:
            translate(item)
        assert (caught.value.status, caught.value.param) == (400, param)


# What the assistant says and does


def test_an_answer_of_several_items_is_one_message() -> None:
    answer = [assistant("a", "b", phase=None), assistant("c"), call(), call("b", arguments="")]
    arguments = {"name": "f", "arguments": '{"n": 1}'}
    assert chat(GO, *answer, output(), output("2", "b"))[1] == {
        "role": "assistant",
        "content": "ab\n\nc",
        "tool_calls": [
            {"id": "a", "type": "function", "function": arguments},
            {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ],
    }
    assert claude(GO, *answer, output(), output("2", "b"))[1:] == [
        {
            "role": "assistant",
            "content": [
                *map(text, "abc"),
                {"type": "tool_use", "id": "a", "name": "f", "input": {"n": 1}},
                {"type": "tool_use", "id": "b", "name": "f", "input": {}},
            ],
        },
        user(
            {"type": "tool_result", "tool_use_id": "a", "content": "1"},
            {"type": "tool_result", "tool_use_id": "b", "content": "2"},
        ),
    ]


def test_the_phase_of_a_message_and_what_it_cites_are_lost() -> None:
    cited = {"type": "output_text", "text": "a", "annotations": [{"type": "url_citation"}]}
    done = as_chat(GO, assistant(phase="commentary", content=[cited]), GO)
    assert done.losses == {"input.phase", "input.content.annotations"}


def test_a_refusal_is_what_was_said() -> None:
    refused = assistant(content=[{"type": "refusal", "refusal": "No."}])
    assert chat(GO, refused, GO)[1] == {"role": "assistant", "content": "No."}
    assert claude(GO, refused, GO)[1] == {"role": "assistant", "content": [text("No.")]}


def test_a_blank_message_is_no_turn() -> None:
    talk = [GO, assistant("a"), user({"type": "input_text", "text": ""}), {"role": "developer", "content": " "}, assistant("b")]
    assert chat(*talk, GO)[1] == {"role": "assistant", "content": "a\n\nb"}


@pytest.mark.parametrize(
    ("arguments", "raw", "parsed"),
    [
        ('{"a":\n1}', '{"a":\n1}', {"a": 1}),
        ("", "{}", {}),
        (None, "{}", {}),
        ({"a": 1}, '{"a":1}', {"a": 1}),
        ("{broken", "{broken", {}),
        ('{"big":12345678901234567890}', '{"big":12345678901234567890}', {"big": 12345678901234567890}),
    ],
)
def test_arguments_are_told_as_they_were_written(arguments: Any, raw: str, parsed: Json) -> None:
    talk = (GO, call(arguments=arguments), output())
    assert chat(*talk)[1]["tool_calls"][0]["function"]["arguments"] == raw
    assert claude(*talk)[1]["content"][0]["input"] == parsed


def test_free_text_is_wrapped() -> None:
    talk = [
        GO,
        {"type": "custom_tool_call", "id": "ctc_1", "status": "completed", "call_id": "a", "name": "patch", "input": '*** "x"'},
        {"type": "custom_tool_call_output", "call_id": "a", "output": [{"type": "input_text", "text": "done"}]},
    ]
    assert chat(*talk)[1]["tool_calls"][0]["function"] == {"name": "patch", "arguments": '{"input":"*** \\"x\\""}'}
    assert chat(*talk)[2] == {"role": "tool", "tool_call_id": "a", "content": "done"}
    assert claude(*talk)[1]["content"] == [{"type": "tool_use", "id": "a", "name": "patch", "input": {"input": '*** "x"'}}]


def test_what_others_ran_is_left_out_by_name() -> None:
    hosted = [{"type": "web_search_call", "id": "ws_1", "status": "completed"}, {"type": "local_shell_call", "call_id": "s"}]
    done = as_chat(GO, *hosted, assistant("found"), GO)
    assert [message["role"] for message in done.body["messages"]] == ["user", "assistant", "user"]
    assert done.losses == {"input.web_search_call", "input.local_shell_call"}


# What tools give back


def test_results_keep_their_calls_whatever_their_order() -> None:
    talk = [GO, call("a"), call("b"), output("2", "b"), output("1", "a")]
    assert [(m["tool_call_id"], m["content"]) for m in chat(*talk)[2:]] == [("b", "2"), ("a", "1")]
    assert [block["tool_use_id"] for block in claude(*talk)[2]["content"]] == ["a", "b"]


def test_a_picture_in_a_result_stands_below_it_or_in_it() -> None:
    shown = [{"type": "input_text", "text": "Look:"}, {"type": "input_image", "image_url": PNG}]
    told = chat(GO, call(), output(shown), GO)
    assert told[2]["content"] == "Look:"
    assert [part["type"] for part in told[3]["content"]] == ["text", "image_url"]
    assert told[3]["content"][0]["text"] == notes.attached("a")
    assert [block["type"] for block in claude(GO, call(), output(shown))[2]["content"][0]["content"]] == ["text", "image"]


def test_a_result_that_was_not_finished_counts_as_failed() -> None:
    talk = (GO, call(), output("half", status="incomplete", name="f", namespace=None))
    assert chat(*talk)[2]["content"] == "Error: half"
    assert claude(*talk)[2]["content"][0] == {"type": "tool_result", "tool_use_id": "a", "content": "half", "is_error": True}
    assert not as_chat(*talk).losses


def test_orphans_are_told_on_both_sides() -> None:
    told = chat(GO, call("a"), GO, output("42", "x"))
    assert told[2] == {"role": "tool", "tool_call_id": "a", "content": notes.NO_RESULT}
    assert notes.orphan("x", "42") in str(told[3]["content"])


# Instructions


def test_a_later_instruction_stands_where_it_came() -> None:
    later = {
        "role": "developer",
        "content": [{"type": "input_text", "text": "Be brief."}, {"type": "input_text", "text": "Now."}],
    }
    talk = (GO, call(), output(), later)
    assert chat(*talk)[3] == {"role": "system", "content": "Be brief.\n\nNow."}
    assert chat(*talk, model_id="gemini-3.8-flash")[3] == {"role": "user", "content": notes.reminder("Be brief.\n\nNow.")}
    assert claude(*talk)[2]["content"][1:] == [text(notes.reminder("Be brief.")), text(notes.reminder("Now."))]


# Reasoning


def test_reasoning_goes_back_to_the_model_that_wrote_it() -> None:
    signed = carrier.pack("s", origin="m", family="claude-opus-5")
    talk = (GO, reasoning(signed, "hm", content=None), assistant("a"), call(), output())
    assert claude(*talk)[1]["content"][:2] == [{"type": "thinking", "thinking": "hm", "signature": "s"}, text("a")]
    sealed = carrier.pack("o", origin="c", family="gpt-4.1")
    answer = chat(GO, reasoning(sealed, "hm"), assistant("a"), GO)[1]
    assert answer == {"role": "assistant", "content": "a", "reasoning_text": "hm", "reasoning_opaque": "o"}


def test_reasoning_that_shows_nothing_goes_back_too() -> None:
    redacted = carrier.pack("d", origin="redacted", family="claude-opus-5")
    assert claude(GO, reasoning(redacted), assistant("a"), GO)[1]["content"][0] == {"type": "redacted_thinking", "data": "d"}


def test_a_seal_that_came_late_finds_its_text() -> None:
    """Copilot's chat seals reasoning after its text is over; in the answer the seal is an item of its own, behind the calls."""
    unsealed, sealed = (carrier.pack(opaque, origin="c", family="gpt-4.1") for opaque in ("", "o"))
    done = as_chat(GO, reasoning(unsealed, "hm"), call(), reasoning(sealed), output())
    answer = done.body["messages"][1]
    assert (answer["reasoning_text"], answer["reasoning_opaque"]) == ("hm", "o")
    assert not done.losses


def test_thoughts_between_what_claude_says_keep_their_places() -> None:
    first, second = (carrier.pack(s, origin="m", family="claude-opus-5") for s in "st")
    content = claude(GO, assistant("a"), reasoning(first, "1"), assistant("b"), reasoning(second, "2"), call(), output())[1][
        "content"
    ]
    assert [block["type"] for block in content] == ["thinking", "text", "text", "thinking", "tool_use"]


def test_a_thought_does_not_have_the_last_word() -> None:
    signed = carrier.pack("s", origin="m", family="claude-opus-5")
    assert claude(GO, assistant("a"), reasoning(signed, "hm"), GO)[1]["content"] == [text("a")]


def test_a_second_thought_has_no_place_in_a_chat_message() -> None:
    first, second = (carrier.pack(opaque, origin="c", family="gpt-4.1") for opaque in "op")
    done = as_chat(GO, reasoning(first, "1"), reasoning(second, "2"), call(), output())
    assert done.body["messages"][1]["reasoning_text"] == "1"
    assert done.losses == {"input.reasoning"}


@pytest.mark.parametrize(
    "sealed",
    [
        "gAAAAA",
        None,
        carrier.pack('{"id":"x","e":"y"}', origin="r", family="claude-opus-5"),
        carrier.pack("s", origin="m", family="claude-haiku-4.5"),
        carrier.pack("", origin="m", family="claude-opus-5"),
    ],
)
def test_foreign_reasoning_is_left_out_by_name(sealed: Any) -> None:
    done = as_messages(GO, reasoning(sealed, "hm"), assistant("a"), GO)
    assert done.body["messages"][1]["content"] == [text("a")]
    assert done.losses == {"input.reasoning"}


def test_reasoning_that_led_to_nothing_is_left_out_by_name() -> None:
    sealed = carrier.pack("o", origin="c", family="gpt-4.1")
    done = as_chat(GO, reasoning(sealed, "hm"), GO, reasoning(sealed, "hm"), assistant("a"), GO)
    assert [message["role"] for message in done.body["messages"]] == ["user", "assistant", "user"]
    assert done.body["messages"][1]["reasoning_opaque"] == "o"
    assert done.losses == {"input.reasoning"}


def test_reasoning_shown_in_the_open_counts_as_its_text() -> None:
    sealed = carrier.pack("o", origin="c", family="gpt-4.1")
    shown = [{"type": "reasoning_text", "text": "hm"}, {"type": "reasoning_text", "text": "so"}]
    assert chat(GO, reasoning(sealed, content=shown), assistant("a"), GO)[1]["reasoning_text"] == "hm\n\nso"
