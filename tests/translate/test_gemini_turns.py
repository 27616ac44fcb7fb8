"""The parts of a Gemini conversation, one by one. Chat shows most; the others show what chat has no room for."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.gemini_parts import sealed
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier
from copilot_api.translate.gemini_to_chat import request as to_chat
from copilot_api.translate.gemini_to_messages import request as to_messages
from copilot_api.translate.request import Request
from tests.builders.models import model

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
INLINE: Json = {"inlineData": {"mimeType": "image/png", "data": PNG}}
PICTURE: Json = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
PDF: Json = {"inlineData": {"mimeType": "application/pdf", "data": "JVBE", "displayName": "Plan"}}
HELLO: Json = {"role": "user", "parts": [{"text": "Hei!"}]}


def translated(*contents: Json, model_id: str = "gpt-4.1", **fields: Any) -> Request:
    return to_chat({"contents": list(contents)} | fields, model(model_id))


def sent(*contents: Json, model_id: str = "gpt-4.1", **fields: Any) -> list[Json]:
    written: list[Json] = translated(*contents, model_id=model_id, **fields).body["messages"]
    return written


def blocks(*contents: Json, model_id: str = "claude-sonnet-4.6") -> list[list[Json]]:
    """The content of each message, as Anthropic gets it, without cache marks."""
    messages = to_messages({"contents": list(contents)}, model(model_id)).body["messages"]
    return [[{k: v for k, v in block.items() if k != "cache_control"} for block in m["content"]] for m in messages]


def user(*parts: Any) -> Json:
    return {"role": "user", "parts": list(parts)}


def spoken(*parts: Any) -> Json:
    return {"role": "model", "parts": list(parts)}


def text(words: str, **fields: Any) -> Json:
    return {"text": words} | fields


def call(name: str = "f", id_: str = "", *, seal: str = "", **args: Any) -> Json:
    own = {"id": id_} if id_ else {}
    return {"functionCall": {"name": name, "args": args} | own} | ({"thoughtSignature": seal} if seal else {})


def response(answer: Any = None, name: str = "f", id_: str = "", **fields: Any) -> Json:
    own = {"id": id_} if id_ else {}
    return {"functionResponse": {"name": name, "response": answer} | own | fields}


# The system instruction


@pytest.mark.parametrize(
    ("instruction", "says"),
    [
        ("Be kind.", "Be kind."),
        ({"parts": [{"text": "Be kind."}]}, "Be kind."),
        ({"role": "user", "parts": [{"text": "Be kind."}, {"text": " "}, {}, {"text": "Be brief."}]}, "Be kind.\n\nBe brief."),
        ({"text": "Be kind."}, "Be kind."),
    ],
)
def test_the_system_instruction_is_one_leading_message(instruction: Any, says: str) -> None:
    done = translated(HELLO, systemInstruction=instruction)
    assert done.body["messages"] == [{"role": "system", "content": says}, {"role": "user", "content": "Hei!"}]
    assert done.losses == set()


@pytest.mark.parametrize("instruction", ["", None, {}, {"parts": []}, {"parts": [{"text": ""}]}])
def test_an_empty_system_instruction_is_none(instruction: Any) -> None:
    assert sent(HELLO, systemInstruction=instruction) == [{"role": "user", "content": "Hei!"}]


def test_a_system_instruction_holds_text() -> None:
    with pytest.raises(ClientMistake) as caught:
        sent(HELLO, systemInstruction={"parts": [INLINE]})
    assert caught.value.param == "systemInstruction.parts.0.inlineData"


# What a user says


@pytest.mark.parametrize(
    ("parts", "becomes"),
    [
        ([text("Hei!")], "Hei!"),
        ([text("Hei!"), text("  \n"), {}, text("Du?")], [{"type": "text", "text": "Hei!"}, {"type": "text", "text": "Du?"}]),
        ([text("Look:"), INLINE], [{"type": "text", "text": "Look:"}, PICTURE]),
        ([{"inlineData": {"mimeType": "text/plain", "data": "SGVpIQ==", "displayName": "a.txt"}}], "a.txt\nHei!"),
        ([{"fileData": {"mimeType": "image/png", "fileUri": "https://example.com/a.png"}}],
         [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
        ([PDF, text("Sum it up.")],
         [{"type": "text", "text": "[document: Plan omitted]"}, {"type": "text", "text": "Sum it up."}]),
    ],
)  # fmt: skip
def test_what_a_user_shows_and_says(parts: list[Json], becomes: Any) -> None:
    assert sent(user(*parts)) == [{"role": "user", "content": becomes}]


@pytest.mark.parametrize("role", [None, "", "user"])
def test_a_content_without_a_role_is_the_users(role: Any) -> None:
    assert sent({"role": role, "parts": [text("Hei!")]}) == [{"role": "user", "content": "Hei!"}]


def test_a_pdf_is_shown_to_who_can_read_it() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}
    assert blocks(user(PDF)) == [[{"type": "document", "source": source, "title": "Plan"}]]


def test_a_pdf_alone_cannot_be_answered_by_chat() -> None:
    with pytest.raises(ClientMistake, match="cannot read PDF") as caught:
        sent(HELLO, spoken(text("Hei!")), user(PDF))
    assert caught.value.param == "contents.2.parts"


def test_a_document_that_cannot_be_shown_is_named() -> None:
    assert translated(user(PDF, text("Sum it up."))).losses == {"contents.parts.inlineData"}


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ({"role": "system", "parts": [text("x")]}, "contents.1.role"),
        (user({"executableCode": {"code": "1"}}), "contents.1.parts.0.executableCode"),
        (user({"functionCall": {"name": "f"}}), "contents.1.parts.0.functionCall"),
        (user({"hologram": 1}), "contents.1.parts.0.hologram"),
        (user("x"), "contents.1.parts.0"),
        ("x", "contents.1"),
        (spoken({"functionResponse": {"name": "f"}}), "contents.1.parts.0.functionResponse"),
        (spoken({"functionCall": {"args": {}}}), "contents.1.parts.0.functionCall.name"),
        (spoken({"functionCall": {"name": "f", "args": "x"}}), "contents.1.parts.0.functionCall.args"),
        (user({"functionResponse": {"response": {}}}), "contents.1.parts.0.functionResponse.name"),
        (user({"functionResponse": {"name": "f", "response": "x"}}), "contents.1.parts.0.functionResponse.response"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(content: Any, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        sent(HELLO, content)
    assert caught.value.param == param


@pytest.mark.parametrize("contents", [[], [user()], [user(text(" "))], [spoken()], [spoken(text("\n"))]])
def test_a_conversation_in_which_nobody_says_anything_is_refused(contents: list[Json]) -> None:
    with pytest.raises(ClientMistake) as caught:
        sent(*contents)
    assert caught.value.param == "contents"


def test_details_of_a_part_are_named_as_lost() -> None:
    done = translated(user(INLINE | {"videoMetadata": {"fps": 1}, "mediaResolution": {"level": "HIGH"}}, text("Hei!")))
    assert done.losses == {"contents.parts.videoMetadata", "contents.parts.mediaResolution"}


# What the model said


def test_text_and_calls_are_one_answer() -> None:
    messages = sent(HELLO, spoken(text("I'll look."), call(city="Oslo", n=2**70)), user(response({"output": "1"})))
    assert messages[1] == {
        "role": "assistant",
        "content": "I'll look.",
        "tool_calls": [
            {
                "id": "gemini_call_1",
                "type": "function",
                "function": {"name": "f", "arguments": '{"city":"Oslo","n":1180591620717411303424}'},
            }
        ],
    }
    assert messages[2] == {"role": "tool", "tool_call_id": "gemini_call_1", "content": "1"}


def test_an_answer_kept_piece_by_piece_as_it_was_streamed_is_one_text() -> None:
    """google-genai for Python keeps every chunk of a stream as a content of its own."""
    streamed = [spoken(text("Hel")), spoken(text("lo")), spoken(text(" ")), spoken(text("you")), spoken(text(""))]
    assert sent(HELLO, *streamed, HELLO)[1] == {"role": "assistant", "content": "Hello you"}
    assert blocks(HELLO, *streamed, HELLO)[1] == [{"type": "text", "text": "Hello you"}]


@pytest.mark.parametrize("kind", ["executableCode", "codeExecutionResult", "toolCall", "toolResponse", "inlineData"])
def test_what_googles_servers_did_is_left_out_and_named(kind: str) -> None:
    done = translated(HELLO, spoken({kind: {"x": 1}}, text("So.")), HELLO)
    assert done.body["messages"][1] == {"role": "assistant", "content": "So."}
    assert done.losses == {f"contents.parts.{kind}"}


def test_a_conversation_that_ends_with_the_model_goes_on() -> None:
    done = translated(HELLO, spoken(text("Well,")))
    assert done.body["messages"][-1] == {"role": "user", "content": "Continue."}
    assert done.losses == {"contents.prefill"}


def test_names_that_upstream_refuses_are_changed_alike_everywhere() -> None:
    tools = [{"functionDeclarations": [{"name": "files.read"}]}]
    done = translated(HELLO, spoken(call("files.read")), user(response({}, "files.read")), tools=tools)
    name = done.body["tools"][0]["function"]["name"]
    assert done.body["messages"][1]["tool_calls"][0]["function"]["name"] == name
    assert done.tool_names == {name: "files.read"}


# Reasoning


def seal(payload: str, model_id: str = "gemini-3.8-flash", origin: Any = "c") -> str:
    return carrier.pack(payload, origin=origin, family=carrier.family(model(model_id)))


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ([call(seal=sealed([seal("o1")]))], {"reasoning_opaque": "o1"}),
        ([text("Hm.", thought=True), call(seal=sealed([seal("o1")]))], {"reasoning_text": "Hm.", "reasoning_opaque": "o1"}),
        ([text("H", thought=True), text("m.", thought=True), text("So", thoughtSignature=sealed([seal("o1")])), call()],
         {"reasoning_text": "Hm.", "reasoning_opaque": "o1"}),
        ([text("Hm.", thought=True, thoughtSignature=sealed([seal("o1")])), call()],
         {"reasoning_text": "Hm.", "reasoning_opaque": "o1"}),
        ([text("Hm.", thought=True), call(seal=sealed([seal("")])), text("", thoughtSignature=sealed([seal("late")]))],
         {"reasoning_text": "Hm.", "reasoning_opaque": "late"}),
        ([call(), {"thoughtSignature": sealed([seal("late")])}], {"reasoning_opaque": "late"}),
        ([text("Hm.", thought=True), call(seal=sealed([seal("")]))], {"reasoning_text": "Hm."}),
    ],
)  # fmt: skip
def test_reasoning_goes_back_to_the_family_that_wrote_it(parts: list[Json], fields: Json) -> None:
    done = translated(HELLO, spoken(*parts), user(response({})), model_id="gemini-3.8-flash")
    message = done.body["messages"][1]
    assert {key: value for key, value in message.items() if key.startswith("reasoning")} == fields
    assert done.losses == set()


@pytest.mark.parametrize(
    "signature",
    [sealed([seal("o1", "grok-4.7")]), sealed([seal("o1", origin="m")]), "c29tZSBzaWduYXR1cmU=", "/+w="],
)
def test_foreign_reasoning_is_left_out_and_named(signature: str) -> None:
    parts = [text("Hm.", thought=True), call(seal=signature)]
    done = translated(HELLO, spoken(*parts), user(response({})), model_id="gemini-3.8-flash")
    assert "reasoning" not in str(done.body["messages"][1])
    assert "Hm." not in str(done.body["messages"])
    assert done.losses == {"contents.parts.thought", "contents.parts.thoughtSignature"}


def test_a_thought_that_nobody_sealed_is_left_out_and_named() -> None:
    done = translated(HELLO, spoken(text("Hm.", thought=True), text("So.")), HELLO, model_id="gemini-3.8-flash")
    assert done.body["messages"][1] == {"role": "assistant", "content": "So."}
    assert done.losses == {"contents.parts.thought"}


@pytest.mark.parametrize("signature", ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go", "", None])
def test_a_stand_in_for_a_signature_is_no_loss(signature: Any) -> None:
    part = call() | {"thoughtSignature": signature}
    assert translated(HELLO, spoken(part), user(response({}))).losses == set()


def test_claude_gets_its_own_thinking_back_with_or_without_its_text() -> None:
    signed = sealed([seal("sig", "claude-sonnet-4.6", "m")])
    thinking = {"type": "thinking", "thinking": "", "signature": "sig"}
    assert blocks(HELLO, spoken(call(seal=signed)), user(response({})))[1][0] == thinking
    shown = spoken(text("Hm.", thought=True), call(seal=signed))
    assert blocks(HELLO, shown, user(response({})))[1][0] == thinking | {"thinking": "Hm."}


def test_of_several_seals_each_stands_for_itself() -> None:
    redacted = seal("data", "claude-sonnet-4.6", "redacted")
    signed = seal("sig", "claude-sonnet-4.6", "m")
    parts = [text("Hm.", thought=True), call(seal=sealed([redacted, signed]))]
    written = blocks(HELLO, spoken(*parts), user(response({})))[1]
    assert [block["type"] for block in written] == ["redacted_thinking", "thinking", "tool_use"]
    assert written[1]["thinking"] == ""


# What functions gave back


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"output": "plain"}, "plain"),
        ({"result": "plain"}, "plain"),
        ({"output": {"a": [1]}}, '{"a":[1]}'),
        ({"temperature": 7, "unit": "C"}, '{"temperature":7,"unit":"C"}'),
        ({"output": "a", "error": ""}, '{"output":"a","error":""}'),
        ({"error": "no such file"}, "Error: no such file"),
        ({"error": {"code": 7}}, 'Error: {"code":7}'),
        ({}, ""),
        (None, ""),
        ({"output": ""}, ""),
    ],
)
def test_a_response_becomes_the_text_of_a_tool_message(answer: Any, says: str) -> None:
    assert sent(HELLO, spoken(call()), user(response(answer)))[2] == {
        "role": "tool",
        "tool_call_id": "gemini_call_1",
        "content": says,
    }


def test_claude_is_told_that_there_was_no_output_and_what_went_wrong() -> None:
    empty, broken = user(response({})), user(response({"error": "broke"}))
    assert sent(HELLO, spoken(call()), empty, model_id="claude-haiku-4.5")[2]["content"] == "(no output)"
    [result] = blocks(HELLO, spoken(call()), broken)[2]
    assert (result["is_error"], result["content"]) == (True, "broke")


def test_a_picture_in_a_response_follows_in_a_message_that_is_not_a_persons() -> None:
    messages = sent(HELLO, spoken(call()), user(response({"output": "seen"}, parts=[INLINE])))
    assert messages[2]["content"] == "seen"
    assert messages[3]["content"] == [{"type": "text", "text": "Attached output of tool call gemini_call_1:"}, PICTURE]


def test_a_picture_in_a_response_stays_there_for_claude() -> None:
    [result] = blocks(HELLO, spoken(call()), user(response({"output": "seen"}, parts=[INLINE])))[2]
    assert [block["type"] for block in result["content"]] == ["text", "image"]


def test_a_picture_beside_a_response_follows_it() -> None:
    messages = sent(HELLO, spoken(call()), user(response({"output": "seen"}), INLINE))
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "user"]
    assert messages[3]["content"] == [PICTURE]


def test_parallel_calls_without_ids_keep_their_responses() -> None:
    calls = spoken(call("f"), call("g"), call("f"))
    messages = sent(HELLO, calls, user(response({"output": "f1"}), response({"output": "f2"}), response({"output": "g"}, "g")))
    answers = {message["tool_call_id"]: message["content"] for message in messages if message["role"] == "tool"}
    assert answers == {"gemini_call_1": "f1", "gemini_call_2": "g", "gemini_call_3": "f2"}


def test_responses_may_come_in_their_old_role_and_in_contents_of_their_own() -> None:
    alone = {"role": "function", "parts": [response({"output": "1"}, id_="x")]}
    messages = sent(HELLO, spoken(call(id_="x")), alone, user(text("And?")))
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "user"]


def test_a_response_without_a_call_is_told_as_text() -> None:
    assert sent(HELLO, user(response({"output": "1"})))[-1]["content"][0]["text"] == "[result of unknown tool call f] 1"


def test_a_call_without_a_response_gets_one() -> None:
    messages = sent(HELLO, spoken(call()), user(text("Never mind.")))
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "user"]
    assert messages[2]["content"] == "No result was provided for this tool call."


def test_what_a_response_says_of_its_schedule_is_named_as_lost() -> None:
    done = translated(HELLO, spoken(call()), user(response({"output": "1"}, scheduling="SILENT", willContinue=False)))
    assert done.losses == {"contents.parts.functionResponse.scheduling"}
