"""Reasoning carried through a client that speaks another dialect: an opaque text that only its maker's model reads back.

`cap1.<origin>.<family>.<base64url of the payload>`. A conversation may move to another model, and upstream answers 400 to a
signature that is not its own, so whoever reads a carrier must say whose it has to be. Source: translation.md §4.
"""

import base64
import re
from typing import Literal

from copilot_api.dialects.models import Model

PREFIX = "cap1."

Origin = Literal["c", "m", "redacted", "r"]
"""Where the payload came from: a chat answer's `reasoning_opaque`, a Messages `signature`, the `data` of a Messages redacted
block (a signature may never come back as data, nor data as a signature), a Responses `encrypted_content`."""

_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def family(model: Model) -> str:
    """The models that read one another's signatures."""
    return model.family or model.id


def pack(payload: str, *, origin: Origin, family: str) -> str:
    """`payload` as a carrier: printable ASCII, safe in any JSON text."""
    sealed = base64.urlsafe_b64encode(payload.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()
    return _prefix(origin, family) + sealed


def unpack(text: object, *, origin: Origin, family: str) -> str | None:
    """The payload of a carrier of this origin and family, None for anything else. Never raises."""
    prefix = _prefix(origin, family)
    if not isinstance(text, str) or not text.startswith(prefix):
        return None
    sealed = text.removeprefix(prefix)
    if not _BASE64URL.fullmatch(sealed):  # a dot in here belongs to a longer family's name
        return None
    try:
        return base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)).decode("utf-8", "surrogatepass")
    except ValueError:
        return None


def _prefix(origin: Origin, family: str) -> str:
    return f"{PREFIX}{origin}.{_NOT_PRINTABLE.sub('_', family)}."
