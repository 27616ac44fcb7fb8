"""Whether there is a newer version: asked of the page of releases when the person wants to know, and at no other time."""

import re
from urllib.parse import urlsplit

import aiohttp

from copilot_api.desktop.glance import Update
from copilot_api.dialects.codec import Json, loads
from copilot_api.errors import UpstreamBroke, UpstreamProblem
from copilot_api.upstream.network import unreachable

LIMIT_S = 20.0
LIMIT_BYTES = 1024 * 1024

_VERSION = re.compile(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})")
_WHO = "The page of releases"


async def newer(http: aiohttp.ClientSession, url: str, version: str) -> Update | None:
    """The latest release if it is newer than `version`, as `url` tells it (GitHub's REST API, "Get the latest release").

    Raises UpstreamUnreachable, UpstreamTimeout, UpstreamBroke.
    """
    release = await _latest(http, url)
    found, here = _VERSION.fullmatch(str(release.get("tag_name"))), _VERSION.match(version)
    page = str(release.get("html_url"))
    if found is None or here is None or not _is_of(page, url):
        raise UpstreamBroke(f"{_WHO} does not tell a version", hint="look at it yourself, or try again later")
    if tuple(map(int, found.groups())) <= tuple(map(int, here.groups())):
        return None
    return Update(version=".".join(found.groups()), page=page)


async def _latest(http: aiohttp.ClientSession, url: str) -> Json:
    headers = {"Accept": "application/vnd.github+json", "User-Agent": "copilot-api"}
    try:
        async with http.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=LIMIT_S)) as response:
            status, body = response.status, b""
            while len(body) < LIMIT_BYTES and (piece := await response.content.readany()):
                body += piece
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable(error, _WHO) from error
    if status != 200:
        raise UpstreamProblem(f"{_WHO} answered with status {status}", hint="try again later")
    try:
        value = loads(body)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


def _is_of(page: str, url: str) -> bool:
    """Whether a page may be opened: one of those who were asked, whatever an answer from the network says."""
    asked, told = urlsplit(url), urlsplit(page)
    host = (asked.hostname or "").removeprefix("api.")
    return told.scheme == asked.scheme and told.hostname == host and told.username is None
