"""What is wrong with a certificate that was not trusted: who signed it, whom it is for, and what can be done about it."""

import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

from copilot_api.upstream.denials import one_line

_SHOWN = 100

# The numbers by which OpenSSL, Windows and macOS say why, in this order.
_STRANGER = {18, 19, 20, 21, 0x800B0109, 0x800B010A, -67843, -25318}
_ANOTHER = {62, 64, 0x800B010F, -67602}
_TOO_EARLY = {9, -67819}
_TOO_LATE = {10, 0x800B0101, -67818}

_INSTALL = "if that is your company's, install its root certificate, or name its PEM file in --ca-file"
_PAGE = "a sign-in page of the network may be in the way: open a browser to see it"


class Untrusted(ssl.SSLCertVerificationError):
    """A certificate that was not trusted: `issuer` is who signed it, `names` the hosts it is for, as far as is known."""

    def __init__(self, error: ssl.SSLCertVerificationError, connection: ssl.SSLObject) -> None:
        super().__init__(*error.args)
        self.verify_code = getattr(error, "verify_code", 0)
        self.verify_message = getattr(error, "verify_message", "")
        chain = _chain(connection)
        self.issuer = _name(chain[-1].get("issuer", ())) if chain else ""
        names = chain[0].get("subjectAltName", ()) if chain else ()
        self.names = [_shown(name) for kind, name in names if kind in {"DNS", "IP Address"}]


def told(shake_hands: Callable[[], None], connection: ssl.SSLObject) -> None:
    """Shakes hands. Raises Untrusted where that ends with a certificate that is not trusted, and what else it raises."""
    try:
        shake_hands()
    except ssl.SSLCertVerificationError as error:
        raise Untrusted(error, connection) from None


def why(error: Exception) -> tuple[str, str]:
    """What is wrong with the certificate, as the rest of a sentence about it, and what to do."""
    if not isinstance(error, Untrusted):
        return "could not be verified", _INSTALL
    signed = f"signed by {error.issuer!r}" if error.issuer else "signed by somebody"
    code = error.verify_code
    if code in _STRANGER:
        return f"is {signed}, which this system does not trust", _INSTALL
    if code in _ANOTHER and error.names:
        return f"is for {error.names[0]!r}", _PAGE
    if code in _TOO_EARLY | _TOO_LATE:
        now = time.strftime("%Y-%m-%d %H:%M")
        return (
            "is not valid yet" if code in _TOO_EARLY else "has expired",
            f"the clock of this machine says {now}: is that right?",
        )
    return f"({signed}) could not be verified: {_shown(error.verify_message) or 'no reason given'}", _INSTALL


def _chain(connection: ssl.SSLObject) -> list[Mapping[str, Any]]:
    """The certificates that were sent, the host's own first; none where this Python does not tell."""
    try:
        inner: Any = getattr(connection, "_sslobj")  # noqa: B009 - nothing public tells before the handshake is over
        return [certificate.get_info() for certificate in inner.get_unverified_chain() or ()]
    except (AttributeError, ValueError, ssl.SSLError):
        return []


def _name(issuer: Any) -> str:
    """The common name of it, else what comes closest."""
    parts = {kind: value for group in issuer for kind, value in group}
    return next(
        (_shown(parts[kind]) for kind in ("commonName", "organizationName", "organizationalUnitName") if kind in parts), ""
    )


def _shown(text: str) -> str:
    return one_line(text)[:_SHOWN]
