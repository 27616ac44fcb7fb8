"""JSON in and out."""

import math

import pytest

from copilot_api.dialects.codec import dumps, dumps_text, loads, loads_request, loads_text
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


@pytest.mark.parametrize("text", [b"", b"{", b"nan", b"\xff\xfe", b"[1234567890123456789012,NaN]"])
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


def test_a_request_is_its_object() -> None:
    assert loads_request(b'{"model":"m"}') == {"model": "m"}
