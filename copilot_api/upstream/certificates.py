"""Which root certificates connections to GitHub are checked against.

OpenSSL looks where the distribution that built it keeps them, and an executable takes the OpenSSL of its build machine along to
distributions that keep them elsewhere. Windows and macOS are asked by Python itself.
"""

import logging
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL and their kin
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, the BSDs
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
)

_log = logging.getLogger(__name__)


def verified(bundles: Sequence[str] = BUNDLES) -> ssl.SSLContext | bool:
    """What aiohttp takes as `ssl`: True where OpenSSL finds roots by itself, as SSL_CERT_FILE and SSL_CERT_DIR may tell it to.

    Else a context with the first of `bundles` that is there. Blocks for some 20 ms then.
    """
    if sys.platform in {"win32", "darwin"} or _finds_roots(ssl.get_default_verify_paths()):
        return True
    for bundle in bundles:
        if Path(bundle).is_file():
            _log.debug("root certificates from %s", bundle)
            return ssl.create_default_context(cafile=bundle)
    _log.warning("there are no root certificates here: install ca-certificates, or set SSL_CERT_FILE to a file of them")
    return True


def _finds_roots(paths: ssl.DefaultVerifyPaths) -> bool:
    return bool(paths.cafile) or bool(paths.capath and any(Path(paths.capath).iterdir()))
