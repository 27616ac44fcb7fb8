"""The opaque ids of /responses and the encrypted content bound to them: minted here, recognised when they come back.

Source: copilot-upstream.md §4.3. An id is a long base64 text that says nothing to a client, and the same thing is called by
another one in every event.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["response", "message", "reasoning", "call", "compaction", "search"]

# Not a secret: it only has to be the same after a restart, so that a conversation can go on.
_KEY = b"copilot-api sandbox /responses"
_PADDED_BYTES = 312
_FIELDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an id stands for: a response, or the item `index` of it. `serial` counts the names given on that answer."""

    kind: str
    connection: str
    response: int
    index: int
    serial: int


def name(named: Named) -> str:
    """The id, over 400 characters long."""
    fields = (named.kind, named.connection, str(named.response), str(named.index), str(named.serial))
    return _pack("|".join(fields), b"id")


def read(id_: object) -> Named | None:
    """What an id stands for; None for one that was not minted here."""
    payload = _unpack(id_, b"id")
    if payload is None:
        return None
    kind, connection, response, index, serial = payload.split("|", _FIELDS - 1)
    return Named(kind=kind, connection=connection, response=int(response), index=int(index), serial=int(serial))


def encrypt(kind: Kind, id_: str, family: str) -> str:
    """The encrypted content of the item of that id, for one family of models."""
    return _pack(f"{kind}|{_digest(id_)}|{family}", b"content")


def family_of(encrypted: object, kind: Kind) -> str | None:
    """The family that encrypted this; None if it is not readable, or of another kind of item."""
    payload = _unpack(encrypted, b"content")
    if payload is None or not payload.startswith(f"{kind}|"):
        return None
    return payload.split("|", 2)[2]


def belongs(encrypted: str, id_: str) -> bool:
    """Whether readable encrypted content was given out under this very id."""
    payload = _unpack(encrypted, b"content") or "||"
    return payload.split("|", 2)[1] == _digest(id_)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _pack(payload: str, purpose: bytes) -> str:
    """Masked, so that two of them share nothing to the eye; the mask begins with the seal, which is in the clear."""
    seal = hmac.new(_KEY, purpose + payload.encode(), "sha256").digest()
    data = payload.encode().ljust(_PADDED_BYTES - len(seal), b"\0")
    return base64.b64encode(seal + _masked(data, seal)).decode()


def _unpack(blob: object, purpose: bytes) -> str | None:
    if not isinstance(blob, str):
        return None
    try:
        data = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return None
    seal, rest = data[:32], data[32:]
    payload = _masked(rest, seal).rstrip(b"\0")
    if not hmac.compare_digest(hmac.new(_KEY, purpose + payload, "sha256").digest(), seal):
        return None
    return payload.decode()


def _masked(data: bytes, seal: bytes) -> bytes:
    mask = hashlib.shake_128(_KEY + seal).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(data), "big")
