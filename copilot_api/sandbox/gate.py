"""Copilot's door: who may come in. The texts are literal, because clients match on them. Source: github-auth.md §5."""

from copilot_api.sandbox.accounts import Accounts
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.seen import Seen

INTEGRATIONS = {"vscode-chat", "copilot-developer-cli", "copilot-language-server", "jetbrains-chat"}
OLDEST_PLUGIN = (0, 35)


def check(seen: Seen, accounts: Accounts) -> None:
    """Raises Refusal unless the request carries a token that is good now, and an identity."""
    is_ide = _check_token(seen, accounts)
    if not seen.headers.get("user-agent"):
        raise _forbidden()
    if is_ide:
        _check_editor(seen)
    integration = seen.headers.get("copilot-integration-id", "")
    if not integration:
        raise _forbidden()
    if integration not in INTEGRATIONS:
        raise Refusal(
            f'The requested model is not available for integrator "{integration}". Available models: []',
            code="model_not_available_for_integrator",
            shape="error",
        )
    if seen.method == "POST" and "application/json" not in seen.headers.get("content-type", ""):
        raise _plain(400, "failed to parse request")


def _check_token(seen: Seen, accounts: Accounts) -> bool:
    """True for a Copilot token, False for a GitHub token that may be used directly."""
    scheme, _, token = seen.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise _plain(401 if not scheme else 400, "bad request: Authorization header is badly formatted")
    if accounts.is_token(token):
        if not accounts.is_fresh(token):
            raise _plain(401, "unauthorized: token expired")
        return True
    if token.startswith("ghp_"):
        raise _plain(400, "bad request: Personal Access Tokens are not supported for this endpoint")
    grant = accounts.grant(token)
    if grant is None:
        raise _plain(401, "unauthorized: token expired" if token.startswith("tid=") else "unauthorized")
    if not grant.permitted:
        raise _plain(401, "unauthorized: Personal Access Token does not have Copilot Requests permission")
    if not grant.app.direct:
        raise _plain(400, "checking third-party user token: bad request: token is not usable by this app")
    return False


def _check_editor(seen: Seen) -> None:
    for name in ("Editor-Version", "Editor-Plugin-Version"):
        value = seen.headers.get(name, "")
        if not value:
            raise _plain(400, f"bad request: missing {name} header for IDE auth")
        product, _, version = value.partition("/")
        if not product or not version[:1].isdigit():
            raise _plain(400, f"bad request: unknown {name} header for IDE auth")
    product, _, version = seen.headers["Editor-Plugin-Version"].partition("/")
    if product == "copilot-chat" and _two_numbers(version) < OLDEST_PLUGIN:
        raise _plain(466, "client version is no longer supported, please update")


def _two_numbers(version: str) -> tuple[int, int]:
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    return (numbers[0], numbers[1]) if len(numbers) > 1 else (0, 0)


def _plain(status: int, text: str) -> Refusal:
    return Refusal(text, status=status, shape="plain")


def _forbidden() -> Refusal:
    return _plain(403, "access to this endpoint is forbidden")
