"""JSON in and out."""

import math

import pytest

from copilot_api.dialects.codec import MOST_PARTS, dumps, dumps_text, loads, loads_request, loads_text
from copilot_api.errors import ClientMistake


@pytest.mark.parametrize("number", [2**63, 2**64, 10**40, -(10**30), 2**53 + 1])
def test_integers_of_any_length_survive(number: int) -> None:
    assert loads(dumps({"n": number})) == {"n": number}
    assert loads(b'{"n":%d}' % number)["n"] == number


def test_key_order_and_text_survive() -> None:
    text = '{"z":1,"a":"é👋","m":[1.5,true,null]}'
    assert dumps_text(loads_text(text)) == text


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    assert dumps({"t": "\ud800"}) == b'{"t":"\\ud800"}'


LONG = b"1234567890123456789012"
ODD_BESIDE_LONG = [
    b'{"n":%s,"x":%s}' % (LONG, odd) for odd in (b"1e999", b'"\\ud800"', b"1" * 5000, b"[" * 1000 + b"]" * 1000, b"'x'")
]
"""A number that Python's own parser is needed for makes it no more lenient than the other."""


@pytest.mark.parametrize("text", [b"", b"{", b"nan", b"\xff\xfe", b"[1234567890123456789012,NaN]", *ODD_BESIDE_LONG])
def test_what_is_not_json_raises_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each parser words it its own way
        loads(text)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_cannot_say_is_null(value: float) -> None:
    assert dumps([value]) == b"[null]"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000])
def test_a_request_that_is_no_object_is_the_clients_mistake(body: bytes) -> None:
    with pytest.raises(ClientMistake) as caught:
        loads_request(body)
    assert caught.value.code == "invalid_json"


def test_a_request_of_nothing_but_brackets_is_refused_before_it_is_read() -> None:
    """Each list takes up twenty times what it takes to write one."""
    parts = b'{"x":[' + b"[]," * MOST_PARTS + b"[]]}"
    with pytest.raises(ClientMistake, match="more than 3000000 parts") as caught:
        loads_request(parts)
    assert caught.value.code == "invalid_json"
    prose = b'{"x":"' + b"{if (a[1])} " * 100_000 + b'"}'
    assert len(loads_request(prose)["x"]) == 1_200_000


def test_a_request_is_its_object() -> None:
    assert loads_request(b'{"model":"m"}') == {"model": "m"}
