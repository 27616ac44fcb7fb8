"""Gemini towards clients: what we read of a request, and what we write, in both framings of a stream."""

from typing import Any

import pytest

from copilot_api.dialects import gemini
from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.events import Closed, Counted, Event, Failed, Opened, Stamp, Text, Thought, ToolInput, ToolOpened
from copilot_api.errors import (
    ClientMistake,
    CopilotApiError,
    ModelUnknown,
    SlowDown,
    UpstreamBroke,
    UpstreamRefused,
    UpstreamTimeout,
)
from tests.builders.gemini_client import StreamRefused, array_responses, put_together, sdk_responses

STAMP = Stamp(id="7", created=99, model="gpt-x")
SSE: Json = {"alt": "sse", "generationConfig": {"thinkingConfig": {"includeThoughts": True}}}
ARRAY: Json = SSE | {"alt": "json"}
SPOKEN: tuple[Event, ...] = (
    Opened(id="up", model="gpt-x-2025"),
    Thought(text="Hm."),
    Thought(signature="s"),
    Text(text="Hei"),
    Text(text="!"),
    ToolOpened(index=0, id="c0", name="f"),
    ToolInput(index=0, json='{"a":1}'),
    Counted(prompt=10, output=5, cached=4, reasoning=2),
    Closed(reason="tool_use"),
)
USAGE = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 3,
    "totalTokenCount": 15,
    "cachedContentTokenCount": 4,
    "thoughtsTokenCount": 2,
}


def pieces(*events: Event, request: Json) -> list[bytes]:
    encoder = gemini.Encoder(STAMP, request=request)
    written = [*map(encoder.feed, events), encoder.close()]
    return [piece for piece in written if piece]


def user(*parts: Json) -> Json:
    return {"role": "user", "parts": list(parts)}


# Requests


def test_peek_reads_what_the_proxy_must_know() -> None:
    ask = gemini.peek(
        {"model": "m", "stream": True, "contents": [user({"text": "q"})], "generationConfig": {"maxOutputTokens": 9}}
    )
    assert (ask.model, ask.stream, ask.initiator, ask.has_images, ask.max_output) == ("m", True, "user", False, 9)


@pytest.mark.parametrize(
    "part",
    [
        {"inlineData": {"mimeType": "image/png", "data": ""}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://example.com/a.png"}},
        {"functionResponse": {"name": "f", "parts": [{"inlineData": {"mimeType": "image/png"}}]}},
    ],
)
def test_pictures_are_seen_wherever_they_stand(part: Json) -> None:
    assert gemini.peek({"model": "m", "contents": [user(part)]}).has_images is True


@pytest.mark.parametrize("odd", ["x", None, {"parts": "x"}, user({"inlineData": "x"}), user({"inlineData": {"mimeType": 7}})])
def test_contents_of_no_known_form_hold_no_picture(odd: Any) -> None:
    ask = gemini.peek({"model": "m", "contents": [odd], "generationConfig": "x"})
    assert (ask.has_images, ask.max_output, ask.stream) == (False, None, False)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": ""}, "model"),
        ({"model": "m"}, "contents"),
        ({"model": "m", "contents": []}, "contents"),
        ({"model": "m", "contents": "q"}, "contents"),
    ],
)
def test_peek_refuses_what_names_no_model_or_says_nothing(body: Json, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        gemini.peek(body)
    assert caught.value.param == param


# Answers


def test_every_event_is_a_whole_response_and_the_last_one_counts() -> None:
    first, second, third, last = sdk_responses(pieces(*SPOKEN, request=SSE))
    head = {"modelVersion": "gpt-x", "responseId": "7"}
    thought, seal = {"text": "Hm.", "thought": True}, {"thoughtSignature": "cw=="}
    assert first == {"candidates": [{"content": {"parts": [thought], "role": "model"}, "index": 0}]} | head
    assert second["candidates"][0]["content"]["parts"] == [{"text": "Hei"} | seal]
    assert third["candidates"][0]["content"]["parts"] == [{"text": "!"}]
    call = {"functionCall": {"id": "c0", "name": "f", "args": {"a": 1}}}
    candidate = {"content": {"parts": [call], "role": "model"}, "finishReason": "STOP", "index": 0}
    assert last == {"candidates": [candidate], "usageMetadata": USAGE} | head


def test_a_stream_has_data_only_and_no_end_mark() -> None:
    stream = b"".join(pieces(*SPOKEN, request=SSE))
    assert stream.startswith(b"data: {")
    assert b"event:" not in stream
    assert b"[DONE]" not in stream


def test_without_sse_the_stream_is_one_array_that_grows() -> None:
    written = pieces(*SPOKEN, request=ARRAY)
    assert [piece[:2] for piece in written] == [b"[{", b",\r", b",\r", b",\r"]
    assert array_responses(b"".join(written)) == sdk_responses(pieces(*SPOKEN, request=SSE))
    [alone] = pieces(Opened(), Closed(reason="stop"), request={})
    assert len(array_responses(alone)) == 1


@pytest.mark.parametrize("alt", ["sse", "json"])
def test_heartbeats_do_no_harm_anywhere(alt: str) -> None:
    written = pieces(*SPOKEN, request=SSE | {"alt": alt})
    beating = [piece for chunk in written for piece in (gemini.HEARTBEAT, chunk)]
    if alt == "sse":
        assert sdk_responses(beating) == sdk_responses(written)
    else:
        assert array_responses(b"".join(beating)) == array_responses(b"".join(written))


def test_a_whole_answer_is_one_response() -> None:
    answer = gemini.collect(SPOKEN, STAMP, request=SSE)
    thought, seal = {"text": "Hm.", "thought": True}, {"thoughtSignature": "cw=="}
    call = {"functionCall": {"id": "c0", "name": "f", "args": {"a": 1}}}
    assert answer["candidates"] == [
        {
            "content": {"parts": [thought, {"text": "Hei!"} | seal, call], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }
    ]
    assert (answer["usageMetadata"], answer["modelVersion"], answer["responseId"]) == (USAGE, "gpt-x", "7")
    assert put_together(sdk_responses(pieces(*SPOKEN, request=SSE))) == answer


@pytest.mark.parametrize("config", [None, {}, {"thinkingConfig": {}}, {"thinkingConfig": {"includeThoughts": False}}])
def test_thoughts_are_hidden_unless_they_were_asked_for(config: Any) -> None:
    answer = gemini.collect(SPOKEN, STAMP, request={"generationConfig": config})
    assert "Hm." not in str(answer)
    assert b"Hm." not in b"".join(pieces(*SPOKEN, request={"alt": "sse", "generationConfig": config}))


def test_an_empty_answer_has_an_empty_text() -> None:
    events: list[Event] = [Opened(), Closed(reason="refusal")]
    answer = gemini.collect(events, STAMP, request=SSE)
    assert answer["candidates"] == [
        {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "SAFETY", "index": 0}
    ]
    assert sdk_responses(pieces(*events, request=SSE)) == [answer]


def test_calls_that_are_none_end_the_answer_as_geminis_own() -> None:
    events: list[Event] = [
        Opened(),
        ToolOpened(index=0, id="c", name="f"),
        ToolInput(index=0, json="{"),
        Closed(reason="tool_use"),
    ]
    [candidate] = gemini.collect(events, STAMP, request=SSE)["candidates"]
    assert candidate["content"]["parts"] == [{"text": ""}]
    assert (candidate["finishReason"], "a call of f" in candidate["finishMessage"]) == ("MALFORMED_FUNCTION_CALL", True)


# Failures


def test_a_failure_in_mid_stream_is_told_bare_so_that_the_sdks_see_it() -> None:
    *before, last = pieces(Opened(), Text(text="a"), Failed(problem=UpstreamBroke("gone", hint="try again")), request=SSE)
    assert loads(last) == {
        "error": {
            "code": 502,
            "message": "gone (try again)",
            "status": "UNAVAILABLE",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "UPSTREAM_BROKE", "domain": "copilot-api"}
            ],
        }
    }
    assert last.startswith(b'{"error":')
    with pytest.raises(StreamRefused, match="UNAVAILABLE"):
        sdk_responses([*before, last])
    with pytest.raises(StreamRefused, match="Incomplete JSON"):
        sdk_responses([b"".join([*before, last])])


@pytest.mark.parametrize("before", [[], [Text(text="a")]])
def test_in_an_array_a_failure_is_the_last_element(before: list[Event]) -> None:
    written = b"".join(pieces(Opened(), *before, Failed(problem=UpstreamBroke("gone")), request=ARRAY))
    responses = array_responses(written)
    assert len(responses) == len(before) + 1
    assert responses[-1]["error"]["message"] == "gone"


@pytest.mark.parametrize("request_", [SSE, ARRAY])
def test_a_stream_that_is_never_closed_ends_with_an_error(request_: Json) -> None:
    assert b'{"error":' in pieces(Opened(), Text(text="a"), request=request_)[-1]


@pytest.mark.parametrize("events", [[], [Opened(), Text(text="a")]])
def test_an_answer_that_is_never_closed_is_none(events: list[Event]) -> None:
    with pytest.raises(UpstreamBroke):
        gemini.collect(events, STAMP, request=SSE)


def test_a_failed_answer_raises_its_problem() -> None:
    problem = UpstreamBroke("gone")
    with pytest.raises(UpstreamBroke) as caught:
        gemini.collect([Opened(), Failed(problem=problem)], STAMP, request=SSE)
    assert caught.value is problem


@pytest.mark.parametrize(
    ("problem", "code", "status"),
    [
        (ClientMistake("x"), 400, "INVALID_ARGUMENT"),
        (ModelUnknown("no model x"), 404, "NOT_FOUND"),
        (SlowDown("wait", retry_after_s=3), 429, "RESOURCE_EXHAUSTED"),
        (UpstreamTimeout("silent"), 504, "DEADLINE_EXCEEDED"),
        (UpstreamRefused("spent", status=402, kind="billing", code="quota_exceeded"), 402, "RESOURCE_EXHAUSTED"),
        (UpstreamRefused("busy", status=429, kind="overloaded"), 503, "UNAVAILABLE"),
        (UpstreamRefused("old", status=466, kind="invalid_request"), 400, "INVALID_ARGUMENT"),
        (UpstreamRefused("bad", status=422, kind="invalid_request"), 422, "INVALID_ARGUMENT"),
        (UpstreamRefused("gone", status=502), 502, "UNAVAILABLE"),
        (UpstreamRefused("odd", status=599), 500, "INTERNAL"),
        (UpstreamRefused("no", status=403, kind="permission"), 403, "PERMISSION_DENIED"),
        (UpstreamRefused("long", status=400, kind="context_overflow"), 400, "INVALID_ARGUMENT"),
    ],
)
def test_problems_as_googles_clients_know_them(problem: CopilotApiError, code: int, status: str) -> None:
    assert gemini.status(problem) == code
    failure = gemini.error(problem)["error"]
    assert (failure["code"], failure["status"], failure["message"]) == (code, status, problem.text)


def test_details_say_what_happened_and_when_to_come_back() -> None:
    kind = "type.googleapis.com/google.rpc."
    assert gemini.error(SlowDown("wait", retry_after_s=3))["error"]["details"] == [
        {"@type": f"{kind}ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED", "domain": "copilot-api"},
        {"@type": f"{kind}RetryInfo", "retryDelay": "3s"},
    ]
    dated = UpstreamRefused("wait", status=429, kind="rate_limit", retry_after="Fri, 20 Nov 2026 10:00:00 GMT")
    assert "details" not in gemini.error(dated)["error"]


def test_usage_names_only_what_there_is() -> None:
    assert gemini.usage(Counted(prompt=3, output=2)) == {
        "promptTokenCount": 3,
        "candidatesTokenCount": 2,
        "totalTokenCount": 5,
    }
    assert gemini.usage(Counted(output=2, reasoning=5))["candidatesTokenCount"] == 0


def test_a_heartbeat_is_a_blank_line() -> None:
    assert gemini.Encoder(STAMP, request={"alt": "sse"}).heartbeat() == b"\n"
