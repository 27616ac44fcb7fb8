"""A glance for every state of the icon."""

from typing import Any

from copilot_api.desktop.face import Face
from copilot_api.desktop.glance import Code, Glance
from copilot_api.server.approvals import Waiting
from copilot_api.server.status import Phase
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance

BALANCE = Balance(unit="AI credits", remaining=6121, entitlement=7000, resets="2026-12-01")
CODE = Code(user_code="QXRT-7KLM", page="https://github.com/login/device", left_s=840)
WAITING = Waiting(id="7", client="claude-cli", model="claude-sonnet-4.6", size_bytes=52_000)


def serving(**changes: Any) -> Glance:
    """All is well, but for the changes."""
    usual: dict[str, Any] = {
        "phase": Phase.SERVING,
        "address": "127.0.0.1:4141",
        "url": "http://127.0.0.1:4141",
        "signed": Signed.IN,
        "login": "octo-dev",
        "balance": BALANCE,
    }
    return Glance(**usual | changes)


GLANCES = {
    Face.APPROVAL: serving(waiting=(WAITING,)),
    Face.SIGNING_IN: serving(signed=Signed.OUT, login="", sign_in=CODE),
    Face.DRAINING: serving(phase=Phase.STOPPING, active=2),
    Face.STARTING: Glance(phase=Phase.STARTING),
    Face.STOPPED: Glance(),
    Face.SIGNED_OUT: serving(signed=Signed.OUT, login="", reason="You are not signed in (run copilot-api auth)"),
    Face.GITHUB_DOWN: serving(is_github_down=True, signed=Signed.FAILING, reason="GitHub could not be reached"),
    Face.FAILING: serving(signed=Signed.FAILING, reason="No Copilot plan on this account"),
    Face.SPENT: serving(balance=Balance(unit="AI credits", remaining=0, entitlement=7000, resets="2026-12-01")),
    Face.LOW: serving(balance=Balance(unit="AI credits", remaining=350, entitlement=7000, resets="2026-12-01")),
    Face.SERVING: serving(active=3),
}
