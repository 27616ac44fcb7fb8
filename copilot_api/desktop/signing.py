"""Signing in and out from the tray: the device flow with its code, and what became of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from copilot_api.account import account
from copilot_api.desktop.faults import noted
from copilot_api.desktop.glance import Code
from copilot_api.errors import CopilotApiError
from copilot_api.race import first
from copilot_api.settings import Settings
from copilot_api.upstream import signin
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.secrets import aside, open_vault
from copilot_api.upstream.signin import CodeIssued, Done, Progress, Waiting


class Signing:
    """Owns the sign-in that is under way. `code` is None while there is none.

    `changed` is called when it becomes another, `issued` with each new code, so that it can be copied and its page opened;
    `ended` when somebody is signed in (with the login, if there is one) or nobody any more, `failed` with why it is not so.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        *,
        changed: Callable[[], None],
        issued: Callable[[Code], None],
        ended: Callable[[Signed, str], Awaitable[None]],
        failed: Callable[[CopilotApiError], None],
    ) -> None:
        self._load = load
        self._changed = changed
        self._issued = issued
        self._ended = ended
        self._failed = failed
        self._is_wanted = asyncio.Event()
        self._is_cancelled = asyncio.Event()
        self.code: Code | None = None

    def begin(self) -> None:
        """Begins a sign-in, unless one is under way."""
        self._is_cancelled.clear()
        self._is_wanted.set()

    def cancel(self) -> None:
        """Ends the sign-in that is under way; it leaves no trace."""
        self._is_wanted.clear()
        self._is_cancelled.set()

    async def run(self) -> None:
        """Signs in whenever that is wanted; until cancelled."""
        while True:
            await self._is_wanted.wait()
            self._show(Code())
            try:
                await first(self._sign_in(), self._is_cancelled.wait())
            except CopilotApiError as problem:
                self._failed(problem)
            except Exception as error:  # noqa: BLE001 - a task's top: the tray goes on and says so
                self._failed(noted(error, "signing in"))
            finally:
                self._is_wanted.clear()
                self._show(None)

    async def out(self) -> None:
        """Forgets the GitHub token. GitHub accepts it until it is revoked there."""
        settings = await asyncio.to_thread(self._load)
        vault = await aside(lambda: open_vault(settings))
        await signin.sign_out(vault)
        await self._ended(Signed.OUT, "")

    async def _sign_in(self) -> None:
        settings = await asyncio.to_thread(self._load)
        vault = await aside(lambda: open_vault(settings))
        async with account(settings) as opened, aclosing(signin.sign_in(opened.github, vault, opened.clock)) as steps:
            async for step in steps:
                await self._take(step)

    async def _take(self, step: Progress) -> None:
        code = self.code or Code()
        match step:
            case CodeIssued():
                code = Code(user_code=step.user_code, page=step.verification_uri, left_s=step.expires_in_s)
                self._show(code)
                self._issued(code)
            case Waiting():
                self._show(replace(code, left_s=step.left_s, problem=step.problem))
            case Done():
                await self._ended(Signed.IN, step.login)

    def _show(self, code: Code | None) -> None:
        self.code = code
        self._changed()
