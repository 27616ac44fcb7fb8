"""JSON in and out: the only module that knows orjson."""

import json
from typing import Any, TypeAlias

import orjson

from copilot_api.errors import ClientMistake

Json: TypeAlias = dict[str, Any]

# orjson reads an integer beyond 64 bits as a float. Nineteen digits in a row are where that can begin; they are looked for as
# nineteen zeros where every digit is one, because a pattern is tried anew at each byte and took longer than the parsing.
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_NINETEEN_DIGITS = b"0" * 19


def loads(data: bytes) -> Any:
    """Any JSON value. Integers keep every digit. Raises ValueError."""
    if data.translate(_DIGITS_ALIKE).find(_NINETEEN_DIGITS) >= 0:
        return json.loads(data, parse_constant=_refuse_constant)
    return orjson.loads(data)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def loads_text(text: str) -> Any:
    """Like `loads`, for the JSON strings inside JSON (tool arguments)."""
    return loads(text.encode("utf-8", "surrogatepass"))


def loads_request(body: bytes) -> Json:
    """A client's request body, which must be a JSON object. Raises ClientMistake."""
    try:
        value = loads(body)
    except (ValueError, RecursionError) as error:
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
