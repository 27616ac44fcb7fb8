"""Every repair there is, in one list: what Copilot refuses or gets wrong, and what we do about it.

The rows are the tables themselves, so that nothing can fire that is not listed. Each row has its fixture in
`tests/translate/repairs`, with which a test shows that it fires, and that all is different without it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from copilot_api.dialects.codec import Json
from copilot_api.translate.betas import BETAS
from copilot_api.translate.repair import Fault, by_name
from copilot_api.translate.repair_answers import CHAT_ANSWERS, MESSAGES_ANSWERS, RESPONSES_ANSWERS
from copilot_api.translate.repair_requests import REQUESTS
from copilot_api.translate.retries import RETRIES

Side = Literal["request", "answer", "retry"]

PICTURES = by_name(
    (
        Fault(
            name="images-fetched",
            when="a picture is given by its address, and fetch_images is on",
            does="fetches it, from public addresses only",
            source="copilot-upstream §3.1",
        ),
        Fault(
            name="images-scaled",
            when="a picture is larger than the model takes, or of a type it does not",
            does="scales it down, writes it as JPEG or PNG",
            source="copilot-upstream §2.1",
        ),
    )
)
"""What the server does about pictures before a request is translated."""

REPLAYS = by_name(
    (
        Fault(
            name="token-renewed",
            when="401, or a 403 that may come of a stale token",
            does="sends the same once more with a new token",
            source="copilot-upstream §8",
        ),
        Fault(
            name="connection-awaited",
            when="no connection to Copilot comes about",
            does="tries again a moment later, twice",
            source="copilot-upstream §8.1",
        ),
        Fault(
            name="connection-replayed",
            when="the connection is lost before the first byte of the answer",
            does="sends the same once more",
            source="copilot-upstream §8.1",
        ),
        Fault(
            name="hiccup-replayed",
            when="400 with nothing in it, 408, 409 or 421",
            does="sends the same once more",
            source="copilot-upstream §8",
        ),
        Fault(
            name="failure-replayed",
            when="500, 502 or 504 that names no time to wait",
            does="sends the same once more, a moment later",
            source="users.md row 5",
        ),
    )
)
"""What the client of Copilot does by itself."""

WORDINGS = by_name(
    (
        Fault(
            name="overflow-worded",
            when="the prompt is too long, and a Messages client is to hear of it",
            does="says it in the words at which Claude Code compacts",
            source="users.md row 6",
        ),
    )
)
"""What is done in drawing an error (`dialects.messages.error`)."""


class _Described(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def when(self) -> str: ...
    @property
    def does(self) -> str: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One repair: of requests, of answers, or by sending again. `where` is an endpoint of Copilot's, "" is any of them."""

    name: str
    side: Side
    where: str
    when: str
    does: str
    source: str

    @property
    def facts(self) -> Json:
        """The row as JSON."""
        told = {"name": self.name, "side": self.side, "endpoint": self.where}
        return told | {"when": self.when, "does": self.does, "source": self.source}


def _rows(side: Side, where: str, faults: Iterable[_Described]) -> Iterator[Row]:
    for fault in faults:
        yield Row(name=fault.name, side=side, where=where, when=fault.when, does=fault.does, source=fault.source)


ROWS: tuple[Row, ...] = (
    *_rows("request", "", PICTURES.values()),
    *(row for endpoint, table in REQUESTS.items() for row in _rows("request", endpoint, table)),
    *_rows("request", "/v1/messages", BETAS.values()),
    *_rows("answer", "/chat/completions", CHAT_ANSWERS.values()),
    *_rows("answer", "/v1/messages", MESSAGES_ANSWERS.values()),
    *_rows("answer", "/responses", RESPONSES_ANSWERS.values()),
    *_rows("answer", "", WORDINGS.values()),
    *_rows("retry", "", REPLAYS.values()),
    *_rows("retry", "", RETRIES),
)
