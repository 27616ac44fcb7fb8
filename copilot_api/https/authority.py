"""The certificates with which this machine's server is known: an authority for localhost only, thrown away once it has signed.

The key of the authority is never written down. It signs all the certificates that are to be served for ten years, each for a
time of its own that overlaps with the next one's, and is forgotten. So nobody can make it sign anything else, and nothing has
to be trusted anew when a certificate runs out. Were it stolen all the same, it could not speak for any other name: that is
written into it, where every program that checks certificates must heed it.
"""

import hashlib
import json
import secrets
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from copilot_api.errors import FileUnsafe, HttpsUnusable
from copilot_api.https.libcrypto import DAY_S, Workshop
from copilot_api.private_files import PrivateFile

PLACE = Path("https")
"""In the data folder."""

NAMES = "DNS:localhost,IP:127.0.0.1,IP:::1"
SERVED_DAYS = 760
"""Of one certificate: macOS takes none that is valid for more than 825."""

EVERY_DAYS = 365
COUNT = 10
AUTHORITY_DAYS = (COUNT - 1) * EVERY_DAYS + SERVED_DAYS
SOON_DAYS = 30
CLOCKS_DIFFER_DAYS = 2

_ONE_V4 = "255.255.255.255"
_ONE_V6 = ":".join(["ffff"] * 8)
_AUTHORITYS = {
    "basicConstraints": "critical,CA:TRUE,pathlen:0",
    "keyUsage": "critical,keyCertSign",
    "extendedKeyUsage": "serverAuth",
    "nameConstraints": f"critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/{_ONE_V4},permitted;IP:::1/{_ONE_V6}",
    "subjectKeyIdentifier": "hash",
}
_SERVERS = {
    "basicConstraints": "critical,CA:FALSE",
    "keyUsage": "critical,digitalSignature",
    "extendedKeyUsage": "serverAuth",
    "subjectAltName": NAMES,
    "subjectKeyIdentifier": "hash",
    "authorityKeyIdentifier": "keyid:always",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What was made: the authority's name and fingerprints, from when to when it serves, who was told to trust it."""

    name: str
    sha256: str
    sha1: str
    made_at: int
    ends_at: int
    trusted_by: tuple[str, ...] = ()

    def ends_soon(self, now: float) -> bool:
        """Whether it is time to make it all anew."""
        return now > self.ends_at - SOON_DAYS * DAY_S


class Authority:
    """What is kept of it. Every call blocks, and raises FileUnsafe for files that are not ours alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        """What clients are told to trust."""
        self._state = PrivateFile(folder / "state.json")

    @classmethod
    def of(cls, data_folder: Path) -> "Authority":
        """The one in a data folder."""
        return cls(data_folder / PLACE)

    def state(self) -> State | None:
        """What was made, None if nothing was. Raises HttpsUnusable for what cannot be read."""
        data = self._state.read()
        if data is None:
            return None
        try:
            told = json.loads(data)
            return State(**{**told, "trusted_by": tuple(map(str, told["trusted_by"]))})
        except (ValueError, KeyError, TypeError) as error:
            raise HttpsUnusable(
                f"{self._state.path} cannot be understood", hint="copilot-api https remove clears it away"
            ) from error

    def make(self, now: float | None = None) -> State:
        """Makes everything anew. Raises HttpsUnusable."""
        made_at = int(time.time() if now is None else now)
        name = f"copilot-api on this machine ({secrets.token_hex(4)})"
        with Workshop() as workshop:
            authoritys, servers = workshop.key(), workshop.key()
            authority = workshop.certificate(
                name,
                key=authoritys,
                signed_by=None,
                from_day=-CLOCKS_DIFFER_DAYS,
                to_day=AUTHORITY_DAYS,
                extensions=_AUTHORITYS,
            )
            pem, key = workshop.certificate_pem(authority), workshop.key_pem(servers)
            for number in range(COUNT):
                begins = number * EVERY_DAYS
                certificate = workshop.certificate(
                    "localhost",
                    key=servers,
                    signed_by=(authority, authoritys),
                    from_day=begins - CLOCKS_DIFFER_DAYS,
                    to_day=begins + SERVED_DAYS,
                    extensions=_SERVERS,
                )
                PrivateFile(self._served(number)).write(workshop.certificate_pem(certificate) + key)
        PrivateFile(self.certificate).write(pem)
        der = ssl.PEM_cert_to_DER_cert(pem.decode())
        state = State(
            name=name,
            sha256=hashlib.sha256(der).hexdigest(),
            sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest(),
            made_at=made_at,
            ends_at=made_at + AUTHORITY_DAYS * DAY_S,
        )
        self.note(state)
        return state

    def note(self, state: State) -> None:
        """Keeps what is known by now."""
        told = {part: getattr(state, part) for part in State.__dataclass_fields__}
        self._state.write(json.dumps(told, indent=1).encode())

    def remove(self) -> bool:
        """Erases everything; whether there was anything."""
        files = [self.certificate, *(self._served(number) for number in range(COUNT)), self._state.path]
        found = [PrivateFile(path).erase() for path in files]
        return any(found)

    def context(self, now: float | None = None) -> ssl.SSLContext:
        """What to serve https with. Raises HttpsUnusable."""
        path = self.served_at(time.time() if now is None else now)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(path)
        except (ssl.SSLError, OSError) as error:
            raise HttpsUnusable(f"{path} cannot be used", hint="copilot-api https setup makes it all anew") from error
        return context

    def served_at(self, now: float) -> Path:
        """The certificate that is valid for longest from then. Raises HttpsUnusable."""
        state = self.state()
        if state is None:
            raise HttpsUnusable("there is no certificate to serve https with", hint="copilot-api https setup makes one")
        number = min(int((now - state.made_at) // (EVERY_DAYS * DAY_S)), COUNT - 1)
        if now >= state.ends_at or number < 0:
            raise HttpsUnusable("the certificates for https have run out", hint="copilot-api https setup makes new ones")
        served = PrivateFile(self._served(number))
        if served.read() is None:
            raise HttpsUnusable(f"{served.path} is missing", hint="copilot-api https setup makes it all anew")
        return served.path

    def is_complete(self) -> bool:
        """Whether what was made can be served for a while."""
        try:
            state = self.state()
            return state is not None and not state.ends_soon(time.time()) and self.context() is not None and self._is_readable()
        except (HttpsUnusable, FileUnsafe):
            return False

    def _is_readable(self) -> bool:
        return PrivateFile(self.certificate).read() is not None

    def _served(self, number: int) -> Path:
        return self.folder / f"server-{number}.pem"


def shown(fingerprint: str) -> str:
    """A fingerprint as other programs show it."""
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()
