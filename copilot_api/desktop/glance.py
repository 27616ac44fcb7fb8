"""All that the tray draws: one frozen value, made anew at each change of the service, the sign-in or the settings.

Nothing here knows how it comes about or how it is drawn, so that every state can be made in a test by writing it down.
"""

from dataclasses import dataclass

from copilot_api.server.approvals import Waiting
from copilot_api.server.status import Phase
from copilot_api.server.today import NOTHING, Today
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A sign-in under way: `user_code` is to be typed at `page`. Empty texts: GitHub was asked for a code and has not answered.

    `problem` is why GitHub cannot be asked at the moment; it is tried again.
    """

    user_code: str = ""
    page: str = ""
    left_s: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A newer version, and the page it is told on."""

    version: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """How things are. `address` (to be read) and `url` (to be used by clients) are empty while nothing is served.

    `is_token_given`: the GitHub token stands in a flag or in the environment, so that nobody can sign out here.
    `reason` says for people why requests cannot be served well; `is_github_down` that the fault is the network's or GitHub's.
    `served_by` is the process id of another copilot-api that serves in our place, None where it is us or nobody.
    `unserved` is why serving could not be started, "" where it could. `approved` names clients that need no approval.
    `dashboard` is a page, "" while there is none; `update` is None when there is no news, and `can_update` whether it can be
    asked for. `starts_at_login` is None where the system offers no such thing.
    """

    phase: Phase = Phase.STOPPED
    address: str = ""
    url: str = ""
    unserved: str = ""
    served_by: int | None = None
    signed: Signed = Signed.OUT
    login: str = ""
    is_token_given: bool = False
    reason: str = ""
    is_github_down: bool = False
    sign_in: Code | None = None
    active: int = 0
    waiting: tuple[Waiting, ...] = ()
    approved: tuple[str, ...] = ()
    balance: Balance | None = None
    today: Today = NOTHING
    account_type: str = "individual"
    clients: tuple[str, ...] = ()
    dashboard: str = ""
    starts_at_login: bool | None = None
    serves_on_launch: bool = True
    update: Update | None = None
    can_update: bool = False
    version: str = ""
