"""What the log and the headers tell of a request."""

import asyncio
import time
from functools import partial
from typing import Any

import pytest

from copilot_api.dialects import messages
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Stamp
from copilot_api.errors import ClientMistake, SlowDown, UpstreamRefused, UpstreamTimeout
from copilot_api.server.calibration import Calibration
from copilot_api.server.errand import Errand, notes
from copilot_api.server.repair_book import RepairBook
from copilot_api.server.sink import NotReading
from copilot_api.tokens import Counter
from copilot_api.translate import Translation, begin
from copilot_api.upstream.clock import SystemClock
from tests.builders.models import model


def errand(book: RepairBook | None = None, **fields: Any) -> Errand:
    body: Json = {"model": "gpt-4.1", "max_tokens": 5, "messages": [{"role": "user", "content": "canary"}], **fields}
    ask = messages.peek(body)
    start = partial(begin, client="messages", body=body, raw=dumps(body), ask=ask, stamp=Stamp(id="", created=0, model="m"))

    def again(other: object) -> Translation:
        return start(model=model("gpt-4.1"))

    return Errand(
        client="messages",
        ask=ask,
        body=body,
        size_bytes=100,
        model=model("gpt-4.1"),
        begin=again,
        work=again(None),
        started=time.monotonic(),
        counted=Calibration(Counter(), SystemClock()).offer,
        repaired=(book or RepairBook(SystemClock())).note,
        used=lambda _: None,
    )


@pytest.mark.parametrize(
    ("error", "status", "why"),
    [
        (SlowDown("later", retry_after_s=3), 429, "rate_limit_exceeded"),
        (UpstreamRefused("canary", status=400, code="invalid_request_body"), 400, "invalid_request_body"),
        (UpstreamTimeout("Copilot fell silent"), 504, "Copilot fell silent"),
        (asyncio.CancelledError(), 499, "the client left"),
        (ConnectionResetError("canary"), 499, "the client left"),
        (NotReading("the client took nothing for 5 s"), 499, "the client took nothing for 5 s"),
        (ValueError("canary"), 500, "ValueError"),
    ],
)
def test_the_log_tells_how_a_request_ended_and_why(
    caplog: pytest.LogCaptureFixture, error: BaseException, status: int, why: str
) -> None:
    caplog.set_level("INFO", "copilot_api.server.errand")
    with pytest.raises(type(error)), errand():
        raise error
    [line] = [record.getMessage() for record in caplog.records]
    assert f"), {status}, 0 tokens in (0 cached), 0 out, " in line
    assert line.endswith(f" ms: {why}")
    assert "canary" not in line


def test_who_leaves_when_the_end_was_said_was_answered(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "copilot_api.server.errand")
    with pytest.raises(ConnectionResetError), errand(stream=True) as one:
        one.work.feed(b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n')
        raise ConnectionResetError
    assert "), 200, " in caplog.text


def test_an_answer_that_was_given_keeps_its_status(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "copilot_api.server.errand")
    with errand() as one:
        one.status = 200
    assert "), 200, " in caplog.text


def test_what_was_lost_is_told_by_name_and_cleaned(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "copilot_api.server.errand")
    with errand(None, top_k=5, stop_sequences=[], **{"a\r\nb": "canary"}) as one:
        told = notes(one)["x-copilot-api-losses"]
    assert "top_k" in told.split(",")
    assert "\r" not in told
    assert caplog.records[0].getMessage().endswith(f" ms, lost {told}")
    assert "canary" not in caplog.text


def test_where_nothing_was_lost_nothing_is_told() -> None:
    assert "x-copilot-api-losses" not in notes(errand())


def test_repairs_of_the_server_stand_before_those_of_the_translation() -> None:
    book = RepairBook(SystemClock())
    with errand(book, max_tokens=99_999) as one:
        one.fired.append("token-renewed")
        assert notes(one)["x-copilot-api-repairs"] == "token-renewed,cap-clamped"
    fired = {row["name"] for row in book.told()["repairs"] if row["fired"]}
    assert fired == {"token-renewed", "cap-clamped"}


def test_a_prompt_that_is_too_long_is_said_in_the_words_that_claude_code_knows() -> None:
    one = errand()
    one.fail(UpstreamRefused("prompt token count of 9 exceeds the limit of 5", status=400, kind="context_overflow"))
    assert one.fired == ["overflow-worded"]
    other = errand()
    other.fail(UpstreamRefused("prompt is too long: 9 tokens > 5 maximum", status=400, kind="context_overflow"))
    other.fail(UpstreamRefused("no", status=400))
    other.client = "chat"
    other.fail(UpstreamRefused("prompt token count of 9 exceeds the limit of 5", status=400, kind="context_overflow"))
    assert other.fired == []


def test_a_repair_that_refuses_after_copilot_did_has_fired() -> None:
    book = RepairBook(SystemClock())
    problem = ClientMistake("no")
    problem.repair = "server-tools-dropped"
    with pytest.raises(ClientMistake), errand(book) as one:
        one.work.endpoint = "/v1/messages"
        raise problem
    assert {row["name"] for row in book.told()["repairs"] if row["fired"]} == {"server-tools-dropped"}
