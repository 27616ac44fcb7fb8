"""What the relay sees of a request, whichever way its answer takes."""

import pytest

from copilot_api.dialects import chat, messages
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Stamp
from copilot_api.errors import UpstreamRefused
from copilot_api.translate import Client, Translation, begin
from tests.builders.models import model

STAMP = Stamp(id="7", created=99, model="asked")
PEEKS = {"chat": chat.peek, "messages": messages.peek}


def started(client: Client, id_: str, **fields: object) -> Translation:
    body: Json = {"model": id_, "max_tokens": 100, "messages": [{"role": "user", "content": "q"}], **fields}
    return begin(client=client, body=body, raw=dumps(body), ask=PEEKS[client](body), model=model(id_), stamp=STAMP)


@pytest.mark.parametrize(
    ("client", "id_", "passes"),
    [
        ("chat", "gpt-4.1", True),
        ("chat", "claude-sonnet-4.6", True),
        ("chat", "claude-opus-5", False),
        ("messages", "claude-sonnet-4.6", True),
        ("messages", "gpt-4.1", False),
    ],
)
def test_whether_a_request_passes_through_is_known(client: Client, id_: str, passes: bool) -> None:
    assert started(client, id_).is_passthrough is passes


@pytest.mark.parametrize(
    ("client", "id_", "beat"),
    [("chat", "gpt-4.1", b": keep-alive\n\n"), ("messages", "claude-sonnet-4.6", messages.PING)],
)
def test_a_heartbeat_is_what_the_clients_readers_skip(client: Client, id_: str, beat: bytes) -> None:
    assert started(client, id_, stream=True).heartbeat() == beat
    assert started(client, id_).heartbeat() == b""


def test_a_refusal_is_answered_with_a_mended_request_once() -> None:
    work = started("messages", "claude-haiku-4.5", temperature=0.5)
    problem = UpstreamRefused("`temperature` is deprecated for this model.", status=400)
    again = work.after_refusal(problem)
    assert again is not None
    assert again.body == loads(work.request)
    assert "temperature" not in again.body
    assert work.repairs == ("refused-field-dropped",)
    assert work.after_refusal(problem) is None


def test_what_is_refused_is_a_loss_and_a_lesson() -> None:
    work = started("messages", "claude-sonnet-4.6", metadata={"user_id": "u", "session": "s"}, verbosity="low")
    first = work.after_refusal(UpstreamRefused("metadata.session: Extra inputs are not permitted", status=400))
    assert first is not None
    second = work.after_refusal(UpstreamRefused("verbosity: Extra inputs are not permitted", status=400))
    assert second is not None
    assert second.body == {key: first.body[key] for key in first.body if key != "verbosity"}
    assert {lesson.name for lesson in work.lessons} == {"metadata.session", "verbosity"}
    assert work.losses == {"metadata.session", "verbosity"}
    assert work.repairs == ("refused-field-dropped",)


def test_a_refused_beta_does_not_go_up_again() -> None:
    body: Json = {"model": "claude-sonnet-4.6", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}]}
    beta = "context-management-2025-06-27"
    work = begin(
        client="messages",
        body=body,
        raw=dumps(body),
        ask=messages.peek(body),
        model=model("claude-sonnet-4.6"),
        stamp=STAMP,
        betas=(beta,),
        allowed_betas=(beta,),
    )
    found = work.after_refusal(UpstreamRefused(f"Unexpected value(s) `{beta}` for the `anthropic-beta` header.", status=400))
    assert found is not None
    assert (work.betas, work.request, {lesson.beta for lesson in work.lessons}) == ((), dumps(body), {beta})


def test_a_request_is_changed_a_few_times_and_sent_again_a_few_times_more() -> None:
    work = started("chat", "gpt-4.1", **{f"field_{n}": n for n in range(6)})
    later = UpstreamRefused("The requested model is not supported.", status=400, code="model_not_supported")
    for n in range(3):
        assert work.after_refusal(later) is not None
        assert work.after_refusal(UpstreamRefused(f"Unknown parameter: 'field_{n}'.", status=400)) is not None
    assert work.after_refusal(UpstreamRefused("Unknown parameter: 'field_4'.", status=400)) is None
    assert work.after_refusal(later) is not None
    assert work.repairs == ("rollout-retried", "refused-field-dropped")


def test_a_refusal_that_stands_changes_nothing() -> None:
    work = started("chat", "gpt-4.1")
    before = work.request
    assert work.after_refusal(UpstreamRefused("no", status=400)) is None
    assert (work.request, work.repairs) == (before, ())


def test_repairs_of_the_answer_follow_those_of_the_request() -> None:
    work = started("chat", "gpt-4.1", stream=True)
    work.feed(b'data: {"choices":[],"id":""}\n\n')
    assert work.repairs == ("usage-requested", "empty-chunk-dropped")
