"""What happens around every request: it gets an id and a line in the log, it is let in or not, and its errors are drawn."""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext

from aiohttp import HttpVersion10, HttpVersion11, web

from copilot_api.dialects import chat, gemini, messages
from copilot_api.dialects.codec import dumps
from copilot_api.errors import (
    ClientMistake,
    CopilotApiError,
    MethodUnknown,
    RouteUnknown,
    Stopping,
)
from copilot_api.log import is_failure_told, key_name, request_id
from copilot_api.server.connections import State, connection_of
from copilot_api.server.faults import noted, reason
from copilot_api.server.guard import Guard
from copilot_api.server.key_ring import KeyRing
from copilot_api.server.peers import Peers
from copilot_api.server.traffic import Traffic
from copilot_api.settings import Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOGGED_PATH = 200

OPEN_PATHS = frozenset({"", "/health", "/api/hello"})
"""What answers without a key: signs of life for probes, with nothing in them."""

EXPOSED = "x-request-id, request-id, retry-after, x-copilot-api-losses, x-copilot-api-repairs, x-copilot-api-token-method"

# Paths that are OpenAI's, whatever headers come with them.
_OPENAIS = frozenset({"completions", "embeddings", "responses"})

_GEMINI_HEADERS = ("x-goog-api-client", "x-goog-api-key")
_GEMINI_METHOD = re.compile(r"/models/[^/]+:[A-Za-z]+/?$")

_log = logging.getLogger(__name__)


class Entrance:
    """The middlewares of one server, outermost first: `identify`, `draw_errors`, `guard`."""

    def __init__(self, settings: Settings, traffic: Traffic, keys: KeyRing, peers: Peers) -> None:
        self._guard = Guard(settings, keys)
        self._keys = keys
        self._peers = peers
        self._any_origin = "*" in settings.cors_origins
        self._traffic = traffic

    @web.middleware
    async def identify(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Mints the request id, counts what may cost something, logs sizes and times; never a query, which may hold a key."""
        request_id.set(str(uuid.uuid4()))
        is_failure_told.set(False)
        started = time.monotonic()
        connection_of(request).become(State.BUSY)
        with self._traffic.counted() if request.method == "POST" else nullcontext():
            response = await handler(request)
        _log.debug(
            "%s %s %d, %d bytes in, %d ms%s",
            request.method,
            _shown(request),
            response.status,
            request.content.total_bytes,
            (time.monotonic() - started) * 1000,
            f", key {key_name.get()}" if key_name.get() else "",
        )
        return response

    @web.middleware
    async def draw_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turns whatever went wrong into an answer that the client's program understands."""
        try:
            return await handler(request)
        except CopilotApiError as problem:
            return _drawn(request, problem)
        except web.HTTPException as error:
            return _drawn(request, _ours(request, error))
        except asyncio.CancelledError:
            if self._traffic.resume():
                return _drawn(request, Stopping("copilot-api is shutting down", hint="try again when it is back"))
            raise
        except web.RequestPayloadError:
            return _drawn(request, ClientMistake("The request body is not HTTP as it should be", code="bad_http"))
        except ConnectionError as error:
            # The client is gone, there is nobody to answer; aiohttp would draw and log anything else as a fault.
            raise asyncio.CancelledError from error
        except Exception as error:  # noqa: BLE001 - the top of a request: whatever it is, the client gets an answer
            return _drawn(request, noted(error))

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets in whom `Guard` lets in, and answers the question that browsers ask beforehand (CORS preflight)."""
        self._check_asker(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return self._preflight(request)
        await self._check_key(request)
        return await handler(request)

    async def expect(self, request: web.Request) -> None:
        """Asks for the body (Expect: 100-continue) of whom the guard lets in; others get the refusal instead."""
        if request.version != HttpVersion11 or request.headers.get("Expect", "").lower() != "100-continue":
            return
        try:
            self._check_asker(request)
            await self._check_key(request)
        except CopilotApiError:
            return  # the guard says so again, to the client
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # of the answer itself nothing was sent yet

    def _check_asker(self, request: web.Request) -> None:
        """Which name is asked for, and whether a web page asks. Raises DoorClosed."""
        headers, guard = request.headers, self._guard
        origin, host = headers.get("Origin"), headers.get("Host")
        if request.version < HttpVersion10:
            raise ClientMistake("This server speaks HTTP/1.1", code="bad_http")
        guard.check_host(host)
        if host is not None:
            guard.check_host(request.host)  # another one where the first line holds a whole address, which counts more
        guard.check_origin(origin, host)
        guard.check_site(headers.get("Sec-Fetch-Site"), origin)
        if request.method == "POST":
            guard.check_form(headers.get("Content-Type", ""), headers.get("User-Agent", ""), origin)

    async def _check_key(self, request: web.Request) -> None:
        """Who has a key may be anybody; without keys it must be a program of the same user. Raises KeyRefused, DoorClosed."""
        await self._keys.refresh()
        if request.path.rstrip("/") in OPEN_PATHS:
            return
        if self._guard.asks_for_a_key:
            key_name.set(self._guard.check_keys(_keys(request)))
        else:
            await self._peers.check(connection_of(request))

    async def sign(self, request: web.Request, response: web.StreamResponse) -> None:
        """The headers that every answer carries (a signal, because streams send theirs early)."""
        response.headers["Server"] = "copilot-api"
        # No page may take an answer for a script or an image of its own, should it get one.
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["x-request-id"] = response.headers["request-id"] = request_id.get()
        origin = request.headers.get("Origin")
        if self._guard.readable_by(origin):
            response.headers["Access-Control-Allow-Origin"] = "*" if self._any_origin else origin or ""
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
            response.headers.add("Vary", "Origin")

    def _preflight(self, request: web.Request) -> web.Response:
        if not self._guard.readable_by(request.headers.get("Origin")):
            raise MethodUnknown("OPTIONS is for web pages of configured origins", hint="pass --cors-origin")
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": "GET, HEAD, POST",
                "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "*"),
                # Browsers ask this before a page of the internet may reach an address of the local network.
                "Access-Control-Allow-Private-Network": "true",
                "Access-Control-Max-Age": "600",
            },
        )


def _shown(request: web.Request) -> str:
    """The path for the log: as it came, which is without control characters, and not longer than anybody wants to read."""
    return request.rel_url.raw_path[:LOGGED_PATH]


def _keys(request: web.Request) -> Iterator[str]:
    """Every key the client shows. Some send two headers, of which one is stale."""
    for name in ("x-api-key", "api-key", "x-goog-api-key"):
        yield from request.headers.getall(name, [])
    for value in request.headers.getall("Authorization", []):
        scheme, _, credential = value.partition(" ")
        if scheme.lower() == "bearer":
            yield credential.strip()
    yield from request.query.getall("key", [])


def speaks_messages(request: web.Request) -> bool:
    """Whether the client expects Anthropic's shapes: by the path where that decides, else by the header its SDKs send."""
    segments = request.path.split("/")
    if "messages" in segments:
        return True
    return not _OPENAIS & set(segments) and "anthropic-version" in request.headers


def speaks_gemini(request: web.Request) -> bool:
    """Whether the client expects Google's shapes: by the path where that decides, else by the headers its SDKs send."""
    segments = request.path.split("/")
    if {"v1beta", "v1alpha"} & {*segments} or _GEMINI_METHOD.search(request.path):
        return True
    return "models" in segments and any(header in request.headers for header in _GEMINI_HEADERS)


def _drawn(request: web.Request, problem: CopilotApiError) -> web.Response:
    if speaks_gemini(request):
        status, body = gemini.status(problem), gemini.error(problem)
    elif speaks_messages(request):
        status, body = messages.status(problem), messages.error(problem, request_id.get())
    else:
        status, body = chat.status(problem), chat.error(problem)
    headers = {}
    if problem.retry_after:
        headers["Retry-After"] = problem.retry_after
    if not problem.should_retry:
        headers["x-should-retry"] = "false"
    if not is_failure_told.get():
        _log.info("%s %s answered %d: %s", request.method, _shown(request), status, reason(problem))
    return web.Response(status=status, body=dumps(body), content_type="application/json", headers=headers)


def _ours(request: web.Request, error: web.HTTPException) -> CopilotApiError:
    """aiohttp's own refusals, which are drawn in HTML otherwise."""
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return MethodUnknown(f"{error.method} is not served at this path", hint=f"it takes {allowed}")
        case web.HTTPNotFound():
            return RouteUnknown(
                f"Nothing is served at {request.path[:200]}",
                hint="see /v1/models, /v1/chat/completions, /v1/responses, /v1/messages",
            )
        case _:
            return ClientMistake(error.reason)
