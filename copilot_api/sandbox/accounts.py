"""The sandbox's one account: its GitHub tokens, sign-ins under way, Copilot tokens, and what it has used."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

GrantKind: TypeAlias = Literal["ghu", "gho", "github_pat", "ghp", "ghs"]
"""GitHub App user token, OAuth app token, fine-grained PAT, classic PAT, installation token."""

Plan: TypeAlias = Literal["credits", "legacy", "free", "free_legacy", "unlimited", "overdrawn", "bare", "none"]
"""AI credits; premium requests; today's free plan; the old free plan's shape; nothing metered; more used than granted;
no quota_snapshots at all; an account without Copilot."""

LOGIN = "sandbox-dev"
CODE_LIFE_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An OAuth client id in public use: the kind of token it yields, and where that token is good for Copilot."""

    kind: GrantKind
    exchanges: bool = True
    direct: bool = False


# protocol notes github-auth.md §2.1 and §5.
APPS = {
    "Iv1.b507a08c87ecfe98": App(kind="ghu"),
    "01ab8ac9400c4e429b23": App(kind="gho"),
    "Ov23li8tweQw6odWQebz": App(kind="gho", exchanges=False, direct=True),
    "178c6fc778ccc68e1d6a": App(kind="gho", exchanges=False),
}
_KINDS = {
    "ghu": App(kind="ghu"),
    "gho": App(kind="gho"),
    "github_pat": App(kind="github_pat", exchanges=False, direct=True),
    "ghp": App(kind="ghp", exchanges=False),
    "ghs": App(kind="ghs", exchanges=False, direct=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A GitHub token the sandbox gave out. A PAT may lack the permission "Copilot Requests"."""

    app: App
    permitted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A device flow under way. `expires_at` is in unix seconds."""

    client_id: str
    user_code: str
    expires_at: float
    polls: int = 0
    over: bool = False


class Accounts:
    """Who is signed in with what. `clock` gives unix seconds; Copilot tokens live `token_life_s`."""

    def __init__(self, *, plan: Plan, clock: Callable[[], float], token_life_s: float) -> None:
        self.plan: Plan = plan
        self.clock = clock
        self.token_life_s = token_life_s
        self.nano_aiu_spent = 0
        self.premium_spent = 0.0
        self._grants: dict[str, Grant] = {}
        self._sign_ins: dict[str, SignIn] = {}
        self._tokens: dict[str, float] = {}

    def issue(self, kind: GrantKind = "ghu", *, client_id: str = "", permitted: bool = True) -> str:
        """A new GitHub token, of the kind asked for or of the one `client_id` yields."""
        app = APPS[client_id] if client_id else _KINDS[kind]
        prefix = "github_pat_11SANDBOX0" if app.kind == "github_pat" else f"{app.kind}_"
        token = prefix + secrets.token_hex(18)
        self._grants[token] = Grant(app=app, permitted=permitted)
        return token

    def revoke(self, token: str) -> None:
        """GitHub forgets this token, and every Copilot token with it."""
        self._grants.pop(token, None)
        self.expire()

    def grant(self, token: str) -> Grant | None:
        """What a GitHub token is, if it is one of ours and still good."""
        return self._grants.get(token)

    def begin(self, client_id: str) -> tuple[str, SignIn]:
        """A device code (40 characters) and its sign-in."""
        alphabet = "BCDFGHJKLMNPQRSTVWXZ23456789"
        word = "".join(secrets.choice(alphabet) for _ in range(8))
        sign_in = SignIn(client_id=client_id, user_code=f"{word[:4]}-{word[4:]}", expires_at=self.clock() + CODE_LIFE_S)
        code = secrets.token_hex(20)
        self._sign_ins[code] = sign_in
        return code, sign_in

    def poll(self, device_code: str) -> SignIn | None:
        """The sign-in of a device code, with this poll counted; None when there is none or it is over."""
        sign_in = self._sign_ins.get(device_code)
        if sign_in is None or sign_in.over:
            return None
        counted = replace(sign_in, polls=sign_in.polls + 1)
        self._sign_ins[device_code] = counted
        return counted

    def finish(self, device_code: str) -> None:
        """The code was used or refused: it is worth nothing from now on."""
        self._sign_ins[device_code] = replace(self._sign_ins[device_code], over=True)

    def mint(self, sku: str) -> tuple[str, int]:
        """A new Copilot token, unlike any before, and its expiry in unix seconds."""
        expires_at = self.clock() + self.token_life_s
        fields = f"tid={secrets.token_hex(16)};exp={int(expires_at)};sku={sku};st=dotcom;chat=1;rt=1;ssc=1;sn=0"
        token = f"{fields}:{secrets.token_hex(32)}"
        self._tokens[token] = expires_at
        return token, int(expires_at)

    def is_token(self, token: str) -> bool:
        """Whether this Copilot token was minted here, expired or not."""
        return token in self._tokens

    def is_fresh(self, token: str) -> bool:
        """Whether this Copilot token still opens the door."""
        return self._tokens.get(token, 0.0) > self.clock()

    def expire(self) -> None:
        """Every Copilot token given out so far expires now."""
        self._tokens = dict.fromkeys(self._tokens, 0.0)

    def spend(self, nano_aiu: int, premium: float) -> None:
        """Counts one answer: its credits, and the premium requests it would be on a legacy plan."""
        self.nano_aiu_spent += nano_aiu
        self.premium_spent += premium
