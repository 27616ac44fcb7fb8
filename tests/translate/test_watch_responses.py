"""A Responses answer on its way through: mended by name, otherwise untouched, and never silently cut."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects import responses
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.responses_decoder import CUT_SHORT
from copilot_api.dialects.sse import SseDecoder, comment, encode
from copilot_api.errors import UpstreamTimeout
from copilot_api.translate.sealed import unseal
from copilot_api.translate.watch_responses import ResponsesWatch
from tests.builders.answers import Answer, Tool, answers, responses_stream, responses_whole
from tests.builders.clients import openai_responses_reads
from tests.builders.models import model

STAMP = Stamp(id="7", created=99, model="asked")
MODEL = model("gpt-5-mini")
ANSWER = Answer(
    thought="hm", signature="RU5D", text="hello", tools=(Tool("f", {"a": 1}, "t"),), stop="tool_use", prompt=9, cached=4
)
STREAM = responses_stream(ANSWER, random.Random(1), gaps=False)
END = b"data: [DONE]\n\n"
CREATED = {"type": "response.created", "sequence_number": 0, "response": {"id": "blob", "status": "in_progress", "output": []}}
NOTHING_FREED: frozenset[tuple[str, str]] = frozenset()


def watching(freed: frozenset[tuple[str, str]] = NOTHING_FREED) -> ResponsesWatch:
    return ResponsesWatch(STAMP, MODEL, request={"input": "q", "instructions": "Be brief."}, freed=freed)


def passed(watch: ResponsesWatch, stream: bytes) -> bytes:
    return b"".join(map(watch.frame, SseDecoder().feed(stream))) + watch.close()


def sent(*events: Json) -> bytes:
    return b"".join(encode(dumps(event), event["type"]) for event in events)


def told(watch: ResponsesWatch, stream: bytes) -> list[Json]:
    return [loads(frame.data) for frame in SseDecoder().feed(passed(watch, stream))]


def test_ids_are_steady_and_everything_else_is_as_it_was() -> None:
    watch = watching()
    after = told(watch, STREAM)
    before = [loads(frame.data) for frame in SseDecoder().feed(STREAM.removesuffix(END))]
    assert [plain(event) for event in after] == [plain(event) for event in before]
    assert watch.repairs == {"ids-steadied", "reasoning-sealed", "end-mark-dropped"}
    assert watch.usage == Counted(prompt=9, cached=4, output=7, nano_aiu=900)
    assert (watch.finished, watch.failed) == (True, None)


@pytest.mark.parametrize("choice", [{"type": "function", "name": "f"}, "auto"])
def test_what_is_repeated_of_the_request_has_the_clients_names(choice: object) -> None:
    places = {("", "f"): ("", "f.1"), ("", "g"): ("", "g")}
    watch = ResponsesWatch(STAMP, MODEL, request={"input": "q"}, tool_names=places)
    begun = CREATED["response"] | {"tools": [{"type": "function", "name": "f"}], "tool_choice": choice}  # type: ignore[operator]
    [created, *_] = told(watch, sent(CREATED | {"response": begun}))
    assert created["response"]["tools"] == [{"type": "function", "name": "f.1"}]
    assert created["response"]["tool_choice"] == (choice if choice == "auto" else {"type": "function", "name": "f.1"})
    assert watch.repairs == {"ids-steadied", "tool-names-restored"}


def plain(event: Any) -> Any:
    """The event without what the repairs above change."""
    if isinstance(event, list):
        return [plain(item) for item in event]
    if not isinstance(event, dict):
        return event
    return {key: plain(value) for key, value in event.items() if key not in {"id", "item_id", "encrypted_content"}}


def test_the_whole_reasoning_comes_back_to_the_model_that_wrote_it() -> None:
    sealed = {item["encrypted_content"] for event in told(watching(), STREAM) for item in reasoning_in(event)} - {""}
    assert [unseal(text, MODEL) for text in sealed] == [("blob-of-abc123", "RU5D")]


def reasoning_in(event: Json) -> list[Json]:
    items = [event.get("item", {}), *event.get("response", {}).get("output", [])]
    return [item for item in items if item.get("type") == "reasoning"]


@given(answer=answers(), seed=st.integers(0, 2**32), interleave=st.booleans())
def test_the_openai_package_reads_the_answer_that_copilot_gave(answer: Answer, seed: int, interleave: bool) -> None:
    stream = responses_stream(answer, random.Random(seed), interleave=interleave, gaps=False)
    read = openai_responses_reads(passed(watching(), stream), strict=False)
    assert read["id"] == "resp_7"
    assert [plain(item) for item in read["output"]] == plain(responses_whole(answer)["output"])


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_what_was_mended_once_passes_untouched(answer: Answer, seed: int) -> None:
    once = passed(watching(), responses_stream(answer, random.Random(seed)))
    again = watching()
    assert passed(again, once) == once
    assert again.repairs == set()


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_a_stream_cut_anywhere_before_its_end_ends_as_a_failure(answer: Answer, seed: int) -> None:
    rnd = random.Random(seed)
    frames = list(SseDecoder().feed(responses_stream(answer, rnd)))
    kept = b"".join(frame.raw for frame in frames[: rnd.randrange(len(frames) - 1)])
    watch = watching()
    events = told(watch, kept)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    last = events[-1]
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"] == {"code": "server_error", "message": CUT_SHORT}
    assert last["response"]["output"] == [e["item"] for e in events if e["type"] == "response.output_item.done"]
    assert (watch.finished, watch.failed is not None) == (False, True)


def test_a_failure_before_anything_came_is_a_whole_stream() -> None:
    watch = watching()
    data = watch.fail(UpstreamTimeout("No answer."))
    events = [loads(frame.data) for frame in SseDecoder().feed(data)]
    assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.failed"]
    assert events[2]["response"]["instructions"] == "Be brief."
    assert watch.close() == b""


def test_a_failure_in_mid_stream_goes_on_counting() -> None:
    watch = watching()
    frames = list(SseDecoder().feed(STREAM))
    before = b"".join(map(watch.frame, frames[:4]))
    last = loads(SseDecoder().feed(watch.fail(UpstreamTimeout("Too slow.")))[0].data)
    assert len(list(SseDecoder().feed(before))) == last["sequence_number"] == 4
    assert (last["response"]["id"], last["response"]["error"]["message"]) == ("resp_7", "Too slow.")
    assert watch.frame(frames[4]) == b""


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "rate_limit_exceeded", "message": "Slow down."},
        {"type": "error", "error": {"code": "user_weekly_rate_limited", "message": "Slow down."}},
        {"type": "response.cancelled", "response": {"error": {"code": "rate_limited", "message": "Slow down."}}},
    ],
)
def test_an_error_is_told_as_the_failed_response_that_clients_wait_for(event: Json) -> None:
    watch = watching()
    events = told(watch, sent(CREATED, event))
    assert events[-1]["response"]["error"] == {"code": "rate_limit_exceeded", "message": "Slow down."}
    assert watch.repairs == {"ids-steadied", "failure-told"}
    assert watch.failed is not None
    assert watch.failed.kind == "rate_limit"


def test_a_failed_response_is_passed_on_in_copilots_words() -> None:
    watch = watching()
    response = {"id": "b", "status": "failed", "error": {"code": "server_error", "message": "Internal server error"}}
    events = told(watch, sent(CREATED, {"type": "response.failed", "sequence_number": 1, "response": response}))
    assert events[-1]["response"] == response | {"id": "resp_7"}
    assert watch.failed is not None
    assert watch.failed.message == "Internal server error"
    assert (watch.finished, len(events)) == (False, 2)


def test_an_incomplete_answer_is_an_end() -> None:
    watch = watching()
    stream = responses_stream(Answer(text="a", stop="max_tokens"), random.Random(1), gaps=False)
    assert told(watch, stream)[-1]["type"] == "response.incomplete"
    assert (watch.finished, watch.failed) == (True, None)


def test_comments_and_unknown_events_are_passed_on() -> None:
    ours = passed(watching(), STREAM)
    start, rest = ours[: ours.index(b"event: response.in_progress")], ours[ours.index(b"event: response.in_progress") :]
    stream = comment("note") + start + b"data: {}\n\n" + comment("x") + b"data: 7\n\n" + rest
    assert passed(watching(), stream) == stream
    unknown = {"type": "keepalive", "sequence_number": 1}
    assert told(watching(), sent(CREATED, unknown))[1] == unknown


def test_an_end_mark_before_the_end_is_dropped() -> None:
    assert passed(watching(), END + STREAM) == passed(watching(), STREAM)


def test_nothing_follows_the_end() -> None:
    watch = watching()
    assert passed(watch, STREAM + sent(CREATED) + comment("late")) == passed(watching(), STREAM)


def test_an_event_without_its_name_or_its_type_gets_one() -> None:
    ours = passed(watching(), STREAM)
    watch = watching()
    assert passed(watch, b"".join(encode(frame.data) for frame in SseDecoder().feed(ours))) == ours
    assert watch.repairs == {"event-named"}
    data = CREATED | {"type": ""}
    first = SseDecoder().feed(watching().frame(SseDecoder().feed(encode(dumps(data), "response.created"))[0]))[0]
    assert (first.event, loads(first.data)["type"]) == ("response.created", "response.created")


def test_events_are_counted_without_gaps() -> None:
    watch = watching()
    events = told(watch, sent(CREATED, {"type": "response.completed", "sequence_number": 7, "response": {"id": "x"}}))
    assert [event["sequence_number"] for event in events] == [0, 1]
    assert watch.repairs == {"ids-steadied", "events-renumbered"}


def test_free_text_reaches_the_client_as_free_text() -> None:
    answer = Answer(tools=(Tool("apply_patch", {"input": "*** Begin Patch"}, "t"), Tool("f", {}, "u")), stop="tool_use")
    stream = responses_stream(answer, random.Random(1), interleave=True, gaps=False)
    watch = watching(freed=frozenset({("", "apply_patch")}))
    read = openai_responses_reads(passed(watch, stream), strict=False)
    assert [(item["type"], item["id"]) for item in read["output"]] == [
        ("custom_tool_call", "ctc_7_0"),
        ("function_call", "fc_7_1"),
    ]
    assert read["output"][0]["input"] == "*** Begin Patch"
    assert {"free-text-unwrapped", "events-renumbered"} <= watch.repairs


def test_an_event_that_is_not_json_fails_the_answer() -> None:
    watch = watching()
    assert told(watch, sent(CREATED) + b"data: {\n\n" + STREAM)[-1]["type"] == "response.failed"


def test_a_whole_answer_is_mended_the_same_way() -> None:
    watch = watching()
    before = responses_whole(ANSWER)
    after = watch.whole(before)
    assert plain(after) == plain(before)
    assert [item["id"] for item in after["output"]] == ["rs_7_0", "msg_7_1", "fc_7_2"]
    assert unseal(after["output"][0]["encrypted_content"], MODEL) == ("blob-of-abc123", "RU5D")
    assert (after["id"], watch.usage) == ("resp_7", Counted(prompt=9, cached=4, output=7, nano_aiu=900))
    assert (watch.finished, watch.failed, watch.repairs) == (True, None, {"ids-steadied", "reasoning-sealed"})
    assert watching().whole(after) is after
    assert before == responses_whole(ANSWER)


def test_a_whole_answer_that_failed_says_so() -> None:
    watch = watching()
    answer = {"id": "x", "status": "failed", "error": {"code": "server_error", "message": "Oh."}}
    assert watch.whole(answer) == answer | {"id": "resp_7"}
    assert watch.failed is not None
    assert (watch.finished, watch.failed.message) == (False, "Oh.")


def test_our_own_answers_pass_as_they_are() -> None:
    events = list(responses.whole(responses_whole(Answer(text="a"))))
    encoder = responses.Encoder(STAMP, request={})
    stream = b"".join(map(encoder.feed, events)) + encoder.close()
    assert passed(watching(), stream) == stream


def test_a_sign_of_life_between_events_takes_a_number_and_after_them_is_a_comment() -> None:
    watch = watching()
    frames = list(SseDecoder().feed(STREAM))
    out = watch.frame(frames[0]) + watch.heartbeat() + b"".join(map(watch.frame, frames[1:]))
    events = [loads(frame.data) for frame in SseDecoder().feed(out)]
    assert events[1] == responses.keepalive() | {"sequence_number": 1}
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert watch.heartbeat() == responses.NOTHING


def test_the_first_sign_of_life_begins_the_answer_and_copilots_beginning_is_left_out() -> None:
    watch = watching()
    beats = watch.heartbeat() + watch.heartbeat()
    events = [loads(frame.data) for frame in SseDecoder().feed(beats + passed(watch, STREAM))]
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["response.created", "keepalive", "response.in_progress"]
    assert kinds.count("response.created") == 1
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert {event["response"]["id"] for event in events if "response" in event} == {"resp_7"}
    begun = events[0]["response"]
    assert (begun["status"], begun["output"], begun["instructions"]) == ("in_progress", [], "Be brief.")


@pytest.mark.parametrize("beaten_before", [0, 1, 3, 99])
def test_signs_of_life_leave_the_answer_as_it_was(beaten_before: int) -> None:
    """The official package is the judge."""
    watch = watching()
    frames = list(SseDecoder().feed(STREAM.removesuffix(END)))
    beaten = b"".join(
        (watch.heartbeat() if at <= beaten_before else b"") + watch.frame(frame) for at, frame in enumerate(frames)
    )
    told = openai_responses_reads(beaten, strict=False)
    assert told == openai_responses_reads(passed(watching(), STREAM), strict=False)


def test_a_failure_after_an_early_beginning_ends_that_answer() -> None:
    watch = watching()
    beat = watch.heartbeat()
    [begun, failed] = [loads(frame.data) for frame in SseDecoder().feed(beat + watch.fail(UpstreamTimeout("silent")))]
    assert (failed["type"], failed["sequence_number"]) == ("response.failed", 1)
    assert failed["response"]["id"] == begun["response"]["id"] == "resp_7"
    assert failed["response"]["error"] == {"code": "server_error", "message": "silent"}
