"""What the tray does when something is clicked: against a real service, a settings file, and the sandbox as GitHub."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api import settings, settings_file
from copilot_api.desktop import browser, clipboard
from copilot_api.desktop.autostart import Autostart
from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.xdg import Entry
from copilot_api.desktop.face import Face, face
from copilot_api.desktop.glance import Glance
from copilot_api.desktop.host import Host
from copilot_api.desktop.menu import Act
from copilot_api.desktop.news import News
from copilot_api.errors import StartFailed
from copilot_api.sandbox import Sandbox
from copilot_api.server.status import Phase
from copilot_api.settings import Settings
from copilot_api.upstream.auth import Signed
from tests.builders.waiting import eventually

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}


@dataclass
class Told:
    """What a host has published and told so far, and what it has copied and opened."""

    glances: list[Glance] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        return [news.title for news in self.news]


@dataclass
class Desk:
    """A person's machine: the settings file and the environment of this test."""

    path: Path
    environ: dict[str, str]
    autostart: Autostart
    told: Told = field(default_factory=Told)

    def load(self) -> Settings:
        return settings.load(environ=self.environ, path=self.path)

    def host(self) -> Host:
        return Host(
            load=self.load,
            keep=lambda name, value: settings_file.put(name, value, path=self.path),
            autostart=self.autostart,
            publish=self.told.glances.append,
            tell=self.told.news.append,
        )

    @asynccontextmanager
    async def living(self) -> AsyncIterator[Host]:
        host = self.host()
        running = asyncio.gather(host.run())
        try:
            yield host
            host.quit()
            async with asyncio.timeout(15):
                await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def desk(home: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Not signed in; clipboard and browser are those of a machine that has both."""
    urls = {"GITHUB_URL": sandbox.github_url, "GITHUB_API_URL": sandbox.github_api_url, "COPILOT_URL": sandbox.copilot_url}
    environ = {f"COPILOT_API_{name}": url for name, url in urls.items()} | {
        "COPILOT_API_PORT": "0",
        "COPILOT_API_TOKEN_STORE": "file",
        "COPILOT_API_DRAIN_S": "5",
    }
    program = Program(command=("/usr/bin/true", "tray", "--at-login"))
    made = Desk(home / "config.toml", environ, Entry(program, [home / "autostart"]))

    def copy(text: str) -> bool:
        made.told.copied.append(text)
        return True

    monkeypatch.setattr(clipboard, "copy", copy)
    monkeypatch.setattr(browser, "can_open", lambda: True)
    monkeypatch.setattr(browser, "open_page", made.told.opened.append)
    return made


Ask = Callable[[str], Awaitable[int]]


@pytest.fixture
def ask(http: aiohttp.ClientSession) -> Ask:
    async def status(url: str) -> int:
        async with http.post(f"{url}/v1/chat/completions", json=CHAT) as answer:
            await answer.read()
            return answer.status

    return status


async def seen(host: Host, wanted: Face) -> None:
    await eventually(lambda: face(host.glance) is wanted)


async def test_the_story_of_a_first_day(desk: Desk, ask: Ask) -> None:
    async with desk.living() as host:
        await seen(host, Face.SIGNED_OUT)
        assert await ask(host.glance.url) == 401
        host.act(Act("sign-in"))
        await seen(host, Face.SIGNING_IN)
        await seen(host, Face.SERVING)
        await eventually(lambda: host.glance.login == "sandbox-dev")
        assert await ask(host.glance.url) == 200
        await eventually(lambda: host.glance.today.requests == 1)
        host.act(Act("serve", target=False))
        await seen(host, Face.STOPPED)
        assert (host.glance.signed, host.glance.login) == (Signed.IN, "sandbox-dev")
        host.act(Act("serve", target=True))
        await seen(host, Face.SERVING)
        host.act(Act("sign-out"))
        await seen(host, Face.SIGNED_OUT)
        assert await ask(host.glance.url) == 401
    assert host.glance.phase is Phase.STOPPED
    [code] = {glance.sign_in.user_code for glance in desk.told.glances if glance.sign_in and glance.sign_in.user_code}
    assert desk.told.titles[:2] == [f"Your code is {code}", "Signed in as sandbox-dev"]
    assert desk.told.copied == [code]
    [page] = desk.told.opened
    assert page.endswith("/login/device")


async def test_no_glance_is_published_twice_in_a_row(desk: Desk) -> None:
    async with desk.living() as host:
        await seen(host, Face.SIGNED_OUT)
        host.act(Act("serve", target=False))
        await seen(host, Face.STOPPED)
    assert all(first != second for first, second in zip(desk.told.glances, desk.told.glances[1:], strict=False))


async def test_quitting_lets_an_open_answer_finish(desk: Desk, ask: Ask, sandbox: Sandbox) -> None:
    desk.environ["GH_TOKEN"] = sandbox.grant
    async with desk.living() as host:
        await seen(host, Face.SERVING)
        sandbox.script.fault("delay", seconds=0.3)
        asking = asyncio.gather(ask(host.glance.url))
        await eventually(lambda: host.glance.active == 1)
    assert list(await asking) == [200]


async def test_quitting_twice_does_not_wait(desk: Desk, ask: Ask, sandbox: Sandbox) -> None:
    desk.environ |= {"GH_TOKEN": sandbox.grant, "COPILOT_API_DRAIN_S": "600"}
    async with desk.living() as host:
        await seen(host, Face.SERVING)
        sandbox.script.fault("stall")
        asking = asyncio.gather(ask(host.glance.url))
        await eventually(lambda: host.glance.active == 1)
        host.act(Act("quit"))
        await seen(host, Face.DRAINING)
    assert list(await asking) == [503]


async def test_who_wants_it_quiet_is_told_nothing_on_his_own(desk: Desk) -> None:
    desk.path.write_text("notifications = false\n", "utf-8")
    async with desk.living() as host:
        await seen(host, Face.SIGNED_OUT)
        host.act(Act("sign-in"))
        await seen(host, Face.SERVING)
        assert desk.told.titles == []
        host.act(Act("about"))  # he has asked for this
        await eventually(lambda: len(desk.told.news) == 1)


async def test_it_may_start_without_serving_and_knows_then_who_is_signed_in(desk: Desk, sandbox: Sandbox) -> None:
    desk.path.write_text("serve_on_launch = false\n", "utf-8")
    async with desk.living() as host:
        await asyncio.sleep(0.1)
        assert (host.glance.phase, host.glance.signed) == (Phase.STOPPED, Signed.OUT)
        host.act(Act("sign-in"))
        await eventually(lambda: host.glance.signed is Signed.IN and host.glance.sign_in is None)
        assert host.glance.login == "sandbox-dev"
        assert host.glance.phase is Phase.STOPPED
    async with desk.living() as host:
        await eventually(lambda: host.glance.signed is Signed.IN)
        host.act(Act("sign-out"))
        await eventually(lambda: host.glance.signed is Signed.OUT)


async def test_a_sign_in_that_fails_says_why(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.script.device("access_denied")
    async with desk.living() as host:
        host.act(Act("sign-in"))
        await eventually(lambda: "Not signed in" in desk.told.titles)
    assert "cancelled in the browser" in desk.told.news[-1].text


async def test_a_sign_in_can_be_cancelled(desk: Desk) -> None:
    async with desk.living() as host:
        host.act(Act("sign-in"))
        await eventually(lambda: bool(host.glance.sign_in and host.glance.sign_in.user_code))
        host.act(Act("cancel-sign-in"))
        await eventually(lambda: host.glance.sign_in is None)
        assert host.glance.signed is Signed.OUT


async def test_code_page_and_base_url_are_to_be_had_again(desk: Desk) -> None:
    async with desk.living() as host:
        await seen(host, Face.SIGNED_OUT)
        host.act(Act("sign-in"))
        await eventually(lambda: bool(desk.told.opened))
        host.act(Act("copy-code"))
        host.act(Act("open-page"))
        host.act(Act("copy-url"))
        await eventually(lambda: len(desk.told.copied) == 3 and len(desk.told.opened) == 2)
        assert host.glance.sign_in is not None
        assert sorted(desk.told.copied[1:]) == sorted([host.glance.sign_in.user_code, host.glance.url])
        assert desk.told.opened == [host.glance.sign_in.page] * 2


async def test_where_there_is_no_clipboard_the_text_itself_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "copy", lambda _: False)
    async with desk.living() as host:
        await seen(host, Face.SIGNED_OUT)
        host.act(Act("copy-url"))
        await eventually(lambda: desk.told.titles == [host.glance.url])


async def test_requests_wait_for_approval_and_what_was_decided_can_be_taken_back(
    desk: Desk, ask: Ask, sandbox: Sandbox
) -> None:
    desk.environ |= {"GH_TOKEN": sandbox.grant, "COPILOT_API_MANUAL": "true"}
    async with desk.living() as host:
        await seen(host, Face.SERVING)
        for decision, status in (("once", 200), ("refuse", 403), ("always", 200)):
            asking = asyncio.gather(ask(host.glance.url))
            await seen(host, Face.APPROVAL)
            host.act(Act("approve", f"{decision} {host.glance.waiting[0].id}"))
            assert list(await asking) == [status]
        assert await ask(host.glance.url) == 200
        [client] = host.glance.approved
        host.act(Act("ask-again", client))
        await eventually(lambda: host.glance.approved == ())
    assert desk.told.titles == [f"{client} asks gpt-4.1"]  # the second within ten minutes is not told


async def test_what_is_clicked_when_nothing_is_served_any_more_does_nothing(desk: Desk) -> None:
    desk.path.write_text("serve_on_launch = false\n", "utf-8")
    async with desk.living() as host:
        for act in (Act("approve", "once 1"), Act("ask-again", "curl"), Act("copy-url"), Act("copy-code")):
            host.act(act)
        await asyncio.sleep(0.05)
    assert (desk.told.news, desk.told.copied) == ([], [])


async def test_the_account_type_is_kept_in_the_settings_and_holds_at_once(desk: Desk, sandbox: Sandbox) -> None:
    desk.environ["GH_TOKEN"] = sandbox.grant
    desk.path.write_text("# mine\nrate_limit = 0.5\n", "utf-8")
    async with desk.living() as host:
        await seen(host, Face.SERVING)
        first = host.glance.url
        host.act(Act("account-type", "business"))
        await eventually(lambda: host.glance.url not in {"", first})
        assert host.glance.account_type == "business"
    assert desk.path.read_text("utf-8") == '# mine\nrate_limit = 0.5\naccount_type = "business"\n'


async def test_a_setting_that_the_environment_decides_is_told_and_not_pretended_to_be_changed(desk: Desk) -> None:
    desk.environ["COPILOT_API_ACCOUNT_TYPE"] = "enterprise"
    async with desk.living() as host:
        await seen(host, Face.SIGNED_OUT)
        host.act(Act("account-type", "business"))
        await eventually(lambda: "That did not work" in desk.told.titles)
        assert host.glance.account_type == "enterprise"
    assert "COPILOT_API_ACCOUNT_TYPE" in desk.told.news[-1].text


async def test_serving_on_launch_can_be_switched_off_for_the_next_time(desk: Desk) -> None:
    async with desk.living() as host:
        await seen(host, Face.SIGNED_OUT)
        host.act(Act("serve-on-launch", target=False))
        await eventually(lambda: not host.glance.serves_on_launch)
        assert host.glance.phase is Phase.SERVING
    async with desk.living() as host:
        await asyncio.sleep(0.1)
        assert host.glance.phase is Phase.STOPPED


async def test_starting_at_login_is_what_the_system_says(desk: Desk) -> None:
    async with desk.living() as host:
        await eventually(lambda: host.glance.starts_at_login is False)
        host.act(Act("start-at-login", target=True))
        await eventually(lambda: host.glance.starts_at_login is True)
        entry = Path(desk.autostart.where)
        assert "Exec=/usr/bin/true tray --at-login" in await asyncio.to_thread(entry.read_text, "utf-8")
        host.act(Act("start-at-login", target=False))
        await eventually(lambda: host.glance.starts_at_login is False)
        assert not await asyncio.to_thread(entry.exists)


@pytest.mark.parametrize(
    "act",
    [Act("serve-on-launch", target=False), Act("start-at-login", target=True), Act("account-type", "business")],
    ids=lambda act: act.verb,
)
async def test_what_cannot_be_written_is_told(desk: Desk, home: Path, act: Act) -> None:
    (home / "autostart").write_text("in the way", "utf-8")
    twice = "serve-on-launch = true\nserve_on_launch = true\naccount-type = 'x'\naccount_type = 'x'\n"
    desk.path.write_text(twice, "utf-8")  # nobody can say which of them is meant
    async with desk.living() as host:
        host.act(act)
        await eventually(lambda: "That did not work" in desk.told.titles)


async def test_about_tells_version_and_licence(desk: Desk) -> None:
    async with desk.living() as host:
        host.act(Act("about"))
        await eventually(lambda: bool(desk.told.news))
        host.act(Act("about"))
        await eventually(lambda: len(desk.told.news) == 2)
    assert desk.told.news[0].title == f"Copilot API {host.glance.version}"
    assert "MIT" in desk.told.news[0].text


async def test_without_a_place_to_look_there_is_no_offer_to_look_for_updates(desk: Desk) -> None:
    async with desk.living() as host:
        assert not host.glance.can_update


async def test_updates_that_cannot_be_looked_for_are_told(desk: Desk) -> None:
    desk.environ["COPILOT_API_RELEASES_URL"] = "http://127.0.0.1:9/latest"
    async with desk.living() as host:
        await eventually(lambda: host.glance.can_update)
        host.act(Act("check-for-updates"))
        await eventually(lambda: "That did not work" in desk.told.titles)
    assert "could not be reached" in desk.told.news[-1].text


async def test_settings_that_are_broken_from_the_start_end_it(desk: Desk) -> None:
    desk.path.write_text("port = nonsense\n", "utf-8")
    with pytest.raises(StartFailed, match="not valid TOML"):
        await desk.host().run()


async def test_a_fault_of_our_own_in_an_errand_is_told_and_the_tray_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = "what an exception may quote"

    def fails(_: str) -> bool:
        raise ZeroDivisionError(words)

    monkeypatch.setattr(clipboard, "copy", fails)
    async with desk.living() as host:
        await seen(host, Face.SIGNED_OUT)
        host.act(Act("copy-url"))
        await eventually(lambda: "That did not work" in desk.told.titles)
        host.act(Act("serve", target=False))
        await seen(host, Face.STOPPED)
    assert "ZeroDivisionError" in caplog.text
    assert words not in caplog.text
