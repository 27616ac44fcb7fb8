"""JSON in and out: the only module that knows orjson."""

import json
from typing import Any, TypeAlias

import orjson

from copilot_api.errors import ClientMistake

Json: TypeAlias = dict[str, Any]

MOST_PARTS = 3_000_000
"""Lists and objects of one request: three bytes can make one, which takes up twenty times as many. Source code in a prompt,
which is full of brackets, is far from it in 64 MiB."""

# orjson reads an integer beyond 64 bits as a float. Nineteen digits in a row are where that can begin; they are looked for as
# nineteen zeros where every digit is one, because a pattern is tried anew at each byte and took longer than the parsing.
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_NINETEEN_DIGITS = b"0" * 19


def loads(data: bytes) -> Any:
    """Any JSON value. Integers keep every digit. Raises ValueError."""
    value = orjson.loads(data)
    if data.translate(_DIGITS_ALIKE).find(_NINETEEN_DIGITS) < 0:
        return value
    try:
        return json.loads(data)  # whose idea of JSON is wider, but what it is given here is
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def loads_text(text: str) -> Any:
    """Like `loads`, for the JSON strings inside JSON (tool arguments)."""
    return loads(text.encode("utf-8", "surrogatepass"))


def loads_request(body: bytes) -> Json:
    """A client's request body, which must be a JSON object. Raises ClientMistake."""
    if len(body) > MOST_PARTS and body.count(b"[") + body.count(b"{") > MOST_PARTS:
        raise ClientMistake(f"The request body has more than {MOST_PARTS} parts", code="invalid_json")
    try:
        value = loads(body)
    except ValueError as error:
        raise ClientMistake(f"The request body is not valid JSON: {error}", code="invalid_json") from error
    if not isinstance(value, dict):
        raise ClientMistake("The request body must be a JSON object", code="invalid_json")
    return value


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    try:
        return orjson.dumps(value)
    except (TypeError, UnicodeEncodeError):  # an integer beyond 64 bits, or a lone surrogate
        return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def dumps_text(value: Any) -> str:
    """Compact JSON as text, for the JSON strings inside JSON."""
    return dumps(value).decode()
