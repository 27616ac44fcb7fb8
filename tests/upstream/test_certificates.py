"""Whom connections trust: the system, wherever it keeps its roots, and the file that the settings name besides."""

import asyncio
import ssl
import sys
from pathlib import Path

import pytest
import truststore
from blockbuster import BlockBuster

from copilot_api.errors import SettingsBroken
from copilot_api.settings import Settings
from copilot_api.upstream.certificates import described, trusted
from copilot_api.upstream.distrust import Untrusted
from tests.builders.detour import listening
from tests.builders.tls import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """OpenSSL finds nothing, as with a Debian build of it on another distribution; here is where the roots may lie."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return tmp_path


def roots(context: ssl.SSLContext) -> list[str]:
    """The names of the roots that are loaded."""
    return [value for root in context.get_ca_certs() for group in root["subject"] for _, value in group]  # type: ignore[str-unpack] # typeshed knows no shape


async def made(settings: Settings, *bundles: str) -> ssl.SSLContext:
    """What connections are checked with, as the program makes it, which is not on the loop."""
    return await asyncio.to_thread(trusted, settings, bundles)


async def connects(client: ssl.SSLContext, server: ssl.SSLContext) -> bool:
    """Whether `client` trusts `server` to be api.github.com."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"!")
        writer.close()

    async with listening(serve, server) as port:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname="api.github.com")
        except Untrusted:
            return False
        assert await reader.read(1) == b"!"
        writer.close()
        return True


def test_everything_is_checked(elsewhere: Path, authority: Authority) -> None:
    context = trusted(Settings(ca_file=str(authority.root)))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_what_openssl_finds_is_loaded(elsewhere: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    assert roots(trusted(Settings(), ["/nowhere"])) == ["Corp Root CA"]
    assert described(Settings()) == f"the system's ({authority.root})"


async def test_a_company_is_trusted_besides_what_openssl_finds(
    elsewhere: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Authority(elsewhere, "System Root")
    monkeypatch.setenv("SSL_CERT_FILE", str(found.root))
    context = await made(Settings(ca_file=str(authority.root)), "/nowhere")
    assert roots(context) == ["System Root", "Corp Root CA"]
    assert await connects(context, authority.context("api.github.com"))
    assert await connects(context, found.context("api.github.com"))
    assert not await connects(context, Authority(elsewhere, "Another").context("api.github.com"))


async def test_an_intermediate_authority_may_stand_for_its_root(elsewhere: Path, authority: Authority) -> None:
    """All that some companies hand out."""
    issuing = Authority(elsewhere, "Corp Issuing CA", above=authority)
    assert await connects(await made(Settings(ca_file=str(issuing.root))), issuing.context("api.github.com"))


def test_a_folder_of_roots_counts_only_when_it_holds_some(
    elsewhere: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = elsewhere / "folder"
    folder.mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert roots(trusted(Settings(), [str(authority.root)])) == ["Corp Root CA"]
    (folder / "5ed36f99.0").write_text("a root")
    assert roots(trusted(Settings(), [str(authority.root)])) == [], "OpenSSL reads them when it needs them"
    assert described(Settings(), [str(authority.root)]) == f"the system's ({folder})"


def test_the_first_bundle_that_is_there_is_loaded(elsewhere: Path, authority: Authority) -> None:
    bundles = [str(elsewhere / "missing.pem"), str(authority.root), str(elsewhere / "also-missing.pem")]
    assert roots(trusted(Settings(), bundles)) == ["Corp Root CA"]
    assert described(Settings(), bundles) == f"the system's ({authority.root})"


def test_without_any_roots_the_way_out_is_said(elsewhere: Path, authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    trusted(Settings(ca_file=str(authority.root)), [])
    assert caplog.text == ""
    assert roots(trusted(Settings(), [str(elsewhere / "missing.pem")])) == []
    assert "install ca-certificates, or set SSL_CERT_FILE" in caplog.text
    assert described(Settings(), []) == "the system's (none found)"


async def test_the_roots_of_a_company_are_trusted_besides(elsewhere: Path, authority: Authority, tmp_path: Path) -> None:
    system = Authority(tmp_path, "System Root")
    settings = Settings(ca_file=str(authority.root))
    context = await made(settings, str(system.root))
    assert roots(context) == ["System Root", "Corp Root CA"]
    for one in (system, authority):
        assert await connects(context, one.context("api.github.com"))
    both = f"the system's ({system.root}), and {authority.root}"
    assert await asyncio.to_thread(described, settings, [str(system.root)]) == both


def test_a_file_in_the_home_folder_may_be_written_so(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert "Corp Root CA" in roots(trusted(Settings(ca_file=f"~/{authority.root.name}")))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "which does not exist"),
        (b"", "which holds no certificates in PEM form"),
        (b"\x30\x82\x01\x00", "which holds no certificates in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", "which holds no certificates in PEM form"),
    ],
)
def test_a_file_that_is_none_is_a_setting_to_be_mended(tmp_path: Path, content: bytes | None, what: str) -> None:
    path = tmp_path / "corp.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsBroken) as caught:
        trusted(Settings(ca_file=str(path), origins={"ca_file": "flag"}))
    assert caught.value.message == f"--ca-file names {path}, {what}"
    assert caught.value.exit_code == 2


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsBroken, match=f"ca_file in /x/config.toml names {tmp_path}, which "):
        trusted(Settings(ca_file=str(tmp_path), origins={"ca_file": "/x/config.toml"}))


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is root may read everything, so it is said here what the system would say to others."""

    def load(_self: ssl.SSLContext, cafile: Path) -> None:
        raise PermissionError(13, "Permission denied", str(cafile))

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    with pytest.raises(SettingsBroken, match="which cannot be read: Permission denied"):
        trusted(Settings(ca_file=str(tmp_path / "corp.pem")), [])


# Windows and macOS


@pytest.fixture(params=["win32", "darwin"])
def store(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: Path,
    nothing_blocks_the_loop: BlockBuster,
) -> Path:
    """A system that judges by itself; truststore's part for Linux plays it, which asks OpenSSL, and reads files for that."""
    nothing_blocks_the_loop.deactivate()
    monkeypatch.setattr(sys, "platform", request.param)
    return elsewhere


async def test_other_systems_judge_for_themselves(store: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    context = await made(Settings(), "/nowhere")
    assert isinstance(context, truststore.SSLContext)
    assert described(Settings()) == "the system's"
    assert not await connects(context, authority.context("api.github.com"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    assert await connects(context, authority.context("api.github.com"))


async def test_they_take_the_file_of_a_company_as_well(store: Path, authority: Authority) -> None:
    context = await made(Settings(ca_file=str(authority.root)))
    assert await connects(context, authority.context("api.github.com"))
    assert described(Settings(ca_file=str(authority.root))) == f"the system's, and {authority.root}"


async def test_the_variable_that_openssl_knows_holds_there_too(
    store: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    context = await made(Settings())
    monkeypatch.delenv("SSL_CERT_FILE")
    assert await connects(context, authority.context("api.github.com"))


async def test_their_verdict_names_who_signed_it(store: Path, authority: Authority) -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = await made(Settings())
    async with listening(serve, authority.context("api.github.com")) as port:
        with pytest.raises(Untrusted) as caught:
            await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="api.github.com")
    assert caught.value.issuer == "Corp Root CA"
