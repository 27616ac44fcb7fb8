"""What is asked of GitHub itself: a sign-in, whose it is, a Copilot token, plan and quota. Source: protocol notes, GitHub."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.read import obj, string
from copilot_api.errors import SignInFailed, SubscriptionMissing, UpstreamProblem, UpstreamRefused
from copilot_api.settings import Settings
from copilot_api.upstream.denials import Answer, denial, one_line, retry_after_s
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity
from copilot_api.upstream.network import unreachable

SCOPE = "read:user"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
LIMIT_S = 10.0

# What GitHub says when it says nothing: documented for the device flow, and seen for tokens.
_EXPIRES_IN_S = 900.0
_INTERVAL_S = 5.0
_REFRESH_IN_S = 1500.0

_WORD = re.compile(r"[!-~]+")
_CODE = re.compile(r"[A-Za-z0-9_-]{4,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """A sign-in that has begun: what the person types where, and within how many seconds."""

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    expires_in_s: float = _EXPIRES_IN_S
    interval_s: float = _INTERVAL_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """GitHub's word on a sign-in: a grant, or an error such as authorization_pending.

    `interval_s` is set when GitHub asks for another pace, `expires_in_s` when the grant does not live until it is revoked.
    """

    grant: str = field(default="", repr=False)
    error: str = ""
    description: str = ""
    interval_s: float | None = None
    expires_in_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopilotToken:
    """An exchanged token. `api` is the checked base URL it is for; `notice` what GitHub wants the person to read, if anything.

    The server's own clock (`expires_at`) is not kept: it may differ from ours, seconds from now on do not.
    """

    value: str = field(repr=False)
    api: str
    refresh_in_s: float
    sku: str = ""
    notice: str = ""


class GitHub:
    """Asks GitHub, and turns every way in which that can fail into an error of ours. No message holds a grant or a token.

    Every call raises UpstreamUnreachable or UpstreamTimeout (10 s) when GitHub does not answer.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        hosts: Hosts,
        identity: Identity,
        settings: Settings,
        *,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._http = http
        self._hosts = hosts
        self._identity = identity
        self._client_id = settings.client_id
        # A connection that does not come about is told as that, and by whose fault, before the time for all of it is up.
        self._timeout = aiohttp.ClientTimeout(total=limit_s, connect=0.8 * limit_s, sock_connect=0.8 * limit_s)

    async def device_code(self) -> DeviceCode:
        """Begins a sign-in. Raises SignInFailed when GitHub does not allow it for our client id, UpstreamProblem."""
        answer = await self._login("/login/device/code", {"scope": SCOPE})
        body = answer.body
        if answer.status == 404 or body.get("error"):
            raise refused_sign_in(string(body.get("error")) or "Not Found", string(body.get("error_description")))
        # The user code goes to a terminal: nothing but letters, digits and dashes may come through.
        device_code, user_code = string(body.get("device_code")), string(body.get("user_code"))
        if not _CODE.fullmatch(device_code) or not _CODE.fullmatch(user_code):
            raise UpstreamProblem("GitHub's answer to the sign-in makes no sense", hint="try again")
        interval_s = _seconds(body, "interval")
        return DeviceCode(
            device_code=device_code,
            user_code=user_code,
            verification_uri=self._hosts.check_login_page(string(body.get("verification_uri"))),
            expires_in_s=_seconds(body, "expires_in") or _EXPIRES_IN_S,
            interval_s=_INTERVAL_S if interval_s is None else interval_s,
        )

    async def poll(self, code: DeviceCode) -> Poll:
        """How that sign-in stands. GitHub's errors come with status 200 or 4xx. Raises UpstreamRefused for 429 and 5xx."""
        answer = await self._login("/login/oauth/access_token", {"device_code": code.device_code, "grant_type": DEVICE_GRANT})
        body = answer.body
        grant, error = string(body.get("access_token")), string(body.get("error"))
        if not error and not _WORD.fullmatch(grant):
            raise UpstreamProblem("GitHub's answer to the sign-in makes no sense", hint="try again")
        return Poll(
            grant="" if error else grant,
            error=error,
            description=string(body.get("error_description")),
            interval_s=_seconds(body, "interval"),
            expires_in_s=_seconds(body, "expires_in"),
        )

    async def user(self, grant: Grant) -> Json:
        """Whose grant it is: `login` is certain to be there. Raises NotSignedIn, UpstreamRefused, UpstreamProblem."""
        answer = await self._get("/user", grant)
        if answer.status != 200:
            raise denial(answer, grant)
        if not string(answer.body.get("login")):
            raise UpstreamProblem("GitHub does not say whose account this is")
        return answer.body

    async def copilot_token(self, grant: Grant) -> CopilotToken:
        """Exchanges `grant`. Raises NotSignedIn, SubscriptionMissing, UpstreamRefused (rate limits, 5xx), UpstreamProblem."""
        answer = await self._get("/copilot_internal/v2/token", grant)
        value = string(answer.body.get("token"))
        if answer.status != 200 or (answer.body.get("error_details") and not value):
            raise denial(answer, grant)
        if not _WORD.fullmatch(value):
            raise UpstreamProblem("GitHub's answer holds no Copilot token", hint="a proxy may be rewriting answers")
        refresh_in_s = _seconds(answer.body, "refresh_in")
        return CopilotToken(
            value=value,
            api=self._hosts.data_plane(answer.body),
            refresh_in_s=_REFRESH_IN_S if refresh_in_s is None else refresh_in_s,
            sku=string(answer.body.get("sku")),
            notice=_notice(answer.body),
        )

    async def copilot_user(self, grant: Grant) -> Json:
        """Plan, quota and endpoints of the account. Raises like `copilot_token`."""
        answer = await self._get("/copilot_internal/user", grant)
        if answer.status == 404:
            raise SubscriptionMissing(
                "GitHub knows no Copilot plan for this account", hint="look at https://github.com/settings/copilot"
            )
        if answer.status != 200:
            raise denial(answer, grant)
        return answer.body

    async def _get(self, path: str, grant: Grant) -> Answer:
        return await self._ask("GET", self._hosts.api + path, self._identity.github_headers(grant.value))

    async def _login(self, path: str, form: Mapping[str, str]) -> Answer:
        answer = await self._ask(
            "POST", self._hosts.login + path, self._identity.login_headers(), {"client_id": self._client_id, **form}
        )
        if answer.status == 429 or answer.status >= 500:
            raise UpstreamRefused(
                f"GitHub has trouble with the sign-in (HTTP {answer.status})",
                status=429 if answer.status == 429 else 502,
                kind="rate_limit" if answer.status == 429 else "server",
                retry_after=str(retry_after_s(answer.headers)),
            )
        return answer

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> Answer:
        try:
            async with self._http.request(
                method,
                url,
                headers=headers,
                data=form,
                # A redirect could carry the grant to another host.
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                raw = await response.read()
                return Answer(status=response.status, headers=response.headers, body=_object(raw))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(error, "GitHub") from error


def refused_sign_in(error: str, description: str) -> SignInFailed:
    """An answer that says the sign-in is set up wrongly: no waiting mends that."""
    what = f"GitHub refuses this way of signing in: {one_line(description or error)}"
    problem = SignInFailed(what, hint="leave client_id out of the settings, or run copilot-api auth --with-token")
    problem.code = one_line(error)
    return problem


def _object(raw: bytes) -> Json:
    """A JSON object; an empty one for anything else, which no caller takes for an answer."""
    try:
        return obj(loads(raw))
    except (ValueError, RecursionError):
        return {}


def _seconds(body: Json, key: str) -> float | None:
    value = body.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < math.inf else None


def _notice(body: Json) -> str:
    return one_line(string(obj(body.get("user_notification")).get("message")))
