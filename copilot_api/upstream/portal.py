"""Pages that a network puts in place of answers: of a hotel that wants a room number, of a company that wants a sign-in.

Neither GitHub's API nor Copilot's ever sends one with a success, sends anybody to another host, or answers 511.
"""

import asyncio
import re
from http import HTTPStatus

import aiohttp
from yarl import URL

from copilot_api.upstream.denials import one_line
from copilot_api.upstream.hosts import COPILOT, PUBLIC, TENANTS
from copilot_api.upstream.network import PageMet

TITLE_S = 2.0
"""Seconds that the beginning of a page may take: all that is wanted of it is its name."""

_OURS = (PUBLIC, TENANTS, COPILOT)
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})</title>", re.IGNORECASE)


async def guard(request: aiohttp.ClientRequest, go_on: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware of aiohttp's that takes no page for an answer. Raises PageMet."""
    response = await go_on(request)
    try:
        title = await _title(response)
    except BaseException:
        response.close()
        raise
    if title is None:
        return response
    response.close()
    raise PageMet(title)


async def _title(response: aiohttp.ClientResponse) -> str | None:
    """What the page is called, "" where nobody says; None for what is no page of a network's."""
    if 300 <= response.status < 400:
        return _elsewhere(response)
    is_page = response.content_type in _PAGES
    if response.status != HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED and not (is_page and response.status < 300):
        return None
    try:
        async with asyncio.timeout(TITLE_S):
            found = _TITLE.search(await response.content.readany()) if is_page else None
    except (aiohttp.ClientError, OSError):  # which a time-out is, too
        found = None
    return one_line(" ".join(found[1].decode("utf-8", "replace").split())) if found else ""


def _elsewhere(response: aiohttp.ClientResponse) -> str | None:
    """The host that a redirect leads to; None where it is the same, or another one of GitHub's."""
    try:
        host = response.url.join(URL(response.headers.get("Location", ""))).host or ""
    except ValueError:
        return ""
    is_known = host == response.url.host or any(host == domain or host.endswith(f".{domain}") for domain in _OURS)
    return None if is_known else one_line(host)
