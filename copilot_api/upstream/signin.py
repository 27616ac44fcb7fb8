"""Signing in and out. Nothing is kept before GitHub has said whose it is."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from functools import partial

from copilot_api.errors import SignInFailed, UpstreamProblem
from copilot_api.upstream.clock import Clock
from copilot_api.upstream.github import GitHub, Poll, refused_sign_in
from copilot_api.upstream.grants import Grant, fault, is_known
from copilot_api.upstream.secrets import Vault, aside

MARGIN_S = 1.0
"""Added to GitHub's interval: a poll that arrives early costs five seconds more for the rest of the flow."""

SLOWER_S = 5.0
IDENTITY_PAUSES_S = (1.0, 2.0)

_PERMISSION = 'use a fine-grained token with the account permission "Copilot Requests", or run copilot-api auth'


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssued:
    """The person types `user_code` at `verification_uri`, which lies on the sign-in host and may be opened in a browser."""

    user_code: str
    verification_uri: str
    expires_in_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Not done yet: seconds until the code expires and until GitHub is asked again; `problem` when it could not be asked."""

    left_s: float
    next_s: float
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Signed in as `login` (empty for an installation token, which is nobody's), and kept in the vault.

    `expires_in_s` is set when GitHub lets this sign-in end by itself.
    """

    login: str
    grant: Grant = field(repr=False)
    expires_in_s: float | None = None


Progress = CodeIssued | Waiting | Done


async def sign_in(github: GitHub, vault: Vault, clock: Clock) -> AsyncGenerator[Progress, None]:
    """The device flow, step by step for whoever draws it. The last step is Done. Closing or cancelling it leaves no trace.

    Raises SignInFailed (expired, denied, not allowed), KeyringUnusable, and UpstreamProblem when it cannot even begin.
    """
    # A keyring that cannot be used is found out before the person goes to the trouble.
    await aside(vault.read)
    code = await github.device_code()
    ends = clock.monotonic() + code.expires_in_s
    yield CodeIssued(user_code=code.user_code, verification_uri=code.verification_uri, expires_in_s=code.expires_in_s)
    pace_s, problem = code.interval_s, ""
    while True:
        left_s = ends - clock.monotonic()
        if left_s <= 0:
            raise _failed("expired_token")
        next_s = min(pace_s + MARGIN_S, left_s)
        yield Waiting(left_s=left_s, next_s=next_s, problem=problem)
        await clock.sleep(next_s)
        try:
            answer = await github.poll(code)
        except UpstreamProblem as error:
            # The network coming and going must not cost the person the code; GitHub asking for patience is heeded.
            problem = error.message
            pace_s = max(pace_s, float(error.retry_after)) if error.retry_after.isdecimal() else pace_s
            continue
        problem = ""
        if answer.grant:
            break
        pace_s = _next_pace(answer, pace_s)
    grant = Grant(answer.grant)
    login = await _login(github, grant, clock)
    await aside(partial(vault.write, grant.value))
    yield Done(login=login, grant=grant, expires_in_s=answer.expires_in_s)


def _next_pace(answer: Poll, pace_s: float) -> float:
    """Seconds between polls from now on. Raises SignInFailed for every answer that ends the flow."""
    if answer.error == "authorization_pending":
        return pace_s
    if answer.error == "slow_down":
        return pace_s + SLOWER_S if answer.interval_s is None else max(pace_s, answer.interval_s)
    if answer.error in _ENDINGS:
        raise _failed(answer.error)
    raise refused_sign_in(answer.error, answer.description)


# GitHub's documents call the first of them by two names.
_ENDINGS = {
    "expired_token": ("The code has expired", "run copilot-api auth again for a new one"),
    "token_expired": ("The code has expired", "run copilot-api auth again for a new one"),
    "access_denied": ("The sign-in was cancelled in the browser", "run copilot-api auth again if that was a mistake"),
}


def _failed(error: str) -> SignInFailed:
    what, hint = _ENDINGS[error]
    problem = SignInFailed(what, hint=hint)
    problem.code = error
    return problem


async def _login(github: GitHub, grant: Grant, clock: Clock) -> str:
    """Whose grant it is. A short outage now would cost the person the whole flow, so GitHub is asked more than once."""
    for pause_s in IDENTITY_PAUSES_S:
        try:
            return str((await github.user(grant))["login"])
        except UpstreamProblem as problem:
            if problem.retry_after or not problem.should_retry:
                raise
            await clock.sleep(pause_s)
    return str((await github.user(grant))["login"])


async def sign_in_with_token(text: str, github: GitHub, vault: Vault) -> Done:
    """Keeps a GitHub token that the person already has, once GitHub has shown that it works with Copilot.

    Raises SignInFailed for text that cannot be such a token, and whatever GitHub says of one that does not work.
    """
    value = text.strip()
    if not value:
        raise SignInFailed("No token was given", hint="pipe it in: copilot-api auth --with-token < token.txt")
    if why := fault(value):
        raise SignInFailed(why, hint=_PERMISSION)
    if not is_known(value):
        raise SignInFailed("This does not look like a GitHub token", hint=_PERMISSION)
    grant = Grant(value, "standard input")
    # An installation token stands for a program; GitHub answers no question about a user with it.
    login = "" if value.startswith("ghs_") else str((await github.user(grant))["login"])
    if grant.needs_exchange:
        await github.copilot_token(grant)
    else:
        await github.copilot_user(grant)
    await aside(partial(vault.write, value))
    return Done(login=login, grant=Grant(value))


async def sign_out(vault: Vault) -> bool:
    """Forgets the grant; whether there was one. GitHub goes on accepting it until it is revoked there."""
    return await aside(vault.erase)
