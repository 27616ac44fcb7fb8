"""The menu: rows made from a glance, pure. What does not apply is absent, not grey; what is long is cut."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from copilot_api.desktop.face import Face, face, words
from copilot_api.desktop.glance import Glance
from copilot_api.errors import NOBODY
from copilot_api.server.approvals import Waiting
from copilot_api.server.status import Phase
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance

WIDTH = 60
"""Characters of a label; bars cut longer ones anywhere, or grow as wide as the screen."""

ACCOUNT_TYPES = ("individual", "business", "enterprise")
NAMES_SHOWN = 12

Verb = Literal[
    "serve",
    "sign-in",
    "cancel-sign-in",
    "sign-out",
    "copy-code",
    "open-page",
    "copy-url",
    "open-dashboard",
    "set-up",
    "approve",
    "ask-again",
    "account-type",
    "start-at-login",
    "serve-on-launch",
    "check-for-updates",
    "about",
    "quit",
]


@dataclass(frozen=True, slots=True)
class Act:
    """What a click wants, with its target: `serve` True, never a flip. `target` is what the verb is about."""

    verb: Verb
    target: str | bool = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the menu. Without `act` and `children` it only tells something. `is_checked`: None where there is no mark.

    `is_choice`: one of several of which one is marked (a radio button and not a check box).
    """

    label: str = ""
    act: Act | None = None
    is_checked: bool | None = None
    is_choice: bool = False
    children: tuple["Row", ...] = ()

    @property
    def is_line(self) -> bool:
        """Whether it only parts what is above it from what is below."""
        return not self.label


LINE = Row()


def rows(glance: Glance) -> tuple[Row, ...]:
    """The menu, from top to bottom, its groups parted by lines."""
    groups = (
        _state(glance),
        _approvals(glance),
        _serving(glance),
        _account(glance),
        _use(glance),
        _setting(glance),
        _program(glance),
    )
    return _parted(tuple(group) for group in groups)


def _parted(groups: Iterable[tuple[Row, ...]]) -> tuple[Row, ...]:
    found: list[Row] = []
    for group in filter(None, groups):
        found += [LINE, *group] if found else group
    return tuple(found)


def _state(glance: Glance) -> Iterable[Row]:
    for line in words(glance):
        yield Row(cut(line))
    if glance.served_by is not None:
        yield Row(f"Started elsewhere (process {glance.served_by})")
    # That nobody is signed in is said already, and how to mend it stands below.
    is_said = face(glance) is Face.SIGNED_OUT and glance.reason.startswith(NOBODY)
    if glance.reason and glance.phase is Phase.SERVING and not is_said:
        yield Row(cut(glance.reason))


def _approvals(glance: Glance) -> Iterable[Row]:
    if glance.waiting:
        yield Row("Approve", children=tuple(_approval(waiting) for waiting in glance.waiting[:NAMES_SHOWN]))
    if glance.approved:
        again = tuple(Row(cut(name), Act("ask-again", name)) for name in glance.approved[:NAMES_SHOWN])
        yield Row("Ask again for", children=again)


def _approval(waiting: Waiting) -> Row:
    choices = (
        ("Once", "once"),
        ("For ten minutes", "ten-minutes"),
        (f"Always for {waiting.client}", "always"),
        ("Refuse", "refuse"),
    )
    return Row(
        cut(f"{waiting.client} asks {waiting.model}, {_size(waiting.size_bytes)}"),
        children=tuple(Row(cut(label), Act("approve", f"{decision} {waiting.id}")) for label, decision in choices),
    )


def _serving(glance: Glance) -> Iterable[Row]:
    if glance.phase in {Phase.SERVING, Phase.STARTING}:
        yield Row("Stop serving", Act("serve", target=False))
    elif glance.phase is not Phase.STOPPING:
        yield Row("Start serving", Act("serve", target=True))
    if glance.dashboard:
        yield Row("Open dashboard", Act("open-dashboard"))
    if glance.url:
        yield Row("Copy base URL", Act("copy-url"))
    if glance.clients:
        yield Row("Set up a client", children=tuple(Row(name, Act("set-up", name)) for name in glance.clients))


def _account(glance: Glance) -> Iterable[Row]:
    if (code := glance.sign_in) is not None:
        yield from _signing_in(code.user_code, code.page, code.problem, code.left_s)
    elif glance.signed is Signed.OUT:
        yield Row("Sign in…", Act("sign-in"))
    elif not glance.is_token_given:
        yield Row(cut(f"Sign out {glance.login}".rstrip()), Act("sign-out"))
    if glance.served_by is None:
        kinds = ACCOUNT_TYPES if glance.account_type in ACCOUNT_TYPES else (*ACCOUNT_TYPES, glance.account_type)
        marks = tuple(
            Row(cut(kind.capitalize()), Act("account-type", kind), is_checked=kind == glance.account_type, is_choice=True)
            for kind in kinds
        )
        yield Row("Account type", children=marks)


def _signing_in(user_code: str, page: str, problem: str, left_s: float) -> Iterable[Row]:
    if user_code:
        yield Row(f"Copy the code {user_code}", Act("copy-code"))
        yield Row(cut(f"Open {page.removeprefix('https://')}"), Act("open-page"))
        yield Row(cut(problem) if problem else f"Waiting for you, {_span(left_s)} left")
    yield Row("Cancel signing in", Act("cancel-sign-in"))


def _use(glance: Glance) -> Iterable[Row]:
    if glance.balance is not None:
        yield Row(_left(glance.balance))
    if glance.today.requests:
        yield Row(_used(glance))


def _left(balance: Balance) -> str:
    """`AI credits 6,121 of 7,000, resets 1 Dec`."""
    unit = balance.unit[:1].upper() + balance.unit[1:]
    over = -balance.remaining
    left = (
        f"{_number(over)} over {_number(balance.entitlement)}"
        if over > 0
        else (f"{_number(balance.remaining)} of {_number(balance.entitlement)}")
    )
    return cut(f"{unit} {left}" + (f", resets {_day(balance.resets)}" if balance.resets else ""))


def _used(glance: Glance) -> str:
    today = glance.today
    parts = [f"Today {today.requests:,} {'request' if today.requests == 1 else 'requests'}"]
    if today.spent is not None and glance.balance is not None:
        parts.append(f"{_number(today.spent)} {glance.balance.unit}")
    parts.append(f"{_short(today.input_tokens + today.output_tokens)} tokens")
    return cut(", ".join(parts))


def _setting(glance: Glance) -> Iterable[Row]:
    if glance.starts_at_login is not None:
        is_on = glance.starts_at_login
        yield Row("Start at login", Act("start-at-login", not is_on), is_checked=is_on)
    is_on = glance.serves_on_launch
    yield Row("Start serving on launch", Act("serve-on-launch", not is_on), is_checked=is_on)


def _program(glance: Glance) -> Iterable[Row]:
    if glance.update is not None:
        yield Row(cut(f"Get version {glance.update.version}"), Act("open-page", glance.update.page))
    elif glance.can_update:
        yield Row("Check for updates", Act("check-for-updates"))
    yield Row(cut(f"About Copilot API {glance.version}".rstrip()), Act("about"))
    yield Row("Quit", Act("quit"))


def cut(text: str, width: int = WIDTH) -> str:
    """`text` in one line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1024:,.0f} KiB" if size_bytes >= 1024 else f"{size_bytes} bytes"


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _number(value: float) -> str:
    """With thousands parted, and with decimals only where the number is small."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"


def _short(count: int) -> str:
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + unit
    return str(count)


def _day(iso: str) -> str:
    """`2026-12-01` as `1 Dec`; what is no date as it is."""
    try:
        day = date.fromisoformat(iso[:10])
    except ValueError:
        return iso
    return f"{day.day} {_MONTHS[day.month - 1]}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
