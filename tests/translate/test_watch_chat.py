"""A Chat answer on its way through: untouched, unless one of Copilot's known faults is in it."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.errors import UpstreamBroke, UpstreamTimeout
from copilot_api.translate.watch_chat import ChatWatch

STAMP = Stamp(id="7", created=99, model="asked")
HEAD: Json = {"id": "x", "object": "chat.completion.chunk", "created": 5, "model": "up"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2}
DONE = b"data: [DONE]\n\n"


def chunk(*, index: int = 0, finish: str | None = None, **delta: Any) -> Json:
    return HEAD | {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def watching(*, wants_usage: bool = False, merges: bool = True) -> ChatWatch:
    return ChatWatch(STAMP, wants_usage=wants_usage, merges=merges)


def passed(watch: ChatWatch, *chunks: Json | bytes, end: bool = True) -> bytes:
    data = b"".join(c if isinstance(c, bytes) else encode(dumps(c)) for c in chunks)
    out = b"".join(map(watch.frame, SseDecoder().feed(data)))
    return out + watch.close() if end else out


def deltas(data: bytes) -> list[Json]:
    return [loads(f.data)["choices"][0]["delta"] for f in SseDecoder().feed(data) if f.data != b"[DONE]"]


def test_a_faultless_stream_is_passed_on_byte_for_byte() -> None:
    watch = watching()
    stream = encode(dumps(chunk(role="assistant", content=""))) + b": note\n\n" + encode(dumps(chunk(content="a")))
    stream += encode(dumps(chunk(finish="stop"))) + DONE
    assert passed(watch, stream) == stream
    assert (watch.repairs, watch.finished, watch.failed) == (set(), True, None)


def test_odd_spacing_and_unknown_fields_are_passed_on() -> None:
    stream = b'data:  {"id":"x", "object":"chat.completion.chunk","created":5,"model":"up","new":1e2,\r\n'
    stream += b'data: "choices":[{"index":0,'
    stream += b'"delta":{"content":"a","x":12345678901234567890123}}]}\r\n\r\n'
    assert passed(watching(), stream, end=False) == stream


def test_the_filter_report_at_the_start_is_dropped() -> None:
    watch = watching()
    assert passed(watch, {"choices": [], "id": "", "prompt_filter_results": []}, end=False) == b""
    assert watch.repairs == {"empty-chunk-dropped"}


@pytest.mark.parametrize("missing", ["id", "object", "created", "model"])
def test_what_a_chunk_leaves_out_is_filled_in_from_the_first_that_says_it(missing: str) -> None:
    watch = watching()
    second = {key: value for key, value in chunk(content="b").items() if key != missing}
    frames = list(SseDecoder().feed(passed(watch, chunk(content="a"), second, end=False)))
    assert loads(frames[1].data) | {"choices": []} == HEAD | {"choices": []}
    assert watch.repairs == {"fields-filled"}


def test_what_no_chunk_says_is_ours() -> None:
    watch = watching()
    data = loads(SseDecoder().feed(passed(watch, {"choices": [{"index": 0, "delta": {}}]}, end=False))[0].data)
    assert (data["id"], data["created"], data["model"]) == ("chatcmpl-7", 99, "asked")


def test_choices_of_claude_are_one_choice() -> None:
    watch = watching()
    data = passed(watch, chunk(index=1, content="a"), end=False)
    assert loads(SseDecoder().feed(data)[0].data)["choices"][0]["index"] == 0
    assert watch.repairs == {"choices-merged"}


def test_choices_that_were_asked_for_are_kept_apart() -> None:
    stream = encode(dumps(chunk(index=1, content="a")))
    assert passed(watching(merges=False), stream, end=False) == stream


def test_reasoning_is_shown_under_the_name_that_clients_read() -> None:
    watch = watching()
    assert deltas(passed(watch, chunk(reasoning_text="hm"), end=False)) == [{"reasoning_text": "hm", "reasoning_content": "hm"}]
    assert watch.repairs == {"reasoning-shown"}


def test_reasoning_under_its_former_name_is_shown_too() -> None:
    assert deltas(passed(watching(), chunk(cot_summary="hm"), end=False)) == [{"cot_summary": "hm", "reasoning_content": "hm"}]


def test_the_role_stands_in_the_first_piece_and_in_no_other() -> None:
    watch = watching()
    data = passed(watch, *(chunk(role="assistant", content=piece) for piece in "ab"), end=False)
    assert deltas(data) == [{"role": "assistant", "content": "a"}, {"content": "b"}]
    assert watch.repairs == {"role-once"}


def test_a_role_of_null_is_none() -> None:
    watch = watching()
    assert deltas(passed(watch, chunk(role=None, content="a"), end=False)) == [{"content": "a"}]
    assert watch.repairs == {"role-once"}


def test_each_of_several_choices_keeps_its_role() -> None:
    stream = b"".join(encode(dumps(chunk(index=n, role="assistant", content="a"))) for n in range(2))
    assert passed(watching(merges=False), stream, end=False) == stream


def test_padding_is_dropped() -> None:
    assert deltas(passed(watching(), chunk(content="a", padding="xxxx"), end=False)) == [{"content": "a"}]


def test_pieces_of_calls_get_the_index_and_type_they_lack() -> None:
    watch = watching()
    first = {"id": "a", "function": {"name": "f", "arguments": "{}"}}
    second = {"id": "b", "function": {"name": "g", "arguments": ""}}
    more = {"function": {"arguments": "{}"}}
    data = passed(watch, *(chunk(tool_calls=[piece]) for piece in (first, second, more)), end=False)
    calls = [delta["tool_calls"][0] for delta in deltas(data)]
    assert calls == [first | {"index": 0, "type": "function"}, second | {"index": 1, "type": "function"}, more | {"index": 1}]
    assert watch.repairs == {"tool-call-completed"}


def test_claudes_calls_in_other_choices_are_numbered_through() -> None:
    pieces = [{"index": 0, "id": id_, "type": "function", "function": {"name": "f", "arguments": ""}} for id_ in ("a", "b")]
    data = passed(watching(), *(chunk(index=n + 1, tool_calls=[piece]) for n, piece in enumerate(pieces)), end=False)
    assert [delta["tool_calls"][0]["index"] for delta in deltas(data)] == [0, 1]


def test_complete_calls_are_passed_on() -> None:
    opened = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}
    stream = b"".join(encode(dumps(chunk(tool_calls=[p]))) for p in (opened, {"index": 0, "function": {"arguments": "{}"}}))
    assert passed(watching(), stream, end=False) == stream


def test_a_stop_after_calls_is_corrected() -> None:
    watch = watching()
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    data = passed(watch, chunk(tool_calls=[call]), chunk(finish="stop"), DONE)
    assert b'"finish_reason":"tool_calls"' in data
    assert watch.repairs == {"finish-corrected"}


def test_usage_is_counted_and_hidden_from_who_did_not_ask() -> None:
    watch = watching()
    data = passed(watch, chunk(content="a"), chunk(finish="stop"), HEAD | {"choices": [], "usage": USAGE}, DONE)
    assert b"usage" not in data
    assert watch.usage == Counted(prompt=3, output=2)
    assert watch.repairs == {"usage-hidden"}


def test_usage_on_the_last_chunk_is_hidden_too() -> None:
    watch = watching()
    data = passed(watch, chunk(finish="stop") | {"usage": USAGE, "copilot_usage": {"total_nano_aiu": 4}})
    assert (b"usage" in data, watch.usage) == (False, Counted(prompt=3, output=2, nano_aiu=4))


def test_usage_reaches_who_asked_for_it() -> None:
    stream = encode(dumps(chunk(finish="stop"))) + encode(dumps(HEAD | {"choices": [], "usage": USAGE})) + DONE
    assert passed(watching(wants_usage=True), stream) == stream
    odd = HEAD | {"choices": None, "usage": USAGE}
    assert b'"choices":[]' in passed(watching(wants_usage=True), odd, end=False)


def test_a_missing_end_mark_is_added_and_nothing_follows_it() -> None:
    watch = watching()
    assert passed(watch, chunk(finish="stop")).endswith(DONE)
    assert watch.frame(SseDecoder().feed(encode(b"{}"))[0]) == b""
    assert watch.close() == b""


@pytest.mark.parametrize("end", [b"", DONE])
def test_a_stream_cut_short_ends_with_an_error(end: bytes) -> None:
    watch = watching()
    data = passed(watch, chunk(content="a"), end)
    assert b"[DONE]" not in data
    assert "error" in loads(list(SseDecoder().feed(data))[-1].data)
    assert watch.failed is not None


def test_an_error_of_copilots_is_the_last_thing_in_openais_form() -> None:
    watch = watching()
    data = passed(watch, chunk(content="a"), {"error": {"message": "slow", "code": "rate_limited"}}, chunk(content="b"))
    assert loads(list(SseDecoder().feed(data))[-1].data)["error"] | {"param": 0} == {
        "message": "slow",
        "type": "rate_limit_error",
        "param": 0,
        "code": "rate_limited",
    }


def test_what_is_not_json_is_an_error() -> None:
    assert b'"error"' in passed(watching(), chunk(content="a"), b"data: {oops\n\n")


def test_what_is_no_object_is_passed_over() -> None:
    assert passed(watching(), b"data: [1]\n\n", end=False) == b""


def test_a_problem_of_our_own_ends_the_stream() -> None:
    watch = watching()
    assert b"silent" in watch.fail(UpstreamTimeout("silent"))
    assert watch.close() == b""


def whole_choice(**message: Any) -> Json:
    return {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a", **message}}


def test_a_faultless_whole_answer_is_the_same_object() -> None:
    watch = watching()
    answer = HEAD | {"object": "chat.completion", "choices": [whole_choice()], "usage": USAGE}
    assert watch.whole(answer) is answer
    assert (watch.usage, watch.repairs, watch.finished) == (Counted(prompt=3, output=2), set(), True)


def test_a_whole_answer_gets_the_fields_it_lacks() -> None:
    watch = watching()
    answer = watch.whole({"id": "x", "model": "up", "choices": [whole_choice()]})
    assert (answer["id"], answer["object"], answer["created"], answer["model"]) == ("x", "chat.completion", 99, "up")
    assert watch.repairs == {"fields-filled"}


def test_the_choices_of_a_whole_answer_are_completed() -> None:
    watch = watching()
    message = {"padding": "xx", "tool_calls": [{"id": "a"}], "reasoning_text": "hm"}
    answer = watch.whole(HEAD | {"object": "chat.completion", "choices": [{"finish_reason": "stop", "message": message}]})
    expected = {"tool_calls": [{"id": "a"}], "reasoning_text": "hm", "content": None, "reasoning_content": "hm"}
    assert answer["choices"] == [{"index": 0, "finish_reason": "tool_calls", "message": expected}]
    assert watch.repairs == {"choices-completed"}


def test_split_choices_are_merged_unless_they_were_asked_for() -> None:
    split = [
        {"finish_reason": "tool_calls", "message": {"role": "assistant", "content": "I'll check.", "reasoning_opaque": "s"}},
        {"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [{"id": "a"}]}},
    ]
    watch = watching()
    [merged] = watch.whole({"choices": split})["choices"]
    assert (merged["index"], merged["finish_reason"]) == (0, "tool_calls")
    said = {"role": "assistant", "content": "I'll check.", "reasoning_opaque": "s", "tool_calls": [{"id": "a"}]}
    assert merged["message"] == said
    assert "choices-merged" in watch.repairs
    assert len(watching(merges=False).whole({"choices": split})["choices"]) == 2


def test_split_choices_without_text_or_finish() -> None:
    [merged] = watching().whole({"choices": [{"message": {"role": "assistant"}}, {"message": {}}]})["choices"]
    assert (merged["message"]["content"], merged["finish_reason"]) == (None, None)


def naming(**names: str) -> ChatWatch:
    return ChatWatch(STAMP, wants_usage=False, merges=True, tool_names=names)


def test_tools_are_called_by_the_clients_own_names() -> None:
    watch = naming(files_read="files.read")
    pieces = [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "files_read", "arguments": ""}},
        {"index": 0, "function": {"arguments": "{}"}},
        {"index": 1, "id": "b", "type": "function", "function": {"name": "other", "arguments": "{}"}},
    ]
    data = passed(watch, *(chunk(tool_calls=[piece]) for piece in pieces), end=False)
    named = pieces[0] | {"function": {"name": "files.read", "arguments": ""}}
    assert [delta["tool_calls"][0] for delta in deltas(data)] == [named, *pieces[1:]]
    assert watch.repairs == {"tool-names-restored"}


def test_so_they_are_in_a_whole_answer() -> None:
    watch = naming(files_read="files.read")
    call = {"id": "a", "type": "function", "function": {"name": "files_read", "arguments": "{}"}}
    answer = HEAD | {
        "object": "chat.completion",
        "choices": [whole_choice(tool_calls=[call]) | {"finish_reason": "tool_calls"}],
    }
    [choice] = watch.whole(answer)["choices"]
    assert choice["message"]["tool_calls"] == [call | {"function": {"name": "files.read", "arguments": "{}"}}]
    assert watch.repairs == {"tool-names-restored"}
    plain = HEAD | {"object": "chat.completion", "choices": [whole_choice()]}
    assert naming(files_read="files.read").whole(plain) is plain


def test_an_answer_that_says_it_failed_is_a_failure() -> None:
    watch = watching()
    data = passed(watch, chunk(content="a"), chunk(finish="error"), DONE)
    assert b"[DONE]" not in data
    assert (watch.repairs, str(watch.failed)) == ({"failure-told"}, "Copilot reported an error instead of an end")
    with pytest.raises(UpstreamBroke):
        watching().whole(HEAD | {"choices": [whole_choice() | {"finish_reason": "error"}]})


def test_a_call_of_nothing_but_blanks_is_ended() -> None:
    watch = watching()
    opened = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"a":'}}
    blanks = {"index": 0, "function": {"arguments": " " * 1500}}
    data = passed(watch, *(chunk(tool_calls=[piece]) for piece in (opened, blanks, blanks)), chunk(content="more"))
    assert list(SseDecoder().feed(data))[-1].data.startswith(b'{"error"')
    assert b"more" not in data
    assert watch.repairs == {"runaway-stopped"}


def test_a_heartbeat_is_what_every_reader_skips() -> None:
    assert ChatWatch(STAMP, wants_usage=False, merges=True).heartbeat() == b": keep-alive\n\n"
