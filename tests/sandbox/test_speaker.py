import pytest

from copilot_api.dialects.events import Counted
from copilot_api.dialects.models import Model, parse_list
from copilot_api.sandbox.accounts import Accounts
from copilot_api.sandbox.catalog import load
from copilot_api.sandbox.prompt_cache import Unit
from copilot_api.sandbox.question import Question
from copilot_api.sandbox.replies import Frame, Refusal
from copilot_api.sandbox.script import Answer, Raw, Script
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.speaker import Speaker, body_of, raw_reply

MODELS = parse_list({"data": load()})
MINI = MODELS["gpt-5-mini"]
SEEN = Seen(plane="copilot", method="POST", path="/responses", body=b'{"model":"m"}')


def speaker(script: Script | None = None) -> tuple[Speaker, Accounts]:
    accounts = Accounts(plan="credits", clock=lambda: 0.0, token_life_s=1)
    return Speaker(accounts=accounts, script=script or Script()), accounts


def test_the_planned_answer_goes_before_a_friendly_one() -> None:
    script = Script()
    script.answer("Planned.")
    speaks, _ = speaker(script)
    asked = Question(model=MINI, said="Hello")
    first, second = speaks.said(SEEN, asked), speaks.said(SEEN, asked)
    assert first == Answer(text="Planned.")
    assert isinstance(second, Answer)
    assert "You said: “Hello”" in second.text
    assert speaks.number == 2


def test_a_failure_is_numbered_too() -> None:
    speaks, _ = speaker()
    failed = speaks.failed("No.")
    assert (failed.finish, failed.problem) == ("failed", "No.")
    assert speaks.number == 1


def test_what_is_counted_is_spent() -> None:
    speaks, accounts = speaker()
    units = (Unit(data=b"x", tokens=2000, marked=True),)
    counted = speaks.counted(Answer(text="word" * 10, thinking="word"), MINI, units, by_user=True)
    assert counted == Counted(prompt=2000, output=11, reasoning=1, nano_aiu=(2000 * 25 + 11 * 200) * 1000)
    assert accounts.nano_aiu_spent == counted.nano_aiu
    assert speaks.counted(Answer(), MINI, units, by_user=False).cached == 2000


def test_premium_requests_are_the_persons() -> None:
    speaks, accounts = speaker()
    model = Model(id="m", raw={"billing": {"multiplier": 3}})
    for by_user in (True, False):
        speaks.counted(Answer(), model, (), by_user=by_user)
    assert accounts.premium_spent == 3


def test_a_stream_says_what_is_left() -> None:
    speaks, _ = speaker()
    reply = speaks.stream(iter([Frame(data=b"x")]))
    assert reply.frames == (Frame(data=b"x"),)
    assert reply.headers["content-type"] == "text/event-stream"
    assert "x-quota-snapshot-chat" in reply.headers


def test_a_body_is_an_object() -> None:
    assert body_of(SEEN) == {"model": "m"}
    for body in (b"", b"[]", b"{", b"7"):
        with pytest.raises(Refusal, match="failed to parse request"):
            body_of(Seen(plane="copilot", method="POST", path="/responses", body=body))


def test_raw_bytes_go_out_chunk_by_chunk() -> None:
    reply = raw_reply(Raw(chunks=(b"a", b"b"), status=201, headers={"x": "y"}))
    assert (reply.status, reply.headers, reply.frames) == (201, {"x": "y"}, (Frame(data=b"a"), Frame(data=b"b")))
