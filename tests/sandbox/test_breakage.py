import pytest

from copilot_api.dialects.codec import dumps, loads
from copilot_api.sandbox import breakage
from copilot_api.sandbox.replies import Frame, json_reply
from copilot_api.sandbox.script import Fault, FaultKind

OPENED = {"type": "response.created", "response": {"id": "r", "object": "response", "status": "in_progress"}}
FRAMES = [
    Frame(data=b"event: response.created\ndata: " + dumps(OPENED) + b"\n\n"),
    Frame(data=b'event: a\ndata: {"type":"a"}\n\n'),
    Frame(data=b'event: response.completed\ndata: {"type":"response.completed"}\n\n', closing=True),
    Frame(data=b"data: [DONE]\n\n", closing=True),
]


@pytest.mark.parametrize("path", ["/responses", "ws:/responses"])
@pytest.mark.parametrize(("after", "before"), [(0, 0), (1, 1), (2, 2), (9, 2)])
def test_a_failure_is_about_the_response_that_was_opened(path: str, after: int, before: int) -> None:
    frames = breakage.mangled(FRAMES, Fault(kind="failed", after=after), path)
    assert frames[:-1] == FRAMES[:before]
    error = {"code": "server_error", "message": "Internal server error"}
    response = {"id": "r", "object": "response", "status": "failed", "error": error, "output": []}
    failed = dumps({"type": "response.failed", "sequence_number": before, "response": response})
    assert frames[-1].data == b"event: response.failed\ndata: " + failed + b"\n\n"


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/v1/messages", b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"No."}}\n\n'),
        (
            "/responses",
            b'event: error\ndata: {"type":"error","code":"server_error","message":"No.","param":null,"sequence_number":1}\n\n',
        ),
        ("/chat/completions", b'data: {"error":{"message":"No.","code":"server_error","type":"server_error"}}\n\n'),
    ],
)
def test_an_error_is_drawn_as_its_endpoint_draws_it(path: str, event: bytes) -> None:
    assert breakage.mangled(FRAMES, Fault(kind="error_event", after=1, message="No."), path)[1:] == [Frame(data=event)]


def test_only_responses_have_an_event_that_says_failed() -> None:
    both = [breakage.mangled(FRAMES, Fault(kind=kind), "/v1/messages") for kind in ("failed", "error_event")]
    assert both[0] == both[1]


def test_a_whole_answer_that_failed() -> None:
    reply = json_reply({"id": "r", "object": "response", "output": [1], "usage": {}}, headers={"x-test": "1"})
    failed = breakage.failed_whole(reply, Fault(kind="failed", message="Broke.", code="invalid_prompt"))
    assert (failed.status, failed.headers["x-test"]) == (200, "1")
    assert loads(failed.body) == {
        "id": "r",
        "object": "response",
        "output": [],
        "usage": {},
        "status": "failed",
        "error": {"code": "invalid_prompt", "message": "Broke."},
    }
    assert breakage.failed_whole(json_reply({"object": "chat.completion"}), Fault(kind="failed")).status == 500


STATUSES: dict[FaultKind, int] = {
    "status": 418,
    "unauthorized": 401,
    "forbidden": 403,
    "rate_limited": 429,
    "quota": 402,
    "overloaded": 503,
    "html": 502,
}


def test_every_early_kind_has_a_reply_but_those_without_any() -> None:
    assert set(STATUSES) | {"reset", "stall"} == breakage.EARLY
    assert {kind: breakage.early(Fault(kind=kind, status=418)).status for kind in STATUSES} == STATUSES
