"""GitHub's refusals: the bodies it sends, what each means, and what the person can do. Source: protocol notes, GitHub, 3.3."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, string
from copilot_api.errors import CopilotApiError, NotSignedIn, SubscriptionMissing, UpstreamProblem, UpstreamRefused
from copilot_api.log import redact
from copilot_api.upstream.grants import Grant

_TOO_OFTEN_S = 60
"""How long GitHub asks to wait when a rate limit names no time."""

_BILLING = "check the payment at https://github.com/settings/billing"
_BLOCKED = "only GitHub's support can tell why: https://support.github.com"
_SETTINGS = "open https://github.com/settings/copilot"

# notification_id -> what happened, what to do. The ids are those that VS Code knows.
NOTICES: dict[str, tuple[str, str]] = {
    "no_copilot_access": ("This GitHub account has no Copilot plan", "get one at https://github.com/features/copilot/plans"),
    "not_signed_up": ("This GitHub account has no Copilot plan", "get one at https://github.com/features/copilot/plans"),
    "subscription_ended": ("The Copilot plan of this account has ended", _BILLING),
    "expired_coupon": ("The coupon that paid for this Copilot plan has expired", _BILLING),
    "revoked_coupon": ("The coupon that paid for this Copilot plan was revoked", _BILLING),
    "billing_locked": ("GitHub has locked the billing of this account", _BILLING),
    "enterprise_managed_user_account": (
        "This account is managed by a company that has given it no Copilot seat",
        "ask your company's administrator for a seat, or sign in with another account",
    ),
    "feature_flag_blocked": ("GitHub has blocked Copilot for this account", _BLOCKED),
    "access_revoked": ("GitHub has taken Copilot away from this account", _BLOCKED),
    "spammy_user": ("GitHub has flagged this account and blocks Copilot for it", _BLOCKED),
    "trade_restricted": ("GitHub may not offer Copilot to this account for trade reasons", _BLOCKED),
    "trade_restricted_country": ("GitHub may not offer Copilot in this country", _BLOCKED),
    "snippy_not_configured": (
        "The Copilot settings of this account were never completed",
        f"{_SETTINGS} once and choose whether suggestions may match public code",
    ),
    "codespaces_demo_inactive": ("The Copilot demo of this codespace has ended", _SETTINGS),
    "go_http_client": (
        "GitHub refuses the program that we say we are",
        "check user_agent and editor_version in the settings",
    ),
    "programmatic_token_generation": (
        "GitHub takes the requests for Copilot tokens from this account for automated ones, so no more are sent",
        "wait some hours, then start again; if you did nothing unusual, write to https://support.github.com",
    ),
}
PROGRAMMATIC = "programmatic_token_generation"

# These two are about us, not about what the account may do.
_NOT_ENTITLEMENT = {"go_http_client", PROGRAMMATIC}

BAD_CREDENTIALS = "bad_credentials"
UNAVAILABLE = "github_unavailable"
WRONG_TOKEN = "wrong_token_kind"  # noqa: S105 - an error code


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer of GitHub's, read to its end. `body` is empty unless it was a JSON object."""

    status: int
    headers: Mapping[str, str]
    body: Json = field(repr=False)


def denial(answer: Answer, grant: Grant) -> CopilotApiError:
    """Why GitHub did not do what was asked with `grant`, as an error that can be shown: it never holds the grant."""
    said = _shown(answer.body.get("message"), grant)
    if details := answer.body.get("error_details"):
        return _entitlement(obj(details), answer, grant)
    if answer.status == 401:
        what = (
            f"GitHub does not accept the token from {grant.origin}" if grant.origin else "GitHub no longer accepts your sign-in"
        )
        return _coded(NotSignedIn(what, hint=grant.advice), BAD_CREDENTIALS)
    if answer.status in {403, 429} and _is_rate_limit(answer, said):
        return UpstreamRefused(
            "GitHub limits how often it is asked, and the limit is reached",
            status=429,
            kind="rate_limit",
            code="github_rate_limited",
            retry_after=str(retry_after_s(answer.headers)),
            hint="it is asked again when that time is over",
        )
    if answer.status == 403:
        return _forbidden(said, answer, grant)
    if answer.status == 404:
        problem = NotSignedIn("GitHub gives no Copilot token for this kind of GitHub token", hint=f"{grant.advice}; {_COMPANY}")
        return _coded(problem, WRONG_TOKEN)
    if answer.status >= 500:
        return UpstreamRefused(
            f"GitHub has trouble (HTTP {answer.status})",
            status=503 if answer.status == 503 else 502,
            code=UNAVAILABLE,
            retry_after=str(retry_after_s(answer.headers)) if "Retry-After" in answer.headers else "",
            hint="see https://www.githubstatus.com",
        )
    return UpstreamProblem(f"GitHub answered HTTP {answer.status}" + (f": {said}" if said else ""))


_COMPANY = "for a company's account on ghe.com, set --enterprise-url"


def _forbidden(said: str, answer: Answer, grant: Grant) -> CopilotApiError:
    if "personal access token" in said.lower():
        problem = NotSignedIn("GitHub does not let this personal access token use Copilot", hint=_PERMISSION)
        return _coded(problem, WRONG_TOKEN)
    if "X-GitHub-SSO" in answer.headers:
        return SubscriptionMissing("Your organisation wants this token authorised for single sign-on", hint=grant.advice)
    if "not accessible by integration" in said.lower():
        return _plain_notice("no_copilot_access")
    return UpstreamRefused(
        "GitHub refused" + (f": {said}" if said else ""),
        status=403,
        kind="permission",
        code="github_forbidden",
        hint=grant.advice,
    )


_PERMISSION = "it must be fine-grained and have the account permission Copilot Requests; or run copilot-api auth"


def _plain_notice(name: str) -> CopilotApiError:
    what, hint = NOTICES[name]
    return _coded(SubscriptionMissing(what, hint=hint), name)


def _entitlement(details: Json, answer: Answer, grant: Grant) -> CopilotApiError:
    """The envelope that says why this account gets no Copilot token."""
    name = _shown(details.get("notification_id"), grant)
    if name == "server_error":
        return UpstreamRefused("GitHub could not make a Copilot token just now", status=502, code=name)
    said = _shown(details.get("message"), grant) or _shown(details.get("title"), grant)
    what, hint = NOTICES.get(name, (said or "GitHub gives this account no access to Copilot", _SETTINGS))
    if name in {"no_copilot_access", "not_signed_up"} and answer.body.get("can_signup_for_limited") is True:
        hint = "the free plan can be switched on at https://github.com/settings/copilot"
    url = _shown(details.get("url"), grant).replace("{EDITOR}", "copilot-api")
    if re.match(r"https://[\w.-]+/", url) and url not in hint:
        hint = f"{hint}; GitHub points to {url}"
    if name in _NOT_ENTITLEMENT:
        return UpstreamRefused(what, status=403, kind="permission", code=name, hint=hint)
    return _coded(SubscriptionMissing(what, hint=hint), name or SubscriptionMissing.code)


def _is_rate_limit(answer: Answer, said: str) -> bool:
    headers = answer.headers
    spent = headers.get("X-RateLimit-Remaining") == "0"
    return answer.status == 429 or spent or "Retry-After" in headers or "rate limit" in said.lower()


def retry_after_s(headers: Mapping[str, str]) -> int:
    """Seconds that GitHub asks to wait: Retry-After (seconds or a date), else when its rate limit starts anew, else a minute.

    Dates are taken relative to the answer's own Date, so that a wrong clock here does no harm.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return int(text)
    now = _unix(headers.get("Date", ""))
    if now is not None and (then := _unix(text)) is not None:
        return max(0, then - now)
    reset = headers.get("X-RateLimit-Reset", "").strip()
    if now is not None and reset.isdecimal():
        return max(1, int(reset) - now)
    return _TOO_OFTEN_S


def _unix(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None


def one_line(text: str) -> str:
    """A text from the network as it may be shown in a terminal: one line, not long, no secret in it."""
    return redact("".join(c if c.isprintable() else " " for c in text).strip())[:300]


def _shown(text: object, grant: Grant) -> str:
    return one_line(string(text).replace(grant.value, "[redacted]"))


def _coded(problem: CopilotApiError, code: str) -> CopilotApiError:
    problem.code = code
    return problem
