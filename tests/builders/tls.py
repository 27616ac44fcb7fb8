"""Servers behind TLS, with certificates of an authority that exists for a test only."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from copilot_api.sandbox import Sandbox

CORP = "Corp Root CA"


class Authority:
    """Signs certificates, and keeps all it makes in `folder`. `root` is the file of its own, which `above` or itself signed."""

    def __init__(self, folder: Path, name: str = CORP, *, above: "Authority | None" = None) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.root = folder / f"{name.replace(' ', '-').lower()}.pem"
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        self._certificate = (
            _begun(self._name, (above or self)._name, self._key)
            .add_extension(constraint, critical=True)
            .sign((above or self)._key, hashes.SHA256())
        )
        self.root.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, *names: str, age: timedelta = timedelta(days=2)) -> ssl.SSLContext:
        """What a server for those hosts (names or numbers) uses; its certificate is valid since `age` ago, for four days."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(*names, age=age))
        return context

    def certificate(self, *names: str, age: timedelta = timedelta(days=2)) -> Path:
        """The file of such a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _begun(_name(names[0]), self._name, key, age).add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
        )
        file = self._folder / f"{names[0].replace(':', '_')}-{x509.random_serial_number()}.pem"
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(private + builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return file


async def nobody() -> asyncio.Future[ssl.SSLContext]:
    """Roots that trust nobody."""
    roots = asyncio.get_running_loop().create_future()
    roots.set_result(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return roots


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, age: timedelta = timedelta(days=2)
) -> x509.CertificateBuilder:
    since = datetime.now(UTC) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=4))
    )


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carries what comes, and hangs up at its end."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # one side has left; the other is told below
    finally:
        writer.close()


@asynccontextmanager
async def behind_tls(url: str, context: ssl.SSLContext, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """The server at `url` (http), reached by TLS at `host`; gives the port."""
    inner_host, inner_port = url.removeprefix("http://").split(":")
    open_now: set[asyncio.StreamWriter] = set()

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(inner_host, int(inner_port))
        open_now.update({writer, inner_writer})
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    server = await asyncio.start_server(hand_on, host, port, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in open_now:
            writer.transport.abort()
        await asyncio.sleep(0)


@dataclass(frozen=True, kw_only=True)
class Secured:
    """A sandbox behind TLS: the three ports, in the order of its URLs."""

    github: int
    github_api: int
    copilot: int

    def urls(self, host: str) -> dict[str, str]:
        """The settings with which it is reached as `host`."""
        return {
            "github_url": f"https://{host}:{self.github}",
            "github_api_url": f"https://{host}:{self.github_api}",
            "copilot_url": f"https://{host}:{self.copilot}",
        }


@asynccontextmanager
async def secured(sandbox: Sandbox, context: ssl.SSLContext, host: str = "127.0.0.1") -> AsyncIterator[Secured]:
    """`sandbox` behind TLS at `host`."""
    async with AsyncExitStack() as stack:
        urls: Sequence[str] = (sandbox.github_url, sandbox.github_api_url, sandbox.copilot_url)
        ports = [await stack.enter_async_context(behind_tls(url, context, host)) for url in urls]
        yield Secured(github=ports[0], github_api=ports[1], copilot=ports[2])
