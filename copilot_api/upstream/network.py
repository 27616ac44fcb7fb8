"""Failures of the network before an answer begins, as ours: what could not be done, and what to look at."""

import errno

import aiohttp

from copilot_api.errors import UpstreamProblem, UpstreamTimeout, UpstreamUnreachable
from copilot_api.upstream import distrust, socks
from copilot_api.upstream.denials import one_line
from copilot_api.upstream.proxies import SYSTEM, Proxy

PROXY_FAILED = "network_proxy_failed"
PAGE_MET = "network_sign_in"

_NETWORK = "check your network; behind a company's proxy, pass --proxy-env or --proxy"
_SIGN_IN = "open a browser, sign in to the network there, and try again"
_ALLOW = "whoever runs it must allow github.com, api.github.com and githubcopilot.com"
_LOOK_UP = "with socks5h:// instead of socks5:// the proxy looks names up"
_HELPER = "run a program that signs in to it, such as Px or cntlm, and name that in --proxy"

_NO_NETWORK = {
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.EADDRNOTAVAIL,
}


class ProxyFailed(aiohttp.ClientConnectionError):
    """No connection by way of the network's proxy. `message` and `hint` are for people, and hold neither name nor password."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class PageMet(aiohttp.ClientConnectionError):
    """A web page came instead of an answer. `title` names it, if it has a name."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.title = title


# What this machine lacks when it has too much open.
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})

_SHUT_OUT = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientSSLError,
    aiohttp.ClientResponseError,  # of a proxy that does not speak HTTP
    socks.NotSocks,
    socks.WantsPassword,
)


def unreachable(error: Exception, who: str) -> UpstreamProblem:
    """`error` (one of aiohttp's, or the system's) while asking `who`."""
    if isinstance(error, ProxyFailed):
        return _coded(UpstreamUnreachable(error.message, hint=error.hint), PROXY_FAILED)
    if isinstance(error, PageMet):
        named = f", {error.title!r}," if error.title else ""
        met = f"A sign-in page of the network{named} answered in place of {who}"
        return _coded(UpstreamUnreachable(met, hint=_SIGN_IN), PAGE_MET)
    if isinstance(error, TimeoutError):
        return UpstreamTimeout(f"{who} did not answer in time", hint=_NETWORK)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why, hint = distrust.why(error.certificate_error)
        return UpstreamUnreachable(f"No safe connection to {who}: its certificate {why}", hint=hint)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return UpstreamUnreachable(f"The address of {who} could not be looked up", hint=_NETWORK)
    return UpstreamUnreachable(f"{who} could not be reached", hint=_NETWORK)


def _coded(problem: UpstreamUnreachable, code: str) -> UpstreamUnreachable:
    """A failure that somebody on the network can mend, not only time."""
    problem.code = code
    return problem


def is_networkless(error: BaseException | None) -> bool:
    """Whether nobody could be reached at all, as while a network is still being joined."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return True
    if isinstance(error, ProxyFailed):
        return is_networkless(error.__cause__)
    return isinstance(error, OSError) and error.errno in _NO_NETWORK


def silent_proxy(proxy: Proxy) -> ProxyFailed:
    """Nothing came in the time that a connection may take."""
    return ProxyFailed(f"The network proxy {proxy.place} did not make a connection in time", _named(proxy))


def of_proxy(error: Exception, proxy: Proxy, host: str) -> ProxyFailed | None:
    """`error` while a connection to `host` was made by way of `proxy`; None where the proxy is not to blame."""
    the_proxy = f"The network proxy {proxy.place}"
    is_far_end = isinstance(error, aiohttp.ClientConnectorError) and error.host != proxy.host
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        if is_far_end:
            return None
        why, hint = distrust.why(error.certificate_error)
        return ProxyFailed(f"No safe connection to the network proxy {proxy.place}: its certificate {why}", hint)
    if is_far_end and isinstance(error, aiohttp.ClientConnectorDNSError):
        return ProxyFailed(f"The address of {host} could not be looked up", _LOOK_UP)
    if is_far_end:
        return ProxyFailed(f"{the_proxy} lost the connection to {host} while it was made safe", _named(proxy))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _of_answer(error, proxy, host)
    if isinstance(error, socks.WantsPassword):
        return ProxyFailed(*_wants_password(proxy))
    if isinstance(error, socks.Refused):
        hint = _ALLOW if error.reply == socks.NOT_ALLOWED else _named(proxy)
        return ProxyFailed(f"{the_proxy} does not connect to {host}: {error}", hint)
    if isinstance(error, socks.NotSocks):
        return ProxyFailed(f"{the_proxy} does not speak SOCKS 5", f"perhaps it is an http:// proxy; {_named(proxy)}")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ProxyFailed(f"The address of the network proxy {proxy.place} could not be looked up", _named(proxy))
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return ProxyFailed(f"{the_proxy} does not speak TLS", f"perhaps it is an http:// proxy; {_named(proxy)}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return ProxyFailed(f"{the_proxy} could not be reached", _named(proxy))
    if isinstance(error, aiohttp.ClientResponseError):
        return ProxyFailed(f"{the_proxy} does not speak HTTP", f"perhaps it is a socks5h:// proxy; {_named(proxy)}")
    return ProxyFailed(f"{the_proxy} hung up", _named(proxy))


def _of_answer(error: aiohttp.ClientHttpProxyError, proxy: Proxy, host: str) -> ProxyFailed:
    """What an http proxy said instead of making a connection."""
    if error.status not in {401, 407}:  # tinyproxy says the former for a wrong password
        hint = _ALLOW if error.status == 403 else _named(proxy)
        return ProxyFailed(f"The network proxy {proxy.place} does not connect to {host}: it answered {error.status}", hint)
    offered = " ".join(error.headers.getall("Proxy-Authenticate", [])) if error.headers else ""
    if offered and "basic" not in offered.lower():
        kinds = one_line(offered).split()[0].rstrip(",")
        return ProxyFailed(f"The network proxy {proxy.place} wants {kinds}, which copilot-api does not speak", _HELPER)
    return ProxyFailed(*_wants_password(proxy))


def _wants_password(proxy: Proxy) -> tuple[str, str]:
    if proxy.name or proxy.password:
        return f"The network proxy {proxy.place} does not accept the name and password", _named(proxy)
    place, example = "--proxy" if proxy.origin == SYSTEM else proxy.origin, f"{proxy.scheme}://NAME:PASSWORD@{proxy.place}"
    return f"The network proxy {proxy.place} wants a name and password", f"write them into {place}: {example}"


def _named(proxy: Proxy) -> str:
    return f"it is named by {proxy.origin}"


def was_never_connected(error: Exception) -> bool:
    """Whether no connection came about, so that nothing was sent, and the reason lies outside of this machine."""
    if was_shut_out(error):
        return False
    if isinstance(error, ProxyFailed | aiohttp.ConnectionTimeoutError):
        return True
    return isinstance(error, aiohttp.ClientConnectorError) and error.errno not in _OURS


def was_shut_out(error: BaseException | None) -> bool:
    """Whether somebody was there and no connection came about all the same, which trying again does not change."""
    if isinstance(error, ProxyFailed):
        return was_shut_out(error.__cause__)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return error.status < 500  # else it does not reach the host itself
    if isinstance(error, socks.Refused):
        return error.reply == socks.NOT_ALLOWED
    return isinstance(error, _SHUT_OUT)
