"""The context that asks Windows and macOS is one like any other. What it trusts: tests/upstream/test_certificates.py."""

import ssl

from copilot_api.upstream.system_store import SystemStore


def test_it_checks_everything_until_told_otherwise() -> None:
    context = SystemStore(ssl.PROTOCOL_TLS_CLIENT)
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
