"""What is kept back of an answer until it is known to be one, and what the client gets in the end."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects import messages, responses
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Stamp
from copilot_api.dialects.sse import Sse, SseDecoder, encode
from copilot_api.errors import UpstreamRefused
from copilot_api.translate import Client, Translation, begin
from copilot_api.translate.beginning import MOST_KEPT, Beginning
from copilot_api.translate.repair import Endpoint
from tests.builders.models import model

STAMP = Stamp(id="7", created=99, model="gpt-5-mini")
UNREADABLE = "Encrypted function output content could not be decrypted or decoded"
RESPONSE: Json = {"id": "resp_7", "object": "response", "created_at": 5, "model": "gpt-5-mini", "output": []}
REASONING = {"type": "reasoning", "id": "blob", "summary": [], "encrypted_content": "RU5D"}
USER = {"type": "message", "role": "user", "content": "q"}


def event(kind: str, **fields: Any) -> bytes:
    return encode(dumps({"type": kind} | fields), kind)


def opening(number: int = 0) -> bytes:
    begun = RESPONSE | {"status": "in_progress"}
    created = event("response.created", sequence_number=number, response=begun)
    return created + event("response.in_progress", sequence_number=number + 1, response=begun)


def failed(message: str, code: str = "server_error") -> bytes:
    response = RESPONSE | {"status": "failed", "error": {"code": code, "message": message}}
    return event("response.failed", sequence_number=2, response=response)


ERROR = event("error", code="server_error", message=UNREADABLE, param=None, sequence_number=2)
TEXT = event("response.output_text.delta", sequence_number=2, output_index=0, content_index=0, item_id="msg_7_0", delta="Hei")


def fed(*chunks: bytes, endpoint: Endpoint = "/responses") -> tuple[Beginning, list[Sse]]:
    beginning, decoder = Beginning(endpoint), SseDecoder()
    return beginning, [frame for chunk in chunks for frame in beginning.feed(decoder.feed(chunk))]


def started(client: Client = "responses", *, stream: bool = True) -> Translation:
    """A request whose reasoning Copilot may not be able to read."""
    if client == "responses":
        body: Json = {"model": "gpt-5-mini", "input": [USER, REASONING], "store": False, "stream": stream}
        ask = responses.peek(body)
    else:
        body = {"model": "gpt-5-mini", "max_tokens": 99, "stream": stream, "messages": [{"role": "user", "content": "q"}]}
        ask = messages.peek(body)
    return begin(client=client, body=body, raw=dumps(body), ask=ask, model=model("gpt-5-mini"), stamp=STAMP)


@pytest.mark.parametrize("failure", [failed(UNREADABLE), ERROR])
def test_a_failure_before_any_event_of_the_answer_is_a_refusal(failure: bytes) -> None:
    beginning, handed_on = fed(b": hello\n\n", opening(), failure, b"data: [DONE]\n\n")
    assert handed_on == []
    assert beginning.refusal is not None
    assert (beginning.refusal.status, beginning.refusal.message) == (400, UNREADABLE)
    rest = beginning.rest()
    assert b"".join(frame.raw for frame in rest) == b": hello\n\n" + opening() + failure + b"data: [DONE]\n\n"
    assert beginning.rest() == []


@pytest.mark.parametrize("first", [TEXT, event("response.newest"), b"data: {brok\n\n", b"data: [DONE]\n\n"])
def test_an_answer_is_handed_on_from_its_first_event_on(first: bytes) -> None:
    beginning, handed_on = fed(opening(), first, failed(UNREADABLE))
    assert b"".join(frame.raw for frame in handed_on) == opening() + first + failed(UNREADABLE)
    assert beginning.refusal is None


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Slow down.", "rate_limit_exceeded"),
        ("No.", "quota_exceeded"),
        ("Filtered.", "content_filter"),
        ("prompt token count of 9 exceeds the limit of 5", "server_error"),
    ],
)
def test_what_would_not_have_been_a_400_is_no_refusal(message: str, code: str) -> None:
    beginning, handed_on = fed(opening(), failed(message, code))
    assert beginning.refusal is None
    assert len(handed_on) == 3
    whole = Beginning("/responses")
    whole.look({"status": "failed", "error": {"code": code, "message": message}})
    assert whole.refusal is None


@pytest.mark.parametrize("endpoint", ["/chat/completions", "/v1/messages"])
def test_nothing_is_kept_back_elsewhere(endpoint: Endpoint) -> None:
    beginning, handed_on = fed(opening(), failed(UNREADABLE), endpoint=endpoint)
    assert len(handed_on) == 3
    beginning.look({"status": "failed", "error": {"message": UNREADABLE}})
    assert beginning.refusal is None


def test_what_was_released_is_the_answer() -> None:
    beginning, _ = fed(opening())
    decoder = SseDecoder()
    assert len(beginning.release()) == 2
    assert len(list(beginning.feed(decoder.feed(failed(UNREADABLE))))) == 1
    assert beginning.refusal is None


def test_where_nothing_was_kept_back_nothing_is_released() -> None:
    beginning, _ = fed()
    assert beginning.release() == []
    decoder = SseDecoder()
    assert list(beginning.feed(decoder.feed(opening()))) == []


def test_a_heartbeat_is_best_the_beginning_of_the_answer() -> None:
    work = started()
    work.feed(opening())
    assert work.heartbeat() == opening()
    assert b'"keepalive"' in work.heartbeat()
    assert work.feed(failed(UNREADABLE))
    assert (work.refused, work.failed is not None) == (None, True), "the client has the beginning of this answer"


def test_what_a_sign_of_life_has_begun_is_not_begun_again_by_another_translation() -> None:
    first, second = started("messages"), started("messages")
    begun = first.heartbeat() + first.heartbeat()
    assert begun.count(b"event: message_start") == 1
    second.follow(first)
    assert b"message_start" not in told(second, opening() + TEXT)


def test_a_heartbeat_does_not_tell_of_a_refusal_that_may_be_mended() -> None:
    work = started()
    work.feed(opening() + failed(UNREADABLE))
    begun = loads(SseDecoder().feed(work.heartbeat())[0].data)
    assert (begun["type"], begun["response"]["status"]) == ("response.created", "in_progress"), "an answer of ours"
    assert work.refused is not None


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_inside_an_answer_leads_to_the_same_request_as_a_400(stream: bool) -> None:
    said, inside = started(stream=stream), started(stream=stream)
    again = said.after_refusal(UpstreamRefused(UNREADABLE, status=400))
    if stream:
        assert inside.feed(opening() + failed(UNREADABLE)) == b""
    else:
        inside.look(dumps(RESPONSE | {"status": "failed", "error": {"message": UNREADABLE}}))
    assert inside.refused is not None
    assert inside.after_refusal(inside.refused) == again
    assert inside.request == said.request
    assert loads(inside.request)["input"] == [USER]
    assert inside.repairs == said.repairs
    inside.start_over()
    assert inside.refused is None


def test_refusals_of_both_kinds_count_together() -> None:
    body: Json = {"model": "gpt-5-mini", "input": [USER, REASONING], "stream": True} | {f"field_{n}": n for n in range(3)}
    work = begin(
        client="responses", body=body, raw=dumps(body), ask=responses.peek(body), model=model("gpt-5-mini"), stamp=STAMP
    )
    lost = "input item ID does not belong to this connection"
    for n, message in enumerate([*(f"Unknown parameter: 'field_{n}'." for n in range(3)), lost]):
        work.feed(opening() + failed(message))
        assert work.refused is not None
        said = work.refused if n % 2 else UpstreamRefused(message, status=400)
        assert work.after_refusal(said) is not None
        work.start_over()
    work.feed(opening() + failed(UNREADABLE))
    assert work.refused is not None
    assert work.after_refusal(work.refused) is None, "four changes and no more"
    assert work.repairs == ("store-off", "refused-field-dropped", "ids-forgotten")
    assert {lesson.name for lesson in work.lessons} == {"field_0", "field_1", "field_2"}


def test_only_a_whole_answer_that_failed_is_refused() -> None:
    for body in (dumps(RESPONSE | {"status": "completed", "text": "failed"}), b'{"failed', b'["failed"]'):
        work = started(stream=False)
        work.look(body)
        assert work.refused is None


CUTS = st.lists(st.integers(1, 700), max_size=6)
LIMITED = failed("Slow down.", "rate_limited")
ENDINGS = st.sampled_from([failed(UNREADABLE), ERROR, TEXT + failed(UNREADABLE), LIMITED, TEXT, b""])


def chopped(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def told(work: Translation, *chunks: bytes) -> bytes:
    return b"".join([*map(work.feed, chunks), work.close()])


@pytest.mark.parametrize("client", ["responses", "messages"])
@given(ending=ENDINGS, cuts=CUTS)
def test_what_was_kept_back_reaches_the_client_in_the_end(client: Client, ending: bytes, cuts: list[int]) -> None:
    """Law 1 with a beginning: whatever the chunks, the same bytes as if nothing had been kept back."""
    plain = started(client)
    at_once = plain.feed(opening()) + plain.release() + plain.feed(ending) + plain.close()
    assert told(started(client), *chopped(opening() + ending, cuts)) == at_once


@pytest.mark.parametrize("client", ["responses", "messages"])
@given(ending=st.sampled_from([failed(UNREADABLE), ERROR]), cuts=CUTS, beats=st.integers(0, 2))
def test_the_client_reads_one_answer_however_many_were_refused(
    client: Client, ending: bytes, cuts: list[int], beats: int
) -> None:
    """Signs of life before the answer begins are no part of any; what one of them has begun is not begun again."""
    work, plain = started(client), started(client)
    before = [work.heartbeat() for _ in range(beats)]
    assert before == [plain.heartbeat() for _ in range(beats)]
    for chunk in chopped(opening() + ending, cuts):
        assert work.feed(chunk) == b""
    assert work.refused is not None
    work.start_over()
    assert told(work, opening() + TEXT) == told(plain, opening() + TEXT)


def test_what_never_begins_is_not_kept_for_ever() -> None:
    still = event("response.in_progress", response=RESPONSE)
    beginning, handed_on = fed(*[still] * (MOST_KEPT + 5))
    assert len(handed_on) == MOST_KEPT + 5
    assert beginning.release() == []
