"""Machines whose root certificates lie where OpenSSL does not look."""

import ssl
import sys
from pathlib import Path

import pytest

from copilot_api.upstream import certificates


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """OpenSSL finds nothing, as with a Debian build of it on another distribution; here is where the roots may lie."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return tmp_path


def test_where_openssl_finds_roots_it_is_left_to_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text("anything")
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    assert certificates.verified(["/nowhere"]) is True


def test_a_folder_of_roots_counts_only_when_it_holds_some(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = elsewhere / "folder"
    folder.mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    context = certificates.verified([str(_bundle(elsewhere))])
    assert isinstance(context, ssl.SSLContext)
    (folder / "5ed36f99.0").write_text("a root")
    assert certificates.verified(["/nowhere"]) is True


def test_the_first_bundle_that_is_there_is_loaded_and_checked_against(elsewhere: Path) -> None:
    bundle = _bundle(elsewhere)
    context = certificates.verified([str(elsewhere / "missing.pem"), str(bundle)])
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1


def test_without_any_roots_the_way_out_is_said(elsewhere: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert certificates.verified([str(elsewhere / "missing.pem")]) is True
    assert "install ca-certificates, or set SSL_CERT_FILE" in caplog.text


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_are_asked_by_python(elsewhere: Path, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert certificates.verified([str(_bundle(elsewhere))]) is True


def _bundle(folder: Path) -> Path:
    """A bundle with one root in it."""
    path = folder / "bundle.pem"
    path.write_text(ROOT)
    return path


# A root made for this test: its key is thrown away.
ROOT = """\
-----BEGIN CERTIFICATE-----
MIIBjjCCATOgAwIBAgIURL5+jdnwqKXMz1kC5TAURWXJJp0wCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQYSByb290IGZvciB0ZXN0czAgFw0yNjExMjAyMTIyMDdaGA8y
MTI2MTAyNzIxMjIwN1owGzEZMBcGA1UEAwwQYSByb290IGZvciB0ZXN0czBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABDEJGKF0IrQzMQ1Quu5tYX6VUzzShp+L9z0y
6WXBCFY2kElapaWPp2B3aU5fD1RAD4g6BK0UekznX91+w6XAvWajUzBRMB0GA1Ud
DgQWBBSFchD5ogoUsJnQFKYnOL4lHz0jcTAfBgNVHSMEGDAWgBSFchD5ogoUsJnQ
FKYnOL4lHz0jcTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQD7
c5RnJwgKrfpBOvZr03GrZV2jqzImValf5MxE67P7sgIhAKpzk3xx5RaiwDXatBZV
P0rLQ784K3CgTUJzBM9LjM7E
-----END CERTIFICATE-----
"""
