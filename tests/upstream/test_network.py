import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from copilot_api.errors import UpstreamTimeout, UpstreamUnreachable
from copilot_api.upstream.network import unreachable

KEY = ConnectionKey("api.github.com", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError("name")), "The address of GitHub could not be looked up"),
        (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), "GitHub could not be reached"),
        (aiohttp.ServerDisconnectedError(), "GitHub could not be reached"),
        (ConnectionResetError(), "GitHub could not be reached"),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(111, "x")), "The network proxy does not let us through to GitHub"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed")),
            "No safe connection to GitHub: its certificate could not be verified",
        ),
    ],
)
def test_each_failure_of_the_network_says_what_to_look_at(error: Exception, message: str) -> None:
    problem = unreachable(error, "GitHub")
    assert isinstance(problem, UpstreamUnreachable)
    assert problem.message == message
    assert problem.hint


def test_silence_is_a_time_out() -> None:
    problem = unreachable(TimeoutError(), "GitHub")
    assert isinstance(problem, UpstreamTimeout)
    assert problem.message == "GitHub did not answer in time"
