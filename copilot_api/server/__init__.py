"""Everything heard from clients. This module is the map: what is served where, and what every request passes through."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from copilot_api.server.calibration import Calibration
from copilot_api.server.count import TokenCounts
from copilot_api.server.embeddings import Embeddings
from copilot_api.server.gemini import Gemini
from copilot_api.server.items import Items
from copilot_api.server.key_ring import KeyRing
from copilot_api.server.limits import Limits
from copilot_api.server.middleware import Entrance, Handler
from copilot_api.server.pages import Pages
from copilot_api.server.peers import Peers
from copilot_api.server.pictures import Pictures
from copilot_api.server.relay import Relay
from copilot_api.server.repair_book import RepairBook
from copilot_api.server.responses import Responses
from copilot_api.server.sending import Sender
from copilot_api.server.today import Use
from copilot_api.server.traffic import Traffic
from copilot_api.server.websocket import Sockets
from copilot_api.settings import Settings
from copilot_api.tokens import Counter
from copilot_api.upstream.auth import CopilotAuth
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import CopilotClient
from copilot_api.upstream.clock import Clock
from copilot_api.upstream.github import GitHub

PREFIXES = ("", "/v1", "/v1/v1", "/anthropic", "/anthropic/v1")
"""Base URLs are typed with and without /v1; the third is what comes of typing it twice."""

EVERY_PREFIX = (*PREFIXES, "/v1beta", "/v1alpha", "/v1/v1beta", "/v1beta/v1", "/v1beta/v1beta")
"""Google's programs put a version into the address themselves, be it v1; the last three are what comes of typing one too."""


@dataclass(frozen=True, kw_only=True)
class Deps:
    """What the server is built from; `Service` owns all of it."""

    settings: Settings
    clock: Clock
    auth: CopilotAuth
    github: GitHub
    catalog: Catalog
    client: CopilotClient
    counter: Counter
    calibration: Calibration
    keys: KeyRing
    peers: Peers
    limits: Limits
    pictures: Pictures
    repairs: RepairBook
    traffic: Traffic
    use: Use
    uptime_s: Callable[[], float]


def create_app(deps: Deps) -> web.Application:
    """The server, ready to be run."""
    settings, catalog, client = deps.settings, deps.catalog, deps.client
    entrance = Entrance(settings, deps.traffic, deps.keys, deps.peers)
    sender = Sender(catalog, client, deps.repairs, settings, deps.clock)
    relay = Relay(catalog, sender, deps.limits, deps.traffic, deps.calibration, deps.repairs, deps.pictures, deps.use, settings)
    items = Items(settings.item_store_mib * 1024 * 1024, deps.clock)
    counts = TokenCounts(catalog, client, deps.calibration, deps.repairs, settings, deps.clock)
    responses = Responses(relay, catalog, items, counts, settings)
    sockets = Sockets(relay, catalog, items, deps.traffic, deps.keys, settings)
    embeddings = Embeddings(catalog, client, deps.counter, deps.use, settings)
    gemini = Gemini(relay, counts, settings)
    pages = Pages(deps.auth, deps.github, catalog, settings, deps.uptime_s)

    app = web.Application(middlewares=[entrance.identify, entrance.draw_errors, entrance.guard])
    app.on_response_prepare.append(entrance.sign)
    app.on_shutdown.append(sockets.drain)
    routes: tuple[tuple[tuple[str, ...], str, str, Handler], ...] = (
        (PREFIXES, "POST", "/chat/completions", relay.chat),
        (PREFIXES, "POST", "/messages", relay.messages),
        (PREFIXES, "POST", "/responses", responses.create),
        (PREFIXES, "GET", "/responses", sockets.open),
        (PREFIXES, "POST", "/responses/compact", responses.compact),
        (PREFIXES, "POST", "/responses/input_tokens", responses.input_tokens),
        (PREFIXES, "*", "/responses/{id:.+}", responses.stored),
        (PREFIXES, "POST", "/messages/count_tokens", counts.messages),
        (PREFIXES, "POST", "/embeddings", embeddings.create),
        (EVERY_PREFIX, "GET", "/models", pages.models),
        (EVERY_PREFIX, "GET", "/models/{name:.+}", pages.model),
        (EVERY_PREFIX, "POST", "/models/{target:.*:[A-Za-z]+}", gemini.call),
    )
    for prefixes, method, path, handler in routes:
        for prefix in prefixes:
            for spelling in (prefix + path, prefix + path + "/"):
                app.router.add_route(method, spelling, handler, expect_handler=entrance.expect)
                if method == "GET" and handler != sockets.open:
                    app.router.add_route("HEAD", spelling, handler)
    for path, handler in (
        ("/", pages.root),
        ("/health", pages.health),
        ("/api/hello", pages.hello),
        ("/usage", pages.usage),
        ("/token", pages.token),
        ("/repairs", deps.repairs.page),
    ):
        app.router.add_get(path, handler)
    return app
