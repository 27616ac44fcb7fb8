"""What a command needs to talk to GitHub about one account, opened and closed with the command."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from copilot_api.settings import Settings
from copilot_api.upstream.auth import CopilotAuth
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import CopilotClient
from copilot_api.upstream.clock import Clock, SystemClock
from copilot_api.upstream.connections import connected
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account that `settings` describe: its hosts, and how to ask GitHub about it."""

    settings: Settings
    hosts: Hosts
    identity: Identity
    http: aiohttp.ClientSession
    github: GitHub
    clock: Clock


@asynccontextmanager
async def account(settings: Settings) -> AsyncIterator[Account]:
    """Opens what asks GitHub, and the sandbox where the settings want one, for as long as a command runs.

    Raises SettingsBroken.
    """
    async with AsyncExitStack() as owned:
        if settings.sandbox:
            from copilot_api.sandbox import Sandbox

            settings = (await owned.enter_async_context(Sandbox())).settings(settings)
        hosts, identity, clock = Hosts.of(settings), Identity(settings), SystemClock()
        http = (await owned.enter_async_context(connected(settings, clock))).http
        github = GitHub(http, hosts, identity, settings)
        yield Account(settings=settings, hosts=hosts, identity=identity, http=http, github=github, clock=clock)


def catalog(opened: Account, grant: Grant) -> Catalog:
    """The account's models, to be read once."""
    auth = CopilotAuth(opened.github, grant, opened.hosts, opened.clock)
    client = CopilotClient(opened.http, auth, opened.identity, opened.settings)
    return Catalog(client, opened.settings, opened.clock)
