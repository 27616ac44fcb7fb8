import pytest

from copilot_api.dialects.events import Counted
from copilot_api.sandbox.replies import Shape
from copilot_api.sandbox.script import Answer, Call, Exchange, Fault, Raw, Script
from copilot_api.sandbox.seen import Seen


def seen(path: str = "/chat/completions") -> Seen:
    return Seen(plane="copilot", method="POST", path=path)


def pinned(script: Script) -> Shape | None:
    return script.error_shape


def test_answers_are_taken_in_order_and_then_there_are_none() -> None:
    script = Script()
    script.answer("one")
    script.answer("two", thinking="hm", redacted=True, usage=Counted(prompt=1))
    assert script.take_answer(seen()) == Answer(text="one")
    expected = Answer(text="two", thinking="hm", redacted=True, usage=Counted(prompt=1))
    assert script.take_answer(seen("/v1/messages")) == expected
    assert script.take_answer(seen()) is None


def test_the_finish_follows_from_the_answer_unless_given() -> None:
    script = Script()
    script.answer(tools=[("a", {"x": 1}), ("b", '{"y": '), Call(name="c", id="call_7")])
    script.answer("x", stop_sequence="END")
    script.answer("x", finish="length")
    tools, stopped, long = (script.take_answer(seen()) for _ in range(3))
    calls = (Call(name="a", arguments='{"x":1}'), Call(name="b", arguments='{"y": '), Call(name="c", id="call_7"))
    assert tools == Answer(calls=calls, finish="tool_use")
    assert stopped == Answer(text="x", finish="stop_sequence", stop_sequence="END")
    assert long == Answer(text="x", finish="length")


def test_an_entry_without_a_path_is_for_model_endpoints() -> None:
    script = Script()
    script.answer("x")
    script.fault("reset")
    for path in ("/models", "/v1/messages/count_tokens", "/copilot_internal/v2/token"):
        assert script.take_answer(seen(path)) is None
        assert script.take_fault(seen(path)) is None
    assert script.take_fault(seen("/embeddings")) == Fault(kind="reset")


def test_an_entry_waits_for_its_path() -> None:
    script = Script()
    script.fault("html", path="/models")
    script.fault("reset")
    script.answer("m", path="/v1/messages")
    script.answer("any")
    assert script.take_fault(seen()) == Fault(kind="reset")
    assert script.take_fault(seen()) is None
    assert script.take_answer(seen()) == Answer(text="any")
    assert script.take_answer(seen("/v1/messages")) == Answer(text="m")
    assert script.left == 1
    assert script.take_fault(seen("/models")) == Fault(kind="html", path="/models")


def test_entries_can_be_repeated() -> None:
    script = Script()
    script.answer("a", times=2)
    script.raw(b"r", times=2)
    script.fault("cut", times=3)
    script.exchange("revoked", times=2)
    assert script.left == 9


@pytest.mark.parametrize(("body", "sent"), [(b"x", b"x"), ("é", "é".encode()), ({"a": 1}, b'{"a":1}')])
def test_the_body_of_a_fault(body: bytes | str | dict[str, int], sent: bytes) -> None:
    script = Script()
    script.fault("status", status=418, body=body, headers={"x": "y"})
    fault = script.take_fault(seen())
    assert fault is not None
    assert (fault.status, fault.body, fault.headers["x"]) == (418, sent, "y")
    assert fault.headers.get("content-type") == ("application/json" if isinstance(body, dict) else None)


def test_raw_answers_keep_their_chunks() -> None:
    script = Script()
    script.raw(b"data: ", b"x\n\n", status=201, content_type="text/plain", headers={"a": "b"})
    expected = Raw(chunks=(b"data: ", b"x\n\n"), status=201, headers={"content-type": "text/plain", "a": "b"})
    assert script.take_answer(seen()) == expected


def test_the_states_of_the_auth_plane_are_taken_in_order() -> None:
    script = Script()
    script.device("pending", "granted")
    script.exchange("refused", notification_id="billing_locked")
    assert [script.take_device() for _ in range(3)] == ["pending", "granted", None]
    assert script.take_exchange() == Exchange(state="refused", notification_id="billing_locked")
    assert script.take_exchange() is None


def test_clearing_forgets_everything() -> None:
    script = Script()
    script.answer("a")
    script.fault("reset")
    script.device("drop")
    script.exchange("empty")
    script.error_shape = "message"
    script.clear()
    assert (script.left, pinned(script)) == (0, None)


def test_what_only_responses_have() -> None:
    script = Script()
    script.answer(refusal="No.", searched="cats")
    script.answer(compacted=True)
    script.answer(problem="It broke.")
    script.answer(tools=[Call(name="exec", arguments="1 + 1", custom=True, namespace="functions")])
    first, second, third, fourth = (script.take_answer(seen("/responses")) for _ in range(4))
    assert first == Answer(refusal="No.", searched="cats")
    assert second == Answer(compacted=True)
    assert third == Answer(problem="It broke.", finish="failed")
    call = Call(name="exec", arguments="1 + 1", custom=True, namespace="functions")
    assert fourth == Answer(calls=(call,), finish="tool_use")


def test_clearing_turns_the_switches_off() -> None:
    script = Script()
    script.web_search = script.late_refusals = True
    script.clear()
    assert (script.web_search, script.late_refusals) == (False, False)


def test_an_entry_waits_for_the_request_that_it_is_meant_for() -> None:
    script = Script()
    script.answer("two", when="request 2")
    script.raw(b"one", when="request 1")
    script.fault("reset", when="request 2")
    first, second = seen(), seen()
    first.body, second.body = b'{"request 1"}', b'{"request 2"}'
    assert script.take_fault(first) is None
    assert script.take_answer(first) == Raw(chunks=(b"one",), headers={"content-type": "text/event-stream"})
    assert script.take_fault(second) == Fault(kind="reset", when="request 2")
    assert script.take_answer(second) == Answer(text="two")


def test_what_was_meant_for_one_request_can_be_taken_back() -> None:
    script = Script()
    script.answer("two", when="request 2")
    script.fault("reset", when="request 2")
    script.answer("any")
    script.forget("request 2")
    assert script.left == 1
    second = seen()
    second.body = b"request 2"
    assert script.take_answer(second) == Answer(text="any")
