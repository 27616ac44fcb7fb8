"""What the icon shows, by shape and by colour, and the words of its tooltip, so that colour is never the only carrier."""

from enum import StrEnum

from copilot_api.desktop.glance import Glance
from copilot_api.server.status import Phase
from copilot_api.upstream.auth import Signed

LOW_SHARE = 0.9
"""From this share of the plan on, its end is near."""


class Face(StrEnum):
    """The pictures of the icon, the one that wants a person's hand first."""

    APPROVAL = "approval"
    SIGNING_IN = "signing-in"
    DRAINING = "draining"
    STARTING = "starting"
    STOPPED = "stopped"
    SIGNED_OUT = "signed-out"
    GITHUB_DOWN = "github-down"
    FAILING = "failing"
    SPENT = "spent"
    LOW = "low"
    SERVING = "serving"


def face(glance: Glance) -> Face:
    """The one picture of all that could be shown: what a person can do something about comes first."""
    if glance.waiting:
        return Face.APPROVAL
    if glance.sign_in is not None:
        return Face.SIGNING_IN
    if glance.phase is not Phase.SERVING:
        return {Phase.STOPPING: Face.DRAINING, Phase.STARTING: Face.STARTING}.get(glance.phase, Face.STOPPED)
    if glance.signed is Signed.OUT:
        return Face.SIGNED_OUT
    if glance.is_github_down:
        return Face.GITHUB_DOWN
    if glance.signed is Signed.FAILING:
        return Face.FAILING
    return _of_balance(glance)


def _of_balance(glance: Glance) -> Face:
    balance = glance.balance
    if balance is None or balance.entitlement <= 0:
        return Face.SERVING
    if balance.remaining <= 0 and balance.is_capped:
        return Face.SPENT
    return Face.LOW if balance.share_used >= LOW_SHARE else Face.SERVING


def title(glance: Glance) -> str:
    """How things are, in one line: the tooltip."""
    return " · ".join(words(glance))


def words(glance: Glance) -> tuple[str, ...]:
    """The same in one line or two: what the menu begins with."""
    match face(glance):
        case Face.APPROVAL:
            return (_counted(len(glance.waiting), "request waits", "requests wait") + " for your approval",)
        case Face.SIGNING_IN:
            return (_signing_in(glance),)
        case Face.DRAINING:
            rest = f", {_counted(glance.active, 'request', 'requests')} may finish" if glance.active else ""
            return (f"Stopping{rest}",)
        case Face.STARTING:
            return ("Starting",)
        case Face.STOPPED:
            return (f"Not serving: {glance.unserved}" if glance.unserved else "Not serving",)
        case Face.SIGNED_OUT:
            return (f"Serving on {glance.address}, but not signed in",)
        case Face.GITHUB_DOWN:
            return "GitHub cannot be reached", _serving(glance)
        case Face.FAILING:
            return "No Copilot token", _serving(glance)
        case Face.SPENT:
            return "Plan used up", _serving(glance)
        case Face.LOW:
            return "Plan nearly used up", _serving(glance)
        case Face.SERVING:
            return (_serving(glance),)


def _serving(glance: Glance) -> str:
    parts = [f"Serving on {glance.address}", glance.login, f"{glance.active} active" if glance.active else ""]
    return " · ".join(filter(None, parts))


def _signing_in(glance: Glance) -> str:
    code = glance.sign_in
    return f"Enter {code.user_code} at {code.page.removeprefix('https://')}" if code and code.user_code else "Signing in"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
