"""Failures of the network before an answer begins, as ours: what could not be done, and what to look at."""

import aiohttp

from copilot_api.errors import UpstreamProblem, UpstreamTimeout, UpstreamUnreachable

_NETWORK = "check your network; behind a company proxy, pass --proxy-env"
_CERTIFICATE = "a company network may replace certificates: install its root certificate, or set SSL_CERT_FILE to it"


def unreachable(error: Exception, who: str) -> UpstreamProblem:
    """`error` (one of aiohttp's, or the system's) while asking `who`."""
    if isinstance(error, TimeoutError):
        return UpstreamTimeout(f"{who} did not answer in time", hint=_NETWORK)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return UpstreamUnreachable(f"No safe connection to {who}: its certificate could not be verified", hint=_CERTIFICATE)
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return UpstreamUnreachable(f"The network proxy does not let us through to {who}", hint="check HTTPS_PROXY")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return UpstreamUnreachable(f"The address of {who} could not be looked up", hint=_NETWORK)
    return UpstreamUnreachable(f"{who} could not be reached", hint=_NETWORK)
