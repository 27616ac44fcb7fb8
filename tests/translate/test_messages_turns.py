"""The blocks of an Anthropic conversation, one by one, as chat messages. Rules: translation.md §1.2 to §1.5, §4, §5."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier
from copilot_api.translate.messages_to_chat import request
from copilot_api.translate.request import Request
from tests.builders.models import model

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
IMAGE: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
PICTURE: Json = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
PDF: Json = {"type": "document", "title": "Plan", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}}
MARK = {"cache_control": {"type": "ephemeral"}}


def translated(*messages: Json, model_id: str = "gpt-4.1") -> Request:
    return request({"messages": list(messages)}, model(model_id))


def sent(*messages: Json, model_id: str = "gpt-4.1") -> list[Json]:
    written: list[Json] = translated(*messages, model_id=model_id).body["messages"]
    return written


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def user(*blocks: Any) -> Json:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def use(id_: str = "a", **fields: Any) -> Json:
    return {"type": "tool_use", "id": id_, "name": "f", "input": {}} | fields


def result(content: Any = None, id_: str = "a", **fields: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": id_, "content": content} | fields


def tool_message(content: Any, *, model_id: str = "gpt-4.1", **fields: Any) -> Any:
    """What the tool message for a result with this content says."""
    return sent(assistant(use()), user(result(content, **fields)), model_id=model_id)[1]["content"]


# What a user says


@pytest.mark.parametrize(
    ("content", "becomes"),
    [
        ("Hei!", "Hei!"),
        ([text("Hei!")], "Hei!"),
        ([text("Hei!"), text("  \n"), text("Du?")], [text("Hei!"), text("Du?")]),
        ([text("Look:"), IMAGE], [text("Look:"), PICTURE]),
        ([{"type": "document", "title": "T", "source": {"type": "text", "data": "Body."}}], "T\nBody."),
        (
            [{"type": "search_result", "title": "T", "source": "S", "content": [text("Found.")]}],
            "T\nS\nFound.",
        ),
        ([PDF, text("Sum it up.")], [text("[document: Plan omitted]"), text("Sum it up.")]),
    ],
)
def test_what_a_user_shows_and_says(content: Any, becomes: Any) -> None:
    assert sent({"role": "user", "content": content}) == [{"role": "user", "content": becomes}]


def test_a_picture_on_the_web_keeps_its_address() -> None:
    """The original made "data:undefined" of it (compat.md §2.7)."""
    block = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    assert sent(user(block)) == [{"role": "user", "content": [part]}]


@pytest.mark.parametrize(
    "empty",
    [
        {"type": "document", "source": {"type": "text", "data": ""}},
        {"type": "search_result", "content": []},
        text(" "),
        text(""),
    ],
)
def test_what_says_nothing_is_left_out(empty: Json) -> None:
    assert sent(user(empty, text("Hei!"))) == [{"role": "user", "content": "Hei!"}]


@pytest.mark.parametrize("kind", ["web_search_tool_result", "container_upload", "mcp_tool_use", "server_tool_use"])
def test_what_a_providers_server_did_is_left_out_and_named(kind: str) -> None:
    done = translated(assistant({"type": kind, "id": "s1"}, text("So.")), user({"type": kind}, text("Hei!")))
    assert done.body["messages"] == [
        {"role": "assistant", "content": "So."},
        {"role": "user", "content": "Hei!"},
    ]
    assert done.losses == {f"messages.content.{kind}"}


@pytest.mark.parametrize("message", [user({"type": "hologram"}), assistant({"type": "hologram"}), user({}),
                                     {"role": "system", "content": [IMAGE]}, user(result([{"type": "hologram"}]))])  # fmt: skip
def test_a_block_of_an_unknown_kind_is_refused_by_name(message: Json) -> None:
    with pytest.raises(ClientMistake, match="cannot be translated") as caught:
        translated(user(text("a")), message)
    assert caught.value.param.startswith("messages.1.content.0")


@pytest.mark.parametrize("message", [{"role": "tool", "content": "x"}, {"content": "x"}])
def test_an_unknown_role_is_refused(message: Json) -> None:
    with pytest.raises(ClientMistake, match="is neither user nor assistant nor system"):
        translated(message)


def test_a_pdf_alone_cannot_be_answered() -> None:
    with pytest.raises(ClientMistake, match="cannot read PDF") as caught:
        translated(user(text("Hei!")), assistant(text("Hei!")), user(PDF, PDF))
    assert (caught.value.param, bool(caught.value.hint)) == ("messages.2.content", True)


def test_a_pdf_of_an_earlier_turn_or_beside_a_result_does_no_harm() -> None:
    assert sent(user(PDF), assistant(use()), user(result("1"), PDF))[0]["content"] == "[document: Plan omitted]"


# What the assistant said


def test_texts_are_joined_and_calls_keep_their_arguments() -> None:
    message = assistant(text("I'll "), text("look."), use(input={"city": "Oslo", "n": 2**70}))
    assert sent(message, user(result("1")))[0] == {
        "role": "assistant",
        "content": "I'll look.",
        "tool_calls": [
            {
                "id": "a",
                "type": "function",
                "function": {"name": "f", "arguments": '{"city":"Oslo","n":1180591620717411303424}'},
            }
        ],
    }


def test_calls_alone_have_null_content() -> None:
    assert sent(assistant(use(input=None)), user(result("1")))[0]["content"] is None


def test_pictures_of_the_assistant_are_left_out() -> None:
    assert translated(assistant(IMAGE, text("So.")), user(text("Hei!"))).losses == {"messages.content.image"}


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"id": ""}, "messages.0.content.0.id"),
        ({"name": None}, "messages.0.content.0.name"),
        ({"input": "x"}, "messages.0.content.0.input"),
    ],
)
def test_a_call_without_id_name_or_object_is_refused(block: Json, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        translated(assistant(use() | block))
    assert caught.value.param == param


# Reasoning


def sealed(opaque: str, model_id: str = "gemini-3.8-flash") -> str:
    return carrier.pack(opaque, origin="c", family=carrier.family(model(model_id)))


@pytest.mark.parametrize(
    ("blocks", "fields"),
    [
        (
            [{"type": "thinking", "thinking": "Hm.", "signature": sealed("o1")}],
            {"reasoning_text": "Hm.", "reasoning_opaque": "o1"},
        ),
        ([{"type": "thinking", "thinking": "", "signature": sealed("o1")}], {"reasoning_opaque": "o1"}),
        ([{"type": "thinking", "thinking": "Hm.", "signature": sealed("")}], {"reasoning_text": "Hm."}),
        ([{"type": "redacted_thinking", "data": sealed("o1")}], {"reasoning_opaque": "o1"}),
    ],
)
def test_reasoning_goes_back_to_the_family_that_wrote_it(blocks: list[Json], fields: Json) -> None:
    done = translated(assistant(*blocks, text("So.")), user(text("Hei!")), model_id="gemini-3.8-flash")
    assert done.body["messages"][0] == {"role": "assistant", "content": "So."} | fields
    assert done.losses == set()


def test_a_seal_that_came_late_is_joined_to_its_reasoning() -> None:
    shown = {"type": "thinking", "thinking": "Hm.", "signature": sealed("")}
    late = {"type": "thinking", "thinking": "", "signature": sealed("o1")}
    done = translated(assistant(shown, text("So."), late), user(text("Hei!")), model_id="gemini-3.8-flash")
    reasoning = {"reasoning_text": "Hm.", "reasoning_opaque": "o1"}
    assert done.body["messages"][0] == {"role": "assistant", "content": "So."} | reasoning
    assert done.losses == set()


def test_only_the_first_reasoning_has_a_place() -> None:
    first, second = ({"type": "thinking", "thinking": t, "signature": sealed(t)} for t in ("one", "two"))
    done = translated(assistant(first, second, text("So.")), user(text("Hei!")), model_id="gemini-3.8-flash")
    assert done.body["messages"][0]["reasoning_text"] == "one"
    assert done.losses == {"messages.content.thinking"}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2lnOjc1MjFk"},
        {"type": "thinking", "thinking": "Hm.", "signature": sealed("o1", "grok-4.7")},
        {"type": "thinking", "thinking": "Hm."},
        {"type": "thinking", "thinking": "", "signature": sealed("")},
        {"type": "redacted_thinking", "data": carrier.pack("o1", origin="redacted", family="gemini-3.8-flash")},
    ],
)
def test_foreign_reasoning_is_left_out(block: Json) -> None:
    done = translated(assistant(block, text("So.")), user(text("Hei!")), model_id="gemini-3.8-flash")
    assert done.body["messages"][0] == {"role": "assistant", "content": "So."}
    assert done.losses == {f"messages.content.{block['type']}"}


def test_reasoning_is_never_sent_as_words_to_be_read() -> None:
    """The original sent thinking as plain text, behind the answer (compat.md §2.7)."""
    block = {"type": "thinking", "thinking": "secret plan", "signature": "foreign"}
    assert "secret plan" not in str(sent(assistant(block, text("So."), use()), user(result("1"))))


# What tools gave back


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("plain", "plain"),
        ([text("one"), text(" "), text("two")], "one\n\ntwo"),
        (None, ""),
        ("", ""),
        ([], ""),
        ([IMAGE], "[image attached below]"),
        ([text("seen"), IMAGE], "seen"),
        ([{"type": "tool_reference", "tool_name": "WebFetch"}], "Tool available: WebFetch"),
        ([PDF], "[document: Plan omitted]"),
        ([{"type": "search_result", "title": "T", "source": "S", "content": [text("F")]}], "T\nS\nF"),
    ],
)
def test_a_result_becomes_the_text_of_a_tool_message(content: Any, says: str) -> None:
    assert tool_message(content) == says


@pytest.mark.parametrize(
    ("content", "model_id", "says"),
    [
        ("it broke", "gpt-4.1", "Error: it broke"),
        ("Error: it broke", "gpt-4.1", "Error: it broke"),
        ("ERROR 404", "gpt-4.1", "ERROR 404"),
        ("", "gpt-4.1", "Error: (no output)"),
        ("", "claude-haiku-4.5", "Error: (no output)"),
        ([IMAGE], "gpt-4.1", "Error: [image attached below]"),
    ],
)
def test_a_failed_result_says_so(content: Any, model_id: str, says: str) -> None:
    assert tool_message(content, model_id=model_id, is_error=True) == says


@pytest.mark.parametrize("content", [None, "", " \n", []])
def test_claude_is_told_that_there_was_no_output(content: Any) -> None:
    assert tool_message(content, model_id="claude-haiku-4.5") == "(no output)"


def test_results_come_before_what_the_user_says_even_if_it_was_said_first() -> None:
    messages = sent(
        assistant(use("a"), use("b")), user(text("first"), result("2", "b"), text("second"), result("1", "a"), IMAGE)
    )
    assert messages[1:] == [
        {"role": "tool", "tool_call_id": "b", "content": "2"},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "user", "content": [text("first"), text("second"), PICTURE]},
    ]


def test_a_picture_in_a_result_follows_in_a_message_of_its_own() -> None:
    messages = sent(assistant(use()), user(result([IMAGE, text("<system-reminder>x</system-reminder>")])))
    assert messages[1:] == [
        {"role": "tool", "tool_call_id": "a", "content": "<system-reminder>x</system-reminder>"},
        {"role": "user", "content": [text("Attached output of tool call a:"), PICTURE]},
    ]


def test_a_result_without_an_id_is_refused() -> None:
    with pytest.raises(ClientMistake, match="tool_use_id: is required"):
        translated(user({"type": "tool_result", "content": "1"}))


def test_a_mark_on_or_in_a_result_goes_to_the_tool_message() -> None:
    for block in (result("1") | MARK, result([text("1") | MARK])):
        written = sent(assistant(use()), user(block), model_id="claude-haiku-4.5")
        assert written[1]["copilot_cache_control"] == {"type": "ephemeral"}


# Instructions in mid-conversation


@pytest.mark.parametrize("content", ["Be brief.", [text("Be brief."), text(" ")]])
def test_an_instruction_keeps_its_place(content: Any) -> None:
    assert sent(user(text("a")), {"role": "system", "content": content}, assistant(text("b")), user(text("c"))) == [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]


def test_an_instruction_is_never_taken_for_the_assistants_words() -> None:
    """The original sent every role but user as the assistant's (compat.md §2.7)."""
    for model_id in ("gpt-4.1", "claude-haiku-4.5", "gemini-3.8-flash"):
        written = sent(user(text("a")), {"role": "system", "content": "Be brief."}, model_id=model_id)
        assert [message["role"] for message in written if "Be brief." in str(message)] != ["assistant"]


def test_changes_of_the_tool_list_are_left_out() -> None:
    change = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "f"}}
    done = translated(user(text("a")), {"role": "system", "content": [change]})
    assert done.body["messages"] == [{"role": "user", "content": "a"}]
    assert done.losses == {"messages.content.tool_addition"}


@pytest.mark.parametrize(("clear_at", "stays"), [("next_user_message", False), ("never", True), (None, True)])
def test_an_instruction_for_one_turn_ends_with_it(clear_at: str | None, stays: bool) -> None:
    instruction = {"role": "system", "content": "Now!", "clear_at": clear_at}
    over = sent(user(text("a")), instruction, assistant(text("b")), user(text("c")))
    assert ({"role": "system", "content": "Now!"} in over) is stays
    assert {"role": "system", "content": "Now!"} in sent(user(text("a")), instruction)


# Ends and gaps


def test_a_prefill_is_kept_and_continued() -> None:
    done = translated(user(text("Count.")), assistant(text("1, 2,")))
    assert done.body["messages"][1:] == [
        {"role": "assistant", "content": "1, 2,"},
        {"role": "user", "content": "Continue."},
    ]
    assert done.losses == {"messages.prefill"}


def test_pictures_beyond_the_limit_are_named_as_lost() -> None:
    assert translated(user(*[IMAGE] * 11), model_id="gemini-3.8-flash").losses == {"messages.content.image"}


def test_what_is_left_of_a_block_is_named() -> None:
    block = text("a") | {"citations": [{"type": "page_location"}]}
    assert translated(user(block)).losses == {"messages.content.citations"}
