"""What a request of the mixed load asks, what Copilot says, what goes wrong with it, and how its client behaves, by seed."""

import random
from dataclasses import dataclass
from typing import Any, Literal

from copilot_api.dialects.codec import Json
from tests.faults.cells import PAIRS, Pair

Manner = Literal["reads", "reads slowly", "leaves", "leaves at once"]

WORDS = (
    "Oslo",
    "is",
    "cold,",
    "bright",
    "and",
    "quiet.",
    "\n",
    "- ",
    "Ålesund",
    "日本",
    "👋",
    '"quoted"',
    "back\\slash",
    "{curly}",
    "<b>",
    "data: [DONE]",
    "\n\n",
)
# (weight, kind, fields): what happens to one request in four. What may be sent again without harm is answered all the same.
FAULTS: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (4, "reset", {}),
    (4, "headers", {}),
    (4, "cut", {"after": 5}),
    (1, "stall", {}),
    (2, "stall_mid", {"after": 4}),
    (4, "eof", {}),
    (4, "bad_json", {"after": 3}),
    (4, "crlf", {}),
    (4, "bad_utf8", {"after": 3}),
    (3, "gzip_lies", {}),
    (3, "wrong_type", {}),
    (3, "html", {"times": 2}),
    (3, "quota", {}),
    (3, "rate_limited", {"seconds": 3}),
    (4, "overloaded", {}),
    (4, "error_event", {"after": 4, "times": 2}),
    (4, "failed", {"after": 4, "times": 2}),
    (3, "status", {"status": 500, "body": "no"}),
    (3, "status", {"status": 529, "body": "no", "times": 2}),
    (2, "status", {"status": 413, "body": "no"}),
    (2, "status", {"status": 408, "body": "no"}),
    (3, "delay", {"seconds": 1.0}),
    (2, "drip", {"seconds": 2.0}),
    (3, "no_done", {}),
)
HARMLESS = {"crlf", "wrong_type", "delay", "drip", "no_done"}
SIZE_LIMIT = 300_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One request, fully told by the seed and its number. `event` tells of it where it goes wrong."""

    seed: int
    number: int
    pair: Pair
    text: str
    calls: tuple[tuple[str, Json], ...]
    thinking: str
    fault: str
    fields: dict[str, Any]
    manner: Manner
    leaves_after: int
    pause_s: float

    @property
    def when(self) -> str:
        """What stands in this request and in no other."""
        return f"request {self.number:07};"

    @property
    def event(self) -> str:
        """What happens, in words."""
        says = f"{len(self.text)} characters, {len(self.calls)} calls, {len(self.thinking)} of thought"
        fault = f"{self.fault} {self.fields}" if self.fault else "no fault"
        return f"seed {self.seed}, request {self.number}: {self.pair}; {fault}; {self.manner}; {says}"

    @property
    def must_be_answered(self) -> bool:
        """Whether nothing happens that may keep it from being answered."""
        return not self.fault or self.fault in HARMLESS


def planned(seed: int, number: int) -> Plan:
    """The request of that number in the run of that seed."""
    chance = random.Random(f"{seed}/{number}")
    kind = ""
    fields: dict[str, Any] = {}
    if chance.random() < 0.25:
        _, kind, fields = chance.choices(FAULTS, [weight for weight, _, _ in FAULTS])[0]
    size = chance.choices([4, 30, 200], [3, 5, 2])[0]
    text = " ".join(chance.choice(WORDS) for _ in range(chance.randint(1, size)))
    if chance.random() < 0.01 and kind != "drip":
        text = "x" * chance.randint(50_000, SIZE_LIMIT)
    calls = tuple(
        ("get_weather", {"city": chance.choice(WORDS), "days": chance.randint(-5, 2**40), "deep": {"list": [None, True, 1.5]}})
        for _ in range(chance.choices([0, 1, 2, 3], [6, 2, 1, 1])[0])
    )
    return Plan(
        seed=seed,
        number=number,
        pair=chance.choice(PAIRS),
        text=text,
        calls=calls,
        thinking=" ".join(chance.choice(WORDS) for _ in range(20)) if chance.random() < 0.2 else "",
        fault=kind,
        fields=fields,
        manner=chance.choices(["reads", "reads slowly", "leaves", "leaves at once"], [82, 8, 8, 2])[0],  # type: ignore[arg-type]
        leaves_after=chance.randint(1, 4000),
        pause_s=chance.random() * 0.5,
    )
