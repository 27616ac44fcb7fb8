"""Which root certificates connections to GitHub are checked against: the system's own, and those of `ca_file` besides.

Windows and macOS are asked through truststore, which sees what a company has rolled out. On Linux it is OpenSSL, which looks
where the distribution that built it keeps them; an executable takes the OpenSSL of its build machine along to distributions
that keep them elsewhere. Nothing switches the check off.
"""

import logging
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from copilot_api.errors import SettingsBroken
from copilot_api.settings import Settings, named
from copilot_api.upstream.distrust import told

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL and their kin
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, the BSDs
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
)

_DER = "if it is in DER form: openssl x509 -inform der -in FILE -out FILE.pem"

_log = logging.getLogger(__name__)


def trusted(settings: Settings, bundles: Sequence[str] = BUNDLES) -> ssl.SSLContext:
    """What connections are checked with, which tells what it does not trust; to make it blocks for some 30 ms.

    Raises SettingsBroken for a `ca_file` that is none.
    """
    if _has_a_store():
        context = _of_the_system()
    elif _finds_roots(ssl.get_default_verify_paths()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
    else:
        context = _of(_bundle(bundles), is_alone=not settings.ca_file)
    context.set_alpn_protocols(["http/1.1"])
    if settings.ca_file:
        _load(context, settings)
    return _told_of(context)


def _told_of(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same, which tells which certificate it does not trust, and wants no more of roots than browsers do."""
    if context.sslobject_class is ssl.SSLObject:
        context.sslobject_class = _Telling
    # Python 3.13 wants what many a company's root does not have.
    context.verify_flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def described(settings: Settings, bundles: Sequence[str] = BUNDLES) -> str:
    """The same for a person: whose certificates are trusted, and where they lie."""
    paths = ssl.get_default_verify_paths()
    if _has_a_store():
        place = _named_by_a_variable(paths)
    elif _finds_roots(paths):
        place = paths.cafile or paths.capath or ""
    else:
        place = _bundle(bundles) or "none found"
    system = f"the system's ({place})" if place else "the system's"
    return f"{system}, and {Path(settings.ca_file).expanduser()}" if settings.ca_file else system


def _of_the_system() -> ssl.SSLContext:
    from copilot_api.upstream.system_store import SystemStore

    context = SystemStore(ssl.PROTOCOL_TLS_CLIENT)
    if further := _named_by_a_variable(ssl.get_default_verify_paths()):
        context.load_verify_locations(cafile=further)
    return context


def _of(bundle: str, *, is_alone: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if bundle:
        _log.debug("root certificates from %s", bundle)
        context.load_verify_locations(cafile=bundle)
    elif is_alone:
        _log.warning("there are no root certificates here: install ca-certificates, or set SSL_CERT_FILE to a file of them")
    return context


def _finds_roots(paths: ssl.DefaultVerifyPaths) -> bool:
    return bool(paths.cafile) or bool(paths.capath and any(Path(paths.capath).iterdir()))


def _bundle(bundles: Sequence[str]) -> str:
    return next((bundle for bundle in bundles if Path(bundle).is_file()), "")


def _named_by_a_variable(paths: ssl.DefaultVerifyPaths) -> str:
    """The file that SSL_CERT_FILE names, which is to be trusted whoever else judges."""
    return paths.cafile if paths.cafile and paths.cafile != paths.openssl_cafile else ""


def _has_a_store() -> bool:
    """Whether the system itself keeps certificates and judges by them."""
    return sys.platform in {"win32", "darwin"}


def _load(context: ssl.SSLContext, settings: Settings) -> None:
    path, where = Path(settings.ca_file).expanduser(), named(settings, "ca_file")
    try:
        context.load_verify_locations(cafile=path)
    except FileNotFoundError:
        raise SettingsBroken(f"{where} names {path}, which does not exist") from None
    except ssl.SSLError as error:
        raise SettingsBroken(f"{where} names {path}, which holds no certificates in PEM form", hint=_DER) from error
    except OSError as error:
        raise SettingsBroken(f"{where} names {path}, which cannot be read: {error.strerror}") from error


class _Telling(ssl.SSLObject):
    """A handshake that tells which certificate was not trusted, and not only that one was not."""

    def do_handshake(self) -> None:
        told(super().do_handshake, self)
