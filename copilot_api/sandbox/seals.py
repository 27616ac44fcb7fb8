"""Signatures on thinking: minted for a model family, recognised when they come back, worthless anywhere else."""

import base64
import binascii
import hashlib
import hmac
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["thinking", "redacted"]

# Not a secret: it only has to be the same after a restart, so that a conversation can go on.
_KEY = b"copilot-api sandbox"


def mint(kind: Kind, family: str, text: str = "") -> str:
    """A signature for thinking of that text, or the data of a redacted block."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    payload = f"{kind}|{family}|{digest}"
    return base64.b64encode(f"{payload}|{_mac(payload)}".encode()).decode()


def is_valid(sealed: object, kind: Kind, family: str) -> bool:
    """Whether `sealed` was minted here, as this kind, for this family."""
    fields = _open(sealed)
    return fields is not None and fields[:2] == [kind, family]


def seals(sealed: object, text: str) -> bool:
    """Whether a valid signature belongs to this very text."""
    fields = _open(sealed)
    return fields is not None and fields[2] == hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _open(sealed: object) -> list[str] | None:
    if not isinstance(sealed, str):
        return None
    try:
        text = base64.b64decode(sealed, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    payload, _, mac = text.rpartition("|")
    return payload.split("|") if hmac.compare_digest(mac.encode(), _mac(payload).encode()) else None


def _mac(payload: str) -> str:
    return hmac.new(_KEY, payload.encode(), "sha256").hexdigest()[:24]
