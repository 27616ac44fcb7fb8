"""The small pages: signs of life, the models, and what the account has left."""

import logging
from collections.abc import Callable
from urllib.parse import unquote

from aiohttp import web

from copilot_api import __version__
from copilot_api.dialects.codec import Json, dumps
from copilot_api.errors import CopilotApiError, DoorClosed, ModelUnknown
from copilot_api.server import codex_models, gemini_page
from copilot_api.server.middleware import speaks_gemini, speaks_messages
from copilot_api.server.models_page import entry, page
from copilot_api.settings import Settings
from copilot_api.upstream.auth import CopilotAuth
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.github import GitHub

_log = logging.getLogger(__name__)


class Pages:
    """The handlers. `uptime_s` says for how many seconds the service has been there."""

    def __init__(
        self, auth: CopilotAuth, github: GitHub, catalog: Catalog, settings: Settings, uptime_s: Callable[[], float]
    ) -> None:
        self._auth = auth
        self._github = github
        self._catalog = catalog
        self._serve_token = settings.serve_token
        self._uptime_s = uptime_s

    async def root(self, _request: web.Request) -> web.Response:
        """GET /, word for word as copilot-api 0.7 answered it: probes look for it."""
        return web.Response(text="Server running")

    async def hello(self, _request: web.Request) -> web.Response:
        """GET and HEAD /api/hello: Claude Code knocks there when it starts."""
        return web.Response()

    async def health(self, _request: web.Request) -> web.Response:
        """GET /health: whether requests can be served, with nothing in it that anybody might not know."""
        return _json(
            {
                "status": "ok",
                "signed": self._auth.signed.value,
                "version": __version__,
                "uptime_s": round(self._uptime_s()),
                "models": len(self._catalog.known),
            }
        )

    async def models(self, request: web.Request) -> web.Response:
        """GET /v1/models and /v1beta/models, in the form that the caller reads."""
        if speaks_gemini(request):
            return _json(gemini_page.page(await self._catalog.models(), request.query))
        if _lists_for_codex(request):
            return _json(codex_models.page((await self._catalog.models()).values()))
        return _json(page(await self._catalog.models(), request.query, for_messages=_lists_for_messages(request)))

    async def model(self, request: web.Request) -> web.Response:
        """GET /v1/models/{id}, by any name that requests may use. Raises ModelUnknown."""
        name = unquote(request.match_info["name"]).rstrip("/")
        is_for_gemini = speaks_gemini(request)
        if is_for_gemini:
            name = name.removeprefix("models/")
        if not name:
            raise ModelUnknown("No model is named in the address")
        model = await self._catalog.look_up(name)
        return _json(gemini_page.entry(model) if is_for_gemini else entry(model))

    async def usage(self, _request: web.Request) -> web.Response:
        """GET /usage: GitHub's own words on plan and quota; a failure in the shape that copilot-api 0.7 gave it."""
        try:
            return _json(await self._github.copilot_user(await self._auth.grant()))
        except CopilotApiError as problem:
            _log.warning("usage could not be fetched: %s", problem.text)
            return _json({"error": "Failed to fetch Copilot usage", "hint": problem.text}, status=500)

    async def token(self, _request: web.Request) -> web.Response:
        """GET /token, as copilot-api 0.7 served it to everyone. Raises DoorClosed unless it was switched on."""
        if not self._serve_token:
            raise DoorClosed("The Copilot token is not given out", hint="if a program of yours needs it, pass --serve-token")
        try:
            return _json({"token": (await self._auth.token()).value})
        except CopilotApiError as problem:
            _log.warning("no Copilot token: %s", problem.text)
            return _json({"error": "Failed to fetch token", "token": None, "hint": problem.text}, status=500)


def _lists_for_messages(request: web.Request) -> bool:
    """Whether Anthropic's form of the list is wanted (client-apis.md §1.6)."""
    if speaks_messages(request) or request.headers.get("User-Agent", "").startswith("claude-"):
        return True
    return "x-api-key" in request.headers and "Authorization" not in request.headers


def _lists_for_codex(request: web.Request) -> bool:
    return "client_version" in request.query or request.headers.get("User-Agent", "").lower().startswith("codex")


def _json(value: Json, *, status: int = 200) -> web.Response:
    return web.Response(body=dumps(value), status=status, content_type="application/json")
