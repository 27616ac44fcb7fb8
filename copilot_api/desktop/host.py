"""What the tray does: serves, signs in and out, and carries out what is clicked. It runs on a loop of a thread of its own.

It publishes a glance at each change; who draws it sends acts, and neither holds a truth of its own.
"""

import asyncio
import platform
import time
from collections.abc import Callable, Coroutine
from typing import cast

from copilot_api import __version__
from copilot_api.account import account
from copilot_api.desktop import browser, clipboard
from copilot_api.desktop.autostart import Autostart
from copilot_api.desktop.faults import noted
from copilot_api.desktop.glance import Code, Glance, Update
from copilot_api.desktop.menu import Act
from copilot_api.desktop.news import Memory, News, news, signed_in
from copilot_api.desktop.serving import Serving
from copilot_api.desktop.signing import Signing
from copilot_api.desktop.updates import newer
from copilot_api.errors import CopilotApiError, KeyringUnusable, NotSignedIn, SettingsBroken
from copilot_api.race import first
from copilot_api.server.approvals import Decision
from copilot_api.settings import Settings
from copilot_api.settings_file import Value
from copilot_api.upstream import grants
from copilot_api.upstream.auth import Signed


class Host:
    """Does what is clicked. `load` reads the settings, `keep` writes one of them into the person's file, and blocks.

    `publish` is called with each new glance, `tell` with what is worth a notification, both on the loop's thread.
    """

    def __init__(
        self,
        *,
        load: Callable[[], Settings],
        keep: Callable[[str, Value], object],
        autostart: Autostart,
        publish: Callable[[Glance], None],
        tell: Callable[[News], None],
    ) -> None:
        self._load = load
        self._keep_setting = keep
        self._autostart = autostart
        self._publish = publish
        self._tell = tell
        self._serving = Serving(load, self._changed)
        self._signing = Signing(
            load, changed=self._changed, issued=self._issued, ended=self._account_is, failed=self._sign_in_failed
        )
        self._memory = Memory(time.monotonic)
        self._settings = Settings()
        self._signed: tuple[Signed, str] | None = None  # what is known better than by who serves or last did
        self._starts_at_login: bool | None = None
        self._update: Update | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_to_end = asyncio.Event()
        self.glance = Glance(version=__version__)

    async def run(self) -> None:
        """Until `quit`; leaves nothing behind."""
        self._settings = await asyncio.to_thread(self._load)
        if self._settings.serve_on_launch:
            self._serving.want(serving=True)
        else:
            self._do("sign-in-state", self._look_for_a_grant())
        self._do("autostart", self._look_at_autostart())
        running = asyncio.gather(self._serving.run(), self._signing.run())
        try:
            await first(running, self._ended())
        finally:
            running.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(running, *self._tasks, return_exceptions=True)

    def quit(self) -> None:
        """Lets what is served finish, then ends. Called again meanwhile: at once."""
        if self._is_to_end.is_set():
            self._do("hurry", self._serving.hurry())
        self._is_to_end.set()

    def act(self, act: Act) -> None:
        """Begins what a click wants. Nothing here waits for a network or a disk."""
        match act.verb:
            case "serve":
                self._serving.want(serving=act.target is True)
            case "sign-in":
                self._signing.begin()
            case "cancel-sign-in":
                self._signing.cancel()
            case "quit":
                self.quit()
            case _:
                self._do(act.verb, self._errand(act))

    async def _errand(self, act: Act) -> None:
        text, is_on = str(act.target), act.target is True
        match act.verb:
            case "sign-out":
                await self._signing.out()
            case "copy-code":
                await self._copy(self._code.user_code, "The code")
            case "copy-url":
                await self._copy(self.glance.url, "The base URL")
            case "open-page":
                browser.open_page(text or self._code.page)
            case "open-dashboard":
                browser.open_page(self.glance.dashboard)
            case "approve":
                decision, _, waiting_id = text.partition(" ")
                await self._decide(waiting_id, cast("Decision", decision))
            case "ask-again":
                await self._ask_again(text)
            case "account-type":
                await self._set("account_type", text)
                self._serving.begin_again()
            case "serve-on-launch":
                await self._set("serve_on_launch", is_on)
            case "start-at-login":
                await asyncio.to_thread(self._autostart.set, on=is_on)
                await self._look_at_autostart()
            case "check-for-updates":
                await self._check_for_updates()
            case "about":
                self._tell(_about())

    # What is clicked

    async def _copy(self, text: str, what: str) -> None:
        if text and not await asyncio.to_thread(clipboard.copy, text):
            self._tell(News(key=f"copied {text}", title=text, text=f"{what} could not be copied: there is no clipboard here."))

    async def _decide(self, waiting_id: str, decision: Decision) -> None:
        if self._serving.handle is not None:
            await self._serving.handle.approve(waiting_id, decision)

    async def _ask_again(self, client: str) -> None:
        if self._serving.handle is not None:
            await self._serving.handle.ask_again(client)

    async def _set(self, name: str, value: Value) -> None:
        await asyncio.to_thread(self._keep_setting, name, value)
        self._settings = await asyncio.to_thread(self._load)
        self._changed()
        if getattr(self._settings, name) != value:
            origin = self._settings.origins.get(name, "something else")
            raise SettingsBroken(f"{name} is set by {origin}, which counts more than the settings file", hint="change it there")

    async def _check_for_updates(self) -> None:
        async with account(self._settings) as opened:
            self._update = await newer(opened.http, self._settings.releases_url, __version__)
        if self._update is None:
            self._tell(News(key="no update", title=f"Copilot API {__version__} is the newest version"))
        self._changed()

    async def _look_at_autostart(self) -> None:
        self._starts_at_login = await asyncio.to_thread(self._autostart.is_on)
        self._changed()

    async def _look_for_a_grant(self) -> None:
        """Whether anybody is signed in, while nothing is served that would know."""
        try:
            await grants.find(self._settings)
        except (NotSignedIn, KeyringUnusable):
            self._signed = (Signed.OUT, "")
        else:
            self._signed = (Signed.IN, "")
        self._changed()

    # Signing in

    @property
    def _code(self) -> Code:
        return self._signing.code or Code()

    def _issued(self, code: Code) -> None:
        self._do("code", self._hand_out(code))

    async def _hand_out(self, code: Code) -> None:
        await asyncio.to_thread(clipboard.copy, code.user_code)
        if browser.can_open():
            browser.open_page(code.page)

    async def _account_is(self, signed: Signed, login: str) -> None:
        """Whoever serves is told; where nobody does, the tray remembers it."""
        if signed is Signed.IN:
            self._announce(signed_in(login))
        self._signed = (signed, login)
        if self._serving.handle is not None:
            await self._serving.handle.look_again()
        self._changed()

    def _sign_in_failed(self, problem: CopilotApiError) -> None:
        self._tell(_trouble("Not signed in", problem))

    # What is shown

    def _changed(self) -> None:
        if self._serving.handle is not None:
            self._signed = None
        before, after = self.glance, self._glance()
        if after == before:
            return
        self.glance = after
        self._publish(after)
        for told in news(before, after):
            self._announce(told)

    def _announce(self, told: News) -> None:
        """Tells what nobody has asked for, to those who want to be told, and not the same twice."""
        if self._settings.notifications and self._memory.is_new(told):
            self._tell(told)

    def _glance(self) -> Glance:
        serving, settings = self._serving, self._settings
        status = serving.status
        signed, login = self._signed or (status.signed, status.login)
        return Glance(
            phase=status.phase,
            address=status.address,
            url=status.url,
            unserved=serving.unserved,
            served_by=serving.served_by,
            signed=signed,
            login=login,
            is_token_given=status.is_token_given or bool(settings.github_token),
            reason=status.reason,
            is_github_down=status.is_github_down,
            sign_in=self._signing.code,
            active=status.active,
            waiting=status.waiting,
            approved=status.approved,
            balance=status.balance,
            today=status.today,
            account_type=settings.account_type,
            starts_at_login=self._starts_at_login,
            serves_on_launch=settings.serve_on_launch,
            update=self._update,
            can_update=bool(settings.releases_url),
            version=__version__,
        )

    # Tasks

    async def _ended(self) -> None:
        await self._is_to_end.wait()
        self._signing.cancel()
        await self._serving.end()

    def _do(self, name: str, errand: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(self._carried_out(name, errand), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carried_out(self, name: str, errand: Coroutine[object, object, None]) -> None:
        try:
            await errand
        except CopilotApiError as problem:
            self._tell(_trouble("That did not work", problem))
        except Exception as error:  # noqa: BLE001 - a task's top: the tray goes on and says so
            self._tell(_trouble("That did not work", noted(error, f"doing {name}")))


def _trouble(title: str, problem: CopilotApiError) -> News:
    return News(key=f"{title} {problem.message}", title=title, text=problem.text)


def _about() -> News:
    return News(
        key=f"about {time.monotonic()}",
        title=f"Copilot API {__version__}",
        text=f"MIT licence. Python {platform.python_version()} on {platform.system()}. Not a product of GitHub.",
    )
