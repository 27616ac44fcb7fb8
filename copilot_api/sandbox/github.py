"""GitHub's side of the sandbox: device flow, user, token exchange, plan. Source: github-auth.md."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from copilot_api.dialects.codec import Json, loads
from copilot_api.sandbox.accounts import APPS, CODE_LIFE_S, LOGIN, Accounts, Grant
from copilot_api.sandbox.plans import PLANS, user
from copilot_api.sandbox.replies import Reply, json_reply, text_reply
from copilot_api.sandbox.script import DeviceState, Exchange, Script
from copilot_api.sandbox.seen import Seen

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
ERRORS_PAGE = "https://docs.github.com/developers/apps/authorizing-oauth-apps#error-codes-for-the-device-flow"

_DESCRIPTIONS: Mapping[DeviceState, str] = {
    "pending": "The authorization request is still pending.",
    "slow_down": "Too many requests have been made in the same timeframe.",
    "expired_token": "This 'device_code' has expired.",
    "access_denied": "The authorization request was denied.",
    "incorrect_device_code": "The device_code provided is not valid.",
    "incorrect_client_credentials": "The client_id passed is incorrect.",
    "unsupported_grant_type": "The grant type is not supported.",
    "device_flow_disabled": "Device Flow must be explicitly enabled for this App",
}
_NO_AGENT = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent header "
    "(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required)."
)
_DOCS = "https://docs.github.com/rest"
_SCOPE = "read:user"


class GitHub:
    """Answers for the planes "login" and "api". `endpoints` is what a token says about where Copilot is."""

    def __init__(self, *, accounts: Accounts, script: Script, interval_s: int) -> None:
        self.login_url = ""
        self.copilot_url = ""
        self._accounts = accounts
        self._script = script
        self._interval_s = interval_s

    @property
    def endpoints(self) -> Json:
        """The `endpoints` object of a token or user body: everything is the sandbox."""
        return dict.fromkeys(("api", "origin-tracker", "proxy", "telemetry"), self.copilot_url)

    def login(self, seen: Seen) -> Reply:
        """The plane of sign-in pages."""
        match (seen.method, seen.path):
            case ("POST", "/login/device/code"):
                return self._device_code(seen)
            case ("POST", "/login/oauth/access_token"):
                return self._access_token(seen)
            case ("GET", "/login/device"):
                return text_reply(
                    "This is the copilot-api sandbox: every device code is approved by itself. You may close this."
                )
        return text_reply("Not Found", status=404)

    def api(self, seen: Seen) -> Reply:
        """The plane of GitHub's REST API."""
        if not seen.headers.get("user-agent"):
            return text_reply(_NO_AGENT, status=403)
        routes = {
            "/user": self._user,
            "/copilot_internal/v2/token": self._exchange,
            "/copilot_internal/user": self._copilot_user,
        }
        route = routes.get(seen.path)
        if route is None or seen.method != "GET":
            return _rest_error(404, "Not Found")
        token = _token(seen)
        if not token:
            return _rest_error(401, "Requires authentication")
        grant = self._accounts.grant(token)
        return route(grant) if grant else _rest_error(401, "Bad credentials")

    def _device_code(self, seen: Seen) -> Reply:
        client_id = _form(seen).get("client_id", "")
        if client_id not in APPS:
            return json_reply({"error": "Not Found"}, status=404)
        code, sign_in = self._accounts.begin(client_id)
        body = {
            "device_code": code,
            "user_code": sign_in.user_code,
            "verification_uri": f"{self.login_url}/login/device",
            "expires_in": CODE_LIFE_S,
            "interval": self._interval_s,
        }
        return _as_asked(seen, body)

    def _access_token(self, seen: Seen) -> Reply:
        form = _form(seen)
        device_code = form.get("device_code", "")
        sign_in = self._accounts.poll(device_code)
        if form.get("grant_type") != GRANT_TYPE:
            return self._told(seen, "unsupported_grant_type")
        if sign_in is None:
            return self._told(seen, "incorrect_device_code")
        if form.get("client_id") != sign_in.client_id:
            return self._told(seen, "incorrect_client_credentials")
        state = self._script.take_device() or ("pending" if sign_in.polls == 1 else "granted")
        if self._accounts.clock() >= sign_in.expires_at:
            state = "expired_token"
        if state not in {"pending", "slow_down", "drop"}:
            self._accounts.finish(device_code)
        if state == "drop":
            return Reply(lost=True)
        if state != "granted":
            return self._told(seen, state)
        token = self._accounts.issue(client_id=sign_in.client_id)
        return _as_asked(seen, {"access_token": token, "token_type": "bearer", "scope": _SCOPE})

    def _told(self, seen: Seen, state: DeviceState) -> Reply:
        # GitHub reports these with status 200.
        body: Json = {
            "error": "authorization_pending" if state == "pending" else state,
            "error_description": _DESCRIPTIONS[state],
            "error_uri": ERRORS_PAGE,
        }
        if state == "slow_down":
            body["interval"] = self._interval_s + 5
        return _as_asked(seen, body)

    def _user(self, grant: Grant) -> Reply:
        return json_reply({"login": LOGIN, "id": 4141, "type": "User", "name": "Sandbox"}, headers=_scopes(grant))

    def _copilot_user(self, _grant: Grant) -> Reply:
        if self._accounts.plan == "none":
            return _rest_error(404, "Not Found")
        return json_reply(user(self._accounts, self.endpoints))

    def _exchange(self, grant: Grant) -> Reply:
        planned = self._script.take_exchange()
        if planned is not None and (reply := self._planned_exchange(planned)) is not None:
            return reply
        if grant.app.kind in {"github_pat", "ghp"}:
            return _rest_error(403, "Resource not accessible by personal access token")
        if grant.app.kind == "ghs":
            return _rest_error(403, "Resource not accessible by integration")
        if not grant.app.exchanges:
            return _rest_error(404, "Not Found")
        if self._accounts.plan == "none":
            return _entitlement("no_copilot_access")
        return json_reply(self._token_body())

    def _planned_exchange(self, planned: Exchange) -> Reply | None:
        match planned.state:
            case "revoked":
                return _rest_error(401, "Bad credentials")
            case "refused":
                return _entitlement(planned.notification_id)
            case "pat":
                return _rest_error(403, "Resource not accessible by personal access token")
            case "rate_limited":
                reply = _rest_error(429, "API rate limit exceeded for user ID 0.")
                return Reply(status=429, headers={**reply.headers, "retry-after": planned.retry_after}, body=reply.body)
            case "broken":
                return text_reply("Internal Server Error", status=500)
            case "hidden":
                return _rest_error(404, "Not Found")
            case "empty":
                return json_reply({k: v for k, v in self._token_body().items() if k != "token"})
            case "skewed":
                body = self._token_body()
                return json_reply(body | {"expires_at": body["expires_at"] + int(planned.skew_s)})
            case "elsewhere":
                return json_reply(self._token_body() | {"endpoints": self.endpoints | {"api": planned.api}})
            case "notified":
                return json_reply(self._token_body() | {"user_notification": _notice(planned.notification_id)})

    def _token_body(self) -> Json:
        sku = PLANS[self._accounts.plan].sku
        token, expires_at = self._accounts.mint(sku)
        return {
            "token": token,
            "expires_at": expires_at,
            "refresh_in": max(1, int(self._accounts.token_life_s * 5 / 6)),
            "sku": sku,
            "individual": not sku.startswith("copilot_"),
            "chat_enabled": True,
            "annotations_enabled": True,
            "code_quote_enabled": True,
            "copilotignore_enabled": False,
            "public_suggestions": "disabled",
            "telemetry": "disabled",
            "endpoints": self.endpoints,
            "enterprise_list": None,
            "organization_list": [],
            "limited_user_quotas": None,
            "limited_user_reset_date": None,
            "tracking_id": "sandbox",
        }


def _form(seen: Seen) -> dict[str, str]:
    """The fields of a body sent as a form or as JSON: GitHub takes both."""
    if "json" in seen.headers.get("content-type", ""):
        try:
            value = loads(seen.body)
        except ValueError:
            return {}
        return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}
    return dict(parse_qsl(seen.body.decode("utf-8", "replace")))


def _as_asked(seen: Seen, body: Json) -> Reply:
    """JSON only where the Accept header asks for it, else form-encoded."""
    if "application/json" in seen.headers.get("accept", ""):
        return json_reply(body)
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Reply(headers=headers, body=urlencode(body).encode())


def _token(seen: Seen) -> str:
    scheme, _, token = seen.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in {"token", "bearer"} else ""


def _scopes(grant: Grant) -> dict[str, str]:
    return {"x-oauth-scopes": _SCOPE} if grant.app.kind in {"gho", "ghp"} else {}


def _rest_error(status: int, message: str) -> Reply:
    return json_reply({"message": message, "documentation_url": _DOCS, "status": str(status)}, status=status)


def _notice(notification_id: str) -> Json:
    return {
        "message": f"Sandbox notice: {notification_id}.",
        "notification_id": notification_id,
        "title": "Sandbox notice",
        "url": "https://github.com/github-copilot/signup?editor={EDITOR}",
    }


def _entitlement(notification_id: str) -> Reply:
    """The 403 that says why an account has no Copilot. `{EDITOR}` is for the client to fill in."""
    detail = _notice(notification_id)
    if notification_id == "no_copilot_access":
        detail |= {"message": "No access to GitHub Copilot found for this account.", "title": "Sign up for GitHub Copilot"}
    body = {
        "can_signup_for_limited": notification_id in {"no_copilot_access", "not_signed_up"},
        "error_details": detail,
        "message": "Resource not accessible by integration",
    }
    return json_reply(body, status=403)
