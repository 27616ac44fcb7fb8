"""The model list: read once, kept for a while, kept longer in trouble; and the answers to names nobody knows."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from copilot_api.errors import ClientMistake, ModelUnknown, UpstreamBroke, UpstreamTimeout, UpstreamUnreachable
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream import catalog as catalog_module
from copilot_api.upstream.auth import CopilotAuth
from copilot_api.upstream.catalog import RETRY_S, Catalog
from copilot_api.upstream.client import CopilotClient
from copilot_api.upstream.clock import Clock
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity
from tests.builders.waiting import eventually

MakeCatalog = Callable[..., Catalog]


@pytest.fixture
def make_catalog(
    http: aiohttp.ClientSession, settings_for: Callable[..., Settings], sandbox: Sandbox, clock: Clock
) -> MakeCatalog:
    """A catalog of the sandbox; the options are settings."""

    def make(grant: Any = None, **options: object) -> Catalog:
        settings = settings_for(**options)
        hosts, identity = Hosts.of(settings), Identity(settings)
        auth = CopilotAuth(GitHub(http, hosts, identity, settings), grant or Grant(sandbox.grant), hosts, clock)
        return Catalog(CopilotClient(http, auth, identity, settings), settings, clock)

    return make


@pytest.fixture
def catalog(make_catalog: MakeCatalog) -> Catalog:
    return make_catalog()


def reads(sandbox: Sandbox) -> int:
    """How often the list was asked for."""
    return sum(seen.path == "/models" for seen in sandbox.seen)


def without(sandbox: Sandbox, id_: str) -> list[Any]:
    return [entry for entry in sandbox.models if entry["id"] != id_]


@asynccontextmanager
async def refreshing(catalog: Catalog) -> Any:
    task = asyncio.get_running_loop().create_task(catalog.keep_fresh())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_many_who_ask_at_once_cause_one_request(catalog: Catalog, sandbox: Sandbox) -> None:
    lists = await asyncio.gather(*(catalog.models() for _ in range(20)))
    assert reads(sandbox) == 1
    assert "gpt-4.1" in lists[0]
    assert all(found == lists[0] for found in lists)
    assert catalog.known == lists[0]


async def test_the_first_list_fails_loudly(catalog: Catalog, sandbox: Sandbox) -> None:
    assert not catalog.known
    sandbox.script.fault("reset", path="/models", times=9)
    with pytest.raises(UpstreamUnreachable):
        await catalog.models()
    sandbox.script.clear()
    assert await catalog.models()


async def test_an_empty_list_is_no_list(catalog: Catalog, sandbox: Sandbox) -> None:
    sandbox.models = []
    with pytest.raises(UpstreamBroke, match="empty"):
        await catalog.models()


async def test_a_list_that_does_not_come_is_not_waited_for(
    catalog: Catalog, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_module, "PATIENCE_S", 0.1)
    sandbox.script.fault("stall", path="/models")
    with pytest.raises(UpstreamTimeout):
        await catalog.models()


async def test_the_list_is_read_again_while_running(make_catalog: MakeCatalog, sandbox: Sandbox, clock: Any) -> None:
    catalog = make_catalog(catalog_s=600)
    await catalog.models()
    sandbox.models = without(sandbox, "gpt-4o")
    async with refreshing(catalog):
        for _ in range(9):
            await eventually(lambda: clock.sleepers == 1)
            clock.advance(RETRY_S)
        await eventually(lambda: clock.sleepers == 1)
        assert reads(sandbox) == 1
        clock.advance(RETRY_S)
        await eventually(lambda: "gpt-4o" not in catalog.known)
    assert reads(sandbox) == 2


async def test_sleep_of_the_machine_makes_the_list_old(make_catalog: MakeCatalog, sandbox: Sandbox, clock: Any) -> None:
    catalog = make_catalog(catalog_s=600)
    await catalog.models()
    clock.suspend(3600)
    async with refreshing(catalog):
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(RETRY_S)
        await eventually(lambda: reads(sandbox) == 2)


@pytest.mark.parametrize("fault", ["rate_limited", "overloaded", "reset", "html"])
async def test_the_old_list_is_kept_when_a_new_one_cannot_be_had(
    make_catalog: MakeCatalog, sandbox: Sandbox, clock: Any, fault: Any
) -> None:
    catalog = make_catalog(catalog_s=RETRY_S)
    before = await catalog.models()
    sandbox.script.fault(fault, path="/models", times=2)
    async with refreshing(catalog):
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(RETRY_S)
        await eventually(lambda: clock.sleepers == 1 and reads(sandbox) > 1)
        assert catalog.known == before


async def test_a_rate_limit_on_the_list_is_respected(make_catalog: MakeCatalog, sandbox: Sandbox, clock: Any) -> None:
    catalog = make_catalog(catalog_s=600)
    await catalog.models()
    catalog.doubt()
    sandbox.script.fault("rate_limited", path="/models")
    async with refreshing(catalog):
        for _ in range(10):
            await eventually(lambda: clock.sleepers == 1)
            clock.advance(RETRY_S)
        await eventually(lambda: clock.sleepers == 1)
        assert reads(sandbox) == 2
        clock.advance(RETRY_S)
        await eventually(lambda: reads(sandbox) == 3)


async def test_a_doubted_list_is_read_again_soon(make_catalog: MakeCatalog, sandbox: Sandbox, clock: Any) -> None:
    catalog = make_catalog(catalog_s=600)
    await catalog.models()
    catalog.doubt()
    async with refreshing(catalog):
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(RETRY_S)
        await eventually(lambda: reads(sandbox) == 2)


async def test_a_fault_of_our_own_does_not_end_the_task(
    make_catalog: MakeCatalog, sandbox: Sandbox, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    found = iter([Grant(sandbox.grant)])

    async def find() -> Grant:
        return next(found)  # the second call is a fault nobody foresaw

    catalog = make_catalog(find, catalog_s=RETRY_S)
    await catalog.models()
    sandbox.revoke()
    clock.advance(7200)
    async with refreshing(catalog):
        for _ in range(2):
            await eventually(lambda: clock.sleepers == 1)
            clock.advance(RETRY_S)
        await eventually(lambda: clock.sleepers == 1)
    assert "the model list could not be read" in caplog.text
    assert "gpt-4.1" in catalog.known


async def test_names_are_resolved(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(aliases={"fast": "claude-haiku-4.5"})
    assert (await catalog.find("claude-sonnet-4-6-20260217")).id == "claude-sonnet-4.6"
    assert (await catalog.find("fast")).id == "claude-haiku-4.5"
    assert (await catalog.find("sonnet")).id == "claude-sonnet-5"


async def test_a_name_nobody_knows_is_answered_with_the_usable_ids(catalog: Catalog) -> None:
    with pytest.raises(ModelUnknown) as caught:
        await catalog.find("gpt-4.2")
    problem = caught.value
    assert problem.message == "The model 'gpt-4.2' does not exist or you do not have access to it"
    assert problem.hint.startswith("did you mean gpt-4.1? usable models: gpt-4.1, ")
    assert "claude-opus-4.5" not in problem.hint, "its policy is disabled"
    assert "gpt-41-copilot" not in problem.hint, "it completes code in editors"
    assert "text-embedding-3-small" in problem.hint


async def test_a_name_like_no_other_gets_no_guess(catalog: Catalog) -> None:
    with pytest.raises(ModelUnknown) as caught:
        await catalog.find("xyzzy")
    assert caught.value.hint.startswith("usable models: ")


async def test_an_unknown_name_may_be_a_new_model(catalog: Catalog, sandbox: Sandbox, clock: Any) -> None:
    await catalog.models()
    sandbox.models = [*sandbox.models, {"id": "gpt-9"}]
    with pytest.raises(ModelUnknown):
        await catalog.find("gpt-9")
    assert reads(sandbox) == 1, "the list is fresh, asking again would be a waste"
    clock.advance(RETRY_S)
    assert (await catalog.find("gpt-9")).id == "gpt-9"
    with pytest.raises(ModelUnknown):
        await catalog.find("gpt-10")
    assert reads(sandbox) == 2


@pytest.mark.parametrize("name", ["claude-opus-5", "claude-opus-4-5", "opus"])
async def test_a_model_that_is_not_enabled_says_how_to_enable_it(catalog: Catalog, sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ModelUnknown) as caught:
        await catalog.find(name)
    assert "is not enabled for your account" in caught.value.message
    assert "github.com/settings/copilot" in caught.value.hint
    assert caught.value.code == "model_not_enabled"
    assert not [seen for seen in sandbox.seen if seen.path.endswith("/policy")], "accepting terms is the person's act"
    assert (await catalog.look_up(name)).enabled is False


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("text-embedding-3-small", "chat", "makes embeddings"),
        ("gpt-41-copilot", "chat", "completes code in editors"),
        ("gpt-4.1", "embeddings", "is a chat model"),
    ],
)
async def test_a_model_of_another_kind_says_what_it_is_for(catalog: Catalog, name: str, kind: Any, said: str) -> None:
    with pytest.raises(ClientMistake, match=said) as caught:
        await catalog.find(name, kind=kind)
    assert (caught.value.status, caught.value.param) == (400, "model")
    assert (await catalog.look_up(name)).id == name
