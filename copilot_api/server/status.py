"""How a service is, in one frozen value: all that a tray, a command or a page draws of it. They hold no truth of their own."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import number, obj, objs, string, strings
from copilot_api.server.approvals import Waiting
from copilot_api.server.today import NOTHING, Today
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance


class Phase(StrEnum):
    """Where a service is in its life. It goes through it once."""

    NEW = "new"
    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the service is. `url` is what clients use, `address` the same to be read; both are empty before it listens.

    `reason` says for people why requests cannot be served well, "" when they can; `is_github_down` that the fault is the
    network's or GitHub's, be anybody signed in or not. `is_token_given`: the GitHub token stands in a flag or in the
    environment, so that nobody can sign out here. `login` and `models` (how many the account has) are empty until they are
    known, `balance` is None where nothing is counted. `active` is how many requests are being served; `waiting` are those of
    them that wait for the person (`is_manual`), `approved` names the clients that need not wait. `since` is when it began to
    serve, in unix seconds, `pid` its process.
    """

    phase: Phase = Phase.NEW
    url: str = ""
    address: str = ""
    signed: Signed = Signed.OUT
    reason: str = ""
    is_github_down: bool = False
    is_token_given: bool = False
    login: str = ""
    account_type: str = "individual"
    models: int = 0
    active: int = 0
    is_manual: bool = False
    waiting: tuple[Waiting, ...] = ()
    approved: tuple[str, ...] = ()
    balance: Balance | None = None
    today: Today = NOTHING
    is_sandbox: bool = False
    version: str = ""
    pid: int = 0
    since: float = 0.0


Listener = Callable[[Status], None]


def told(status: Status) -> Json:
    """`status` as JSON."""
    return asdict(status)


def heard(body: Json) -> Status:
    """What `told` tells, be it of another version: what is missing is as it is by default, what is unknown is left out.

    Raises ValueError where phase or sign-in are none that we know.
    """
    balance = obj(body.get("balance"))
    return Status(
        phase=Phase(string(body.get("phase"))),
        url=string(body.get("url")),
        address=string(body.get("address")),
        signed=Signed(string(body.get("signed"))),
        reason=string(body.get("reason")),
        is_github_down=body.get("is_github_down") is True,
        is_token_given=body.get("is_token_given") is True,
        login=string(body.get("login")),
        account_type=string(body.get("account_type")) or "individual",
        models=number(body.get("models")),
        active=number(body.get("active")),
        is_manual=body.get("is_manual") is True,
        waiting=tuple(_waiting(each) for each in objs(body.get("waiting"))),
        approved=tuple(strings(body.get("approved"))),
        balance=_balance(balance) if balance else None,
        today=_today(obj(body.get("today"))),
        is_sandbox=body.get("is_sandbox") is True,
        version=string(body.get("version")),
        pid=number(body.get("pid")),
        since=_float(body.get("since")) or 0.0,
    )


def _waiting(body: Json) -> Waiting:
    return Waiting(
        id=string(body.get("id")),
        client=string(body.get("client")),
        model=string(body.get("model")),
        size_bytes=number(body.get("size_bytes")),
    )


def _balance(body: Json) -> Balance:
    return Balance(
        unit=string(body.get("unit")),
        remaining=_float(body.get("remaining")) or 0.0,
        entitlement=_float(body.get("entitlement")) or 0.0,
        resets=string(body.get("resets")),
        is_capped=body.get("is_capped") is not False,
        bucket=string(body.get("bucket")),
    )


def _today(body: Json) -> Today:
    return Today(
        requests=number(body.get("requests")),
        input_tokens=number(body.get("input_tokens")),
        output_tokens=number(body.get("output_tokens")),
        spent=_float(body.get("spent")),
    )


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
