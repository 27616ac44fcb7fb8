"""What a failure of the network is called, and what a person is told to look at."""

import errno
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from copilot_api.errors import UpstreamTimeout, UpstreamUnreachable
from copilot_api.upstream import socks
from copilot_api.upstream.network import (
    PageMet,
    ProxyFailed,
    is_networkless,
    of_proxy,
    silent_proxy,
    unreachable,
    was_never_connected,
    was_shut_out,
)
from copilot_api.upstream.proxies import SYSTEM, Proxy

KEY = ConnectionKey("api.github.com", 443, True, True, None, None, None)
TO_PROXY = ConnectionKey("proxy.corp", 8080, True, True, None, None, None)
PROXY = Proxy(scheme="http", host="proxy.corp", port=8080, origin="HTTPS_PROXY")
KNOWN = Proxy(scheme="http", host="proxy.corp", port=8080, name="me", password="pass-canary", origin="--proxy")
DISTRUST = ssl.SSLCertVerificationError("self-signed")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError("name")), "The address of GitHub could not be looked up"),
        (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), "GitHub could not be reached"),
        (aiohttp.ServerDisconnectedError(), "GitHub could not be reached"),
        (ConnectionResetError(), "GitHub could not be reached"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, DISTRUST),
            "No safe connection to GitHub: its certificate could not be verified",
        ),
        (ProxyFailed("The proxy is closed", "open it"), "The proxy is closed"),
        (PageMet(""), "A sign-in page of the network answered in place of GitHub"),
        (PageMet("Hotel"), "A sign-in page of the network, 'Hotel', answered in place of GitHub"),
    ],
)
def test_each_failure_of_the_network_says_what_to_look_at(error: Exception, message: str) -> None:
    problem = unreachable(error, "GitHub")
    assert isinstance(problem, UpstreamUnreachable)
    assert problem.message == message
    assert problem.hint


def test_failures_that_a_person_can_mend_have_codes_of_their_own() -> None:
    for error, code in ((ProxyFailed("no", ""), "network_proxy_failed"), (PageMet(""), "network_sign_in")):
        problem = unreachable(error, "GitHub")
        assert (type(problem), problem.code, problem.status) == (UpstreamUnreachable, code, 502)


def test_silence_is_a_time_out() -> None:
    problem = unreachable(TimeoutError(), "GitHub")
    assert isinstance(problem, UpstreamTimeout)
    assert problem.message == "GitHub did not answer in time"


# Network proxies


def answered(status: int, *offers: str) -> aiohttp.ClientHttpProxyError:
    """What a proxy answers to CONNECT."""
    info = RequestInfo(URL("https://api.github.com"), "CONNECT", CIMultiDictProxy(CIMultiDict()))
    headers = CIMultiDict([("Proxy-Authenticate", offer) for offer in offers])
    return aiohttp.ClientHttpProxyError(info, (), status=status, headers=headers)


NAMED = "it is named by HTTPS_PROXY"


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (aiohttp.ClientProxyConnectionError(TO_PROXY, OSError(111, "x")), "could not be reached", NAMED),
        (answered(403), "does not connect to api.github.com: it answered 403", "must allow github.com, api.github.com and"),
        (answered(502), "does not connect to api.github.com: it answered 502", NAMED),
        (answered(407), "wants a name and password", "write them into HTTPS_PROXY: http://NAME:PASSWORD@proxy.corp:8080"),
        (answered(407, 'Basic realm="x"'), "wants a name and password", "write them into HTTPS_PROXY"),
        (answered(407, "NTLM", 'Basic realm="x"'), "wants a name and password", "write them into HTTPS_PROXY"),
        (answered(407, "Negotiate", "NTLM"), "wants Negotiate, which copilot-api does not speak", "Px or cntlm"),
        (socks.WantsPassword(), "wants a name and password", "write them into HTTPS_PROXY"),
        (socks.Refused(2), "does not connect to api.github.com: its rules do not allow it", "must allow github.com"),
        (socks.Refused(5), "does not connect to api.github.com: that host refuses it", NAMED),
        (socks.NotSocks(), "does not speak SOCKS 5", "perhaps it is an http:// proxy"),
        (aiohttp.ClientConnectorSSLError(TO_PROXY, OSError(1, "x")), "does not speak TLS", "perhaps it is an http:// proxy"),
        (
            aiohttp.ClientResponseError(answered(1).request_info, ()),
            "does not speak HTTP",
            "perhaps it is a socks5h:// proxy",
        ),
        (aiohttp.ServerDisconnectedError(), "hung up", NAMED),
        (ConnectionResetError(), "hung up", NAMED),
        (
            aiohttp.ClientConnectorError(KEY, OSError(104, "reset")),
            "lost the connection to api.github.com while it was made safe",
            NAMED,
        ),
    ],
)
def test_what_a_proxy_does_is_told_with_its_place(error: Exception, message: str, hint: str) -> None:
    told = of_proxy(error, PROXY, "api.github.com")
    assert isinstance(told, ProxyFailed)
    assert told.message == f"The network proxy proxy.corp:8080 {message}"
    assert hint in told.hint


def test_a_proxy_that_is_nowhere_is_told() -> None:
    told = of_proxy(aiohttp.ClientConnectorDNSError(TO_PROXY, OSError("name")), PROXY, "api.github.com")
    assert isinstance(told, ProxyFailed)
    assert told.message == "The address of the network proxy proxy.corp:8080 could not be looked up"
    assert silent_proxy(PROXY).message == "The network proxy proxy.corp:8080 did not make a connection in time"


def test_a_name_that_only_the_proxy_knows_is_looked_up_by_the_proxy() -> None:
    told = of_proxy(aiohttp.ClientConnectorDNSError(KEY, OSError("name")), PROXY, "api.github.com")
    assert isinstance(told, ProxyFailed)
    assert told.message == "The address of api.github.com could not be looked up"
    assert "socks5h://" in told.hint


def test_certificates_are_told_apart() -> None:
    of_github = aiohttp.ClientConnectorCertificateError(KEY, DISTRUST)
    assert of_proxy(of_github, PROXY, "api.github.com") is None
    told = of_proxy(aiohttp.ClientConnectorCertificateError(TO_PROXY, DISTRUST), PROXY, "api.github.com")
    assert isinstance(told, ProxyFailed)
    assert told.message.startswith("No safe connection to the network proxy proxy.corp:8080: its certificate")


@pytest.mark.parametrize("error", [answered(407), answered(401), socks.WantsPassword()])
def test_a_wrong_password_is_not_repeated(error: Exception) -> None:
    told = of_proxy(error, KNOWN, "api.github.com")
    assert isinstance(told, ProxyFailed)
    assert told.message == "The network proxy proxy.corp:8080 does not accept the name and password"
    assert "pass-canary" not in f"{told!r} {told.hint}"


def test_where_the_system_names_the_proxy_a_password_goes_into_ours() -> None:
    told = of_proxy(answered(407), Proxy(scheme="http", host="proxy.corp", port=8080, origin=SYSTEM), "api.github.com")
    assert isinstance(told, ProxyFailed)
    assert told.hint == "write them into --proxy: http://NAME:PASSWORD@proxy.corp:8080"


def caused(error: ProxyFailed, cause: Exception) -> ProxyFailed:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "networkless"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError("name")), True),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ENETUNREACH, "x")), True),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EHOSTUNREACH, "x")), True),
        (OSError(errno.EADDRNOTAVAIL, "x"), True),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "x")), False),
        (aiohttp.ClientConnectorCertificateError(KEY, DISTRUST), False),
        (TimeoutError(), False),
        (caused(ProxyFailed("", ""), aiohttp.ClientProxyConnectionError(TO_PROXY, OSError(errno.ENETUNREACH, "x"))), True),
        (caused(ProxyFailed("", ""), answered(502)), False),
        (ProxyFailed("", ""), False),
        (None, False),
    ],
)
def test_whether_there_is_a_network_at_all(error: Exception | None, networkless: bool) -> None:
    assert is_networkless(error) is networkless


REFUSED = aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "refused"))
FULL = aiohttp.ClientConnectorError(KEY, OSError(errno.EMFILE, "too many open files"))
FOREIGN = aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed"))


def by_proxy(error: Exception) -> ProxyFailed:
    """What the connector makes of it."""
    told = ProxyFailed("The network proxy", "look at it")
    told.__cause__ = error
    return told


@pytest.mark.parametrize(
    ("error", "never_connected", "shut_out"),
    [
        (REFUSED, True, False),
        (aiohttp.ClientConnectorDNSError(KEY, OSError("name")), True, False),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(errno.ECONNREFUSED, "x")), True, False),
        (aiohttp.ConnectionTimeoutError(), True, False),
        (by_proxy(REFUSED), True, False),
        (by_proxy(TimeoutError()), True, False),
        (by_proxy(answered(503)), True, False),
        (by_proxy(answered(407)), False, True),
        (by_proxy(socks.Refused(5)), True, False),
        (by_proxy(socks.Refused(2)), False, True),
        (by_proxy(socks.WantsPassword()), False, True),
        (by_proxy(socks.NotSocks()), False, True),
        (by_proxy(FOREIGN), False, True),
        (PageMet("Sign in"), False, False),
        (FOREIGN, False, True),
        (FULL, False, False),
        (aiohttp.SocketTimeoutError(), False, False),
        (aiohttp.ServerDisconnectedError(), False, False),
        (ConnectionResetError(), False, False),
    ],
)
def test_whether_anybody_was_reached_is_told_apart(error: Exception, never_connected: bool, shut_out: bool) -> None:
    """A host counts as gone only where no connection comes about, and not for what this machine lacks."""
    assert was_never_connected(error) is never_connected
    assert was_shut_out(error) is shut_out
