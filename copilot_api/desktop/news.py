"""What is worth a notification: the difference between two glances, and never the same twice within ten minutes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from copilot_api.desktop.face import Face, face
from copilot_api.desktop.glance import Glance
from copilot_api.desktop.menu import Act, Row
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance

AGAIN_S = 600.0
"""Seconds within which the same is not told twice."""

MARKS = (0.75, 0.9, 1.0)
"""Shares of the plan at whose passing the person is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A notification. `key` says when two are the same; `buttons` are rows with an act, for systems that can show them.

    `act` is what a click on the text itself wants: never what should not be done by accident. `is_urgent`: somebody waits for
    the person.
    """

    key: str
    title: str
    text: str = ""
    act: Act | None = None
    buttons: tuple[Row, ...] = ()
    is_urgent: bool = False


def news(before: Glance, after: Glance) -> Iterator[News]:
    """What happened between the two, as far as a person wants to be told who is not looking at the tray."""
    yield from _signing_in(before, after)
    yield from _signed(before, after)
    yield from _approvals(before, after)
    yield from _marks(before.balance, after.balance)
    if after.unserved and after.unserved != before.unserved:
        yield News(key=f"unserved {after.unserved}", title="Copilot API is not serving", text=after.unserved)
    if after.update is not None and after.update != before.update:
        title = f"Copilot API {after.update.version} is there"
        yield News(
            key=f"update {after.update.version}",
            title=title,
            act=Act("open-page", after.update.page),
            buttons=(Row("Open the page", Act("open-page", after.update.page)),),
        )


def _signing_in(before: Glance, after: Glance) -> Iterator[News]:
    code = after.sign_in
    if code is None or not code.user_code or (before.sign_in is not None and before.sign_in.user_code == code.user_code):
        return
    yield News(
        key=f"code {code.user_code}",
        title=f"Your code is {code.user_code}",
        text=f"Enter it at {code.page.removeprefix('https://')}; it is on the clipboard if there is one.",
        act=Act("open-page", code.page),
        buttons=(Row("Open the page", Act("open-page", code.page)), Row("Copy the code", Act("copy-code"))),
        is_urgent=True,
    )


def _signed(before: Glance, after: Glance) -> Iterator[News]:
    if after.signed is Signed.OUT and before.signed is not Signed.OUT:
        yield News(
            key="out",
            title="Signed out of GitHub",
            text=after.reason,
            act=Act("sign-in"),
            buttons=(Row("Sign in", Act("sign-in")),),
        )
    elif before.signed is not Signed.OUT and face(after) is Face.FAILING and face(before) is not Face.FAILING:
        yield News(key=f"failing {after.reason}", title="Copilot cannot be used at the moment", text=after.reason)


def signed_in(login: str) -> News:
    """The end of a sign-in, which no glance tells from a start at which somebody was signed in already."""
    return News(key=f"in {login}", title=f"Signed in as {login}" if login else "Signed in")


def _approvals(before: Glance, after: Glance) -> Iterator[News]:
    known = {waiting.id for waiting in before.waiting}
    for waiting in after.waiting:
        if waiting.id not in known:
            yield News(
                # A second request of the same program is not told: it stands in the menu, and the icon says so.
                key=f"approval {waiting.client}",
                title=f"{waiting.client} asks {waiting.model}",
                text="It waits for your approval: see the menu of the icon.",
                buttons=(
                    Row("Approve once", Act("approve", f"once {waiting.id}")),
                    Row("Refuse", Act("approve", f"refuse {waiting.id}")),
                ),
                is_urgent=True,
            )


def _marks(before: Balance | None, after: Balance | None) -> Iterator[News]:
    """The highest mark that was passed since."""
    if before is None or after is None or before.entitlement <= 0 or after.entitlement <= 0:
        return
    passed = [mark for mark in MARKS if before.share_used < mark <= after.share_used]
    if not passed:
        return
    mark = passed[-1]
    title = f"Your {after.unit} are used up" if mark >= 1 else f"{mark:.0%} of your {after.unit} are used"
    yield News(key=f"mark {mark} {after.resets}", title=title, is_urgent=mark >= 1 and after.is_capped)


class Memory:
    """What was told of late. `clock` gives seconds that never run backwards."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def is_new(self, told: News) -> bool:
        """Whether this was not told within the last ten minutes; from now on it was."""
        now = self._clock()
        self._told = {key: at for key, at in self._told.items() if now - at < AGAIN_S}
        if told.key in self._told:
            return False
        self._told[told.key] = now
        return True
