"""Signing in at the terminal: what is shown while GitHub waits for the person, and who is asked what."""

import asyncio
import getpass
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from copilot_api import console
from copilot_api.account import Account
from copilot_api.cli.terminal import Terminal
from copilot_api.desktop import browser, clipboard
from copilot_api.errors import NotSignedIn, SignInFailed, SubscriptionMissing
from copilot_api.upstream import grants, legacy, signin
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.secrets import Vault, aside, open_vault
from copilot_api.upstream.signin import CodeIssued, Done, Progress, Waiting

TOKEN_LIMIT = 4096


async def sign_in(account: Account, terminal: Terminal | None) -> Grant:
    """A new sign-in, kept in the vault. With a terminal the old program's token is offered first.

    Raises SignInFailed, KeyringUnusable, and what GitHub's answers raise.
    """
    vault = await aside(lambda: open_vault(account.settings))
    done = await _offer_legacy(account, vault, terminal) or await _by_device_code(account, vault, terminal)
    return _welcome(account, vault, done)


async def sign_in_with_token(account: Account, text: str) -> Grant:
    """Keeps a token that the person already has, once GitHub has shown that it works. Raises like `sign_in`."""
    vault = await aside(lambda: open_vault(account.settings))
    return _welcome(account, vault, await signin.sign_in_with_token(text, account.github, vault))


async def grant_of(account: Account, terminal: Terminal | None) -> Grant:
    """The grant of this run; with a terminal a missing one is made up for by signing in, as copilot-api 0.7 did.

    Raises NotSignedIn without a terminal, else like `sign_in`.
    """
    try:
        return await grants.find(account.settings)
    except NotSignedIn as problem:
        if terminal is None or account.settings.github_token:
            raise
        console.warn(problem.message)
        return await sign_in(account, terminal)


async def _offer_legacy(account: Account, vault: Vault, terminal: Terminal | None) -> Done | None:
    """Signed in with the token of copilot-api 0.7; None where there is none, or the person wants another."""
    path = await asyncio.to_thread(legacy.find)
    if path is None:
        return None
    if terminal is None:
        console.warn(
            f"copilot-api 0.7 left its GitHub token readable in {path}",
            hint="run copilot-api auth in a terminal to import it and remove the file",
        )
        return None
    console.say(f"copilot-api 0.7 left its GitHub token as plain text in {path}")
    if not await terminal.confirm(f"import it into {vault.name}?", default=True):
        return None
    remove = await terminal.confirm("remove that file afterwards?", default=True)
    return await _taken_over(account, vault, path, remove=remove)


async def _taken_over(account: Account, vault: Vault, path: Path, *, remove: bool) -> Done | None:
    try:
        return await legacy.take_over(path, account.github, vault, remove=remove)
    except (SignInFailed, NotSignedIn, SubscriptionMissing) as problem:
        console.warn(f"that token does not work: {problem.message}", hint="a new sign-in follows")
        return None


async def _by_device_code(account: Account, vault: Vault, terminal: Terminal | None) -> Done:
    progress = console.Progress()
    withdraw: Callable[[], object] = progress.end
    step: Progress = Waiting(left_s=0, next_s=0)
    try:
        async with aclosing(signin.sign_in(account.github, vault, account.clock)) as steps:
            while not isinstance(step, Done):
                step = await anext(steps)
                if isinstance(step, CodeIssued):
                    withdraw = await _show_code(step, terminal) or withdraw
                elif isinstance(step, Waiting):
                    progress.show(step.problem or "waiting for you to finish there", f"{_span(step.left_s)} left")
    finally:
        progress.end()
        withdraw()
    return step


async def _show_code(code: CodeIssued, terminal: Terminal | None) -> Callable[[], object] | None:
    """Says what to type where, and offers to open the page; returns what withdraws that offer."""
    console.say(f'enter the code "{code.user_code}" at {code.verification_uri}')
    if terminal is None:
        return None
    if await asyncio.to_thread(clipboard.copy, code.user_code):
        console.say("the code is on the clipboard")
    if not browser.can_open():
        return None
    console.say("press Enter to open that page in your browser")
    return terminal.on_enter(lambda: browser.open_page(code.verification_uri))


def _welcome(account: Account, vault: Vault, done: Done) -> Grant:
    console.say(f"signed in as {done.login or 'an installation'}; the GitHub token is kept in {vault.name}")
    if done.expires_in_s:
        console.say(f"GitHub ends this sign-in by itself in {_span(done.expires_in_s)}")
    if account.settings.show_token:
        console.say(f"GitHub token: {done.grant.value}")
    if account.settings.github_token:
        origin = account.settings.origins.get("github_token")
        console.warn(f"the token from {origin} is used instead, as long as it is set there")
    return done.grant


def read_token() -> str:
    """A token from a pipe, or typed without being shown. Blocks, so it is called before the loop runs."""
    if sys.stdin.isatty():
        return getpass.getpass("GitHub token: ", sys.stderr)
    return sys.stdin.read(TOKEN_LIMIT)


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
