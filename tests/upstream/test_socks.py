"""SOCKS 5 byte by byte (RFC 1928, RFC 1929), and what becomes of a proxy that says no, says nonsense, or hangs up."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.upstream.socks import (
    REPLIES,
    Conversation,
    Dialogue,
    NotSocks,
    Refused,
    WantsPassword,
    dialogue,
)

OPEN = b"\x05\x00"
BY_PASSWORD = b"\x05\x02"
LED_THERE = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38"


def talk(steps: Dialogue, answers: bytes) -> list[bytes]:
    """What is said to a proxy that says `answers`."""
    said: list[bytes] = []
    answer: bytes | None = None
    while True:
        try:
            words, wanted = next(steps) if answer is None else steps.send(answer)
        except StopIteration:
            assert answers == b"", "more was said than was waited for"
            return said
        said.append(words)
        answer, answers = answers[:wanted], answers[wanted:]
        assert len(answer) == wanted, "the proxy has nothing more to say"


def test_an_open_proxy_is_asked_for_a_name() -> None:
    assert talk(dialogue("api.github.com", 443), OPEN + LED_THERE) == [
        b"\x05\x01\x00",
        b"\x05\x01\x00\x03\x0eapi.github.com\x01\xbb",
        b"",
        b"",
    ]


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("140.82.121.6", b"\x05\x01\x00\x01\x8c\x52\x79\x06\x01\xbb"),
        ("2001:db8::1", b"\x05\x01\x00\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01\x01\xbb"),
    ],
)
def test_numbers_are_sent_as_numbers(host: str, said: bytes) -> None:
    assert talk(dialogue(host, 443), OPEN + LED_THERE)[1] == said


def test_name_and_password_are_offered_and_given_when_they_are_wanted() -> None:
    said = talk(dialogue("host", 443, "me", "p@ss"), BY_PASSWORD + b"\x01\x00" + LED_THERE)
    assert said[:2] == [b"\x05\x02\x00\x02", b"\x01\x02me\x04p@ss"]


def test_a_proxy_that_wants_no_password_gets_none() -> None:
    said = talk(dialogue("host", 443, "me", "pass-canary"), OPEN + LED_THERE)
    assert not [words for words in said if b"pass-canary" in words]


@pytest.mark.parametrize(
    ("password", "answers"), [("", b"\x05\xff"), ("", BY_PASSWORD), ("x", b"\x05\xff"), ("x", BY_PASSWORD + b"\x01\x01")]
)
def test_a_proxy_that_lets_nobody_in_like_this_wants_a_password(password: str, answers: bytes) -> None:
    with pytest.raises(WantsPassword):
        talk(dialogue("host", 443, password and "me", password), answers)


@pytest.mark.parametrize("answers", [b"HTTP/1.1", b"\x04\x00", b"\x05\x01", OPEN + b"\x04\x00", OPEN + b"\x05\x00\x00\x09\x00"])
def test_who_does_not_speak_it_is_found_out(answers: bytes) -> None:
    with pytest.raises(NotSocks):
        talk(dialogue("host", 443), answers)


@pytest.mark.parametrize("reply", [*REPLIES, 91])
def test_a_refusal_says_why_and_may_end_there(reply: int) -> None:
    """Some proxies send the two bytes and hang up."""
    with pytest.raises(Refused) as caught:
        talk(dialogue("host", 443), OPEN + bytes([5, reply]))
    assert caught.value.reply == reply
    assert str(caught.value) == REPLIES.get(reply, "reply 91")


@pytest.mark.parametrize(
    "address", [b"\x01\x7f\x00\x00\x01", b"\x04" + bytes(16), b"\x03\x09proxy.lan", b"\x03\x00", b"\x03\xff" + b"x" * 255]
)
def test_the_proxys_own_address_is_read_past(address: bytes) -> None:
    talk(dialogue("host", 443), OPEN + b"\x05\x00\x00" + address + b"\x04\x38")


@given(st.binary(max_size=40))
def test_no_answer_breaks_the_dialogue(answers: bytes) -> None:
    try:
        talk(dialogue("host", 443, "me", "x"), answers)
    except (NotSocks, WantsPassword, Refused, AssertionError):
        return


class Line(asyncio.Transport):
    """A connection whose other end is the test."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.protocol: Conversation | None = None

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.sent += data

    def set_protocol(self, protocol: object) -> None:
        assert isinstance(protocol, Conversation)
        self.protocol = protocol


async def begun(name: str = "", password: str = "") -> tuple[Line, "asyncio.Task[None]"]:
    line = Line()
    holding = asyncio.create_task(Conversation(line, dialogue("host", 443, name, password)).hold())
    await asyncio.sleep(0)
    return line, holding


@pytest.mark.parametrize("size", [1, 3, 100])
async def test_answers_may_come_in_any_pieces(size: int) -> None:
    line, holding = await begun()
    answers = OPEN + LED_THERE
    for start in range(0, len(answers), size):
        assert line.protocol is not None
        line.protocol.data_received(answers[start : start + size])
    await holding
    assert line.sent == b"\x05\x01\x00" + b"\x05\x01\x00\x03\x04host\x01\xbb"


async def test_what_the_far_end_says_at_once_is_not_taken_for_the_proxys() -> None:
    line, holding = await begun()
    assert line.protocol is not None
    line.protocol.data_received(OPEN + LED_THERE + b"SSH-2.0")
    await holding


@pytest.mark.parametrize("error", [None, ConnectionResetError("reset")])
async def test_a_proxy_that_hangs_up_ends_it(error: Exception | None) -> None:
    line, holding = await begun()
    assert line.protocol is not None
    line.protocol.connection_lost(error)
    with pytest.raises(ConnectionResetError):
        await holding
    line.protocol.connection_lost(None)


async def test_a_refusal_comes_out_of_it() -> None:
    line, holding = await begun()
    assert line.protocol is not None
    line.protocol.data_received(OPEN + b"\x05\x05")
    line.protocol.data_received(b"\x00\x01")
    with pytest.raises(Refused, match="that host refuses it"):
        await holding


async def test_it_may_be_given_up() -> None:
    line, holding = await begun()
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert line.protocol is not None
    line.protocol.data_received(OPEN)
    assert line.sent == b"\x05\x01\x00"
