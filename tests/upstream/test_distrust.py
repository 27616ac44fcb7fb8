"""A certificate that is not trusted says whose it is, so that a person knows what to do about it."""

import asyncio
import re
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from copilot_api.settings import Settings
from copilot_api.upstream.certificates import trusted
from copilot_api.upstream.distrust import Untrusted, why
from tests.builders.detour import listening
from tests.builders.tls import Authority


async def refused(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "api.github.com") -> ssl.SSLCertVerificationError:
    """What `client` says of the certificate that `server` shows when it is asked for `name`."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listening(serve, server) as port:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
    return caught.value


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


class Trusting(Protocol):
    """What trusts the authorities that it is given, and nobody else."""

    async def __call__(self, *authorities: Authority, version: ssl.TLSVersion = ...) -> ssl.SSLContext: ...


@pytest.fixture
def trusting(tmp_path: Path) -> Trusting:
    nobody = Authority(tmp_path, "Nobody in particular")

    async def make(*authorities: Authority, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(b"".join(one.root.read_bytes() for one in (nobody, *authorities)))
        context = await asyncio.to_thread(trusted, Settings(ca_file=str(bundle)))
        context.maximum_version = version
        return context

    return make


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_who_signed_it_is_named(authority: Authority, trusting: Trusting, version: ssl.TLSVersion) -> None:
    error = await refused(await trusting(version=version), authority.context("api.github.com"))
    assert isinstance(error, Untrusted)
    assert (error.issuer, error.names) == ("Corp Root CA", ["api.github.com"])
    what, hint = why(error)
    assert what == "is signed by 'Corp Root CA', which this system does not trust"
    assert "--ca-file" in hint


async def test_a_page_of_the_network_is_guessed_where_another_host_answers(authority: Authority, trusting: Trusting) -> None:
    error = await refused(await trusting(authority), authority.context("portal.hotel.example", "10.0.0.1"))
    what, hint = why(error)
    assert what == "is for 'portal.hotel.example'"
    assert "open a browser" in hint


@pytest.mark.parametrize(("age", "said"), [(timedelta(days=-1), "is not valid yet"), (timedelta(days=9), "has expired")])
async def test_a_clock_that_is_wrong_is_suspected(authority: Authority, trusting: Trusting, age: timedelta, said: str) -> None:
    what, hint = why(await refused(await trusting(authority), authority.context("api.github.com", age=age)))
    assert what == said
    assert re.fullmatch(r"the clock of this machine says \d{4}-\d\d-\d\d \d\d:\d\d: is that right\?", hint)


async def test_a_name_from_the_network_cannot_move_the_cursor(tmp_path: Path, trusting: Trusting) -> None:
    error = await refused(await trusting(), Authority(tmp_path, "Evil\x1b[2J\nCA").context("api.github.com"))
    assert why(error)[0] == "is signed by 'Evil [2J CA', which this system does not trust"


class Silent(ssl.SSLObject):
    """A connection of a Python that does not tell what came."""

    def __init__(self) -> None:
        self._sslobj = None


def test_without_knowing_who_signed_it_the_same_is_said() -> None:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_code, error.verify_message = 20, "unable to get local issuer certificate"
    assert why(Untrusted(error, Silent()))[0] == "is signed by somebody, which this system does not trust"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        # OpenSSL, Windows, macOS
        (19, "which this system does not trust"),
        (0x800B0109, "which this system does not trust"),
        (-67843, "which this system does not trust"),
        (10, "has expired"),
        (0x800B0101, "has expired"),
        (-67818, "has expired"),
        (9, "is not valid yet"),
        (-67819, "is not valid yet"),
        (23, "(signed by somebody) could not be verified: certificate revoked"),
        # The names are not known here, so that nothing can be said of them.
        (62, "(signed by somebody) could not be verified: certificate revoked"),
    ],
)
def test_each_system_says_why_in_numbers_of_its_own(code: int, said: str) -> None:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_code, error.verify_message = code, "certificate revoked"
    assert said in why(Untrusted(error, Silent()))[0]


def test_an_error_of_another_kind_says_what_can_be_said() -> None:
    assert why(ssl.CertificateError("odd"))[0] == "could not be verified"
    assert why(Untrusted(ssl.SSLCertVerificationError(1, "odd"), Silent()))[0].endswith(
        "could not be verified: no reason given"
    )
