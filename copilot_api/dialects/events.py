"""The hub: an answer as a short list of events, the same for every dialect.

Order, which every decoder keeps and every encoder may rely on: `Opened` first; then `Thought`, `Text`, `Refused`,
`ToolOpened` and `ToolInput` as they come; `Counted` any number of times, the last one holds; at the very end one `Closed`
or one `Failed`. A `ToolInput` follows the `ToolOpened` of its index; inputs of different tools may interleave.

None of them changes once it is made. Those that come by the thousand have final fields, which mypy watches, instead of being
frozen: a frozen one takes three times as long to make (0.7 µs against 0.2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from copilot_api.errors import CopilotApiError

Reason = Literal["stop", "stop_sequence", "tool_use", "length", "context_window", "pause", "refusal"]
"""Why an answer ended. `refusal` is the model's or a content filter's; `pause` asks the client to send the turn again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Upstream began to answer. `id` and `model` are upstream's own, or ""."""

    id: str = ""
    model: str = ""


@dataclass(slots=True, kw_only=True)
class Text:
    """A piece of visible answer. Pieces of one `part` belong to one block."""

    text: Final[str]
    part: Final[int] = 0


@dataclass(slots=True, kw_only=True)
class Thought:
    """A piece of reasoning: text to show, or the `signature` that seals a part, or a `redacted` block as a whole."""

    text: Final[str] = ""
    signature: Final[str] = ""
    redacted: Final[str] = ""
    part: Final[int] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A piece of the model's own words of refusal, where the dialect keeps them apart."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOpened:
    """The model calls a tool. `index` numbers the calls of this answer from 0, in order of appearance.

    A `custom` tool takes free text: what its `ToolInput` events hold is that text and not JSON. Only Responses clients group
    tools in a `namespace`; "" is none.
    """

    index: int
    id: str
    name: str
    custom: bool = False
    namespace: str = ""


@dataclass(slots=True, kw_only=True)
class ToolInput:
    """A piece of one call's arguments: JSON text, exactly as upstream wrote it."""

    index: Final[int]
    json: Final[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Tokens. `prompt` is everything that went in, `cached` and `cache_write` are parts of it; `reasoning` is part of `output`.

    `nano_aiu` is what Copilot says the answer cost, in billionths of an AI credit (0 where it does not say);
    `estimated` marks numbers that upstream did not send.
    """

    prompt: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    nano_aiu: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The answer is complete."""

    reason: Reason
    stop_sequence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The answer will not be completed."""

    problem: CopilotApiError


Event: TypeAlias = Opened | Text | Thought | Refused | ToolOpened | ToolInput | Counted | Closed | Failed
Events: TypeAlias = Iterable[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What an answer carries that pure code cannot make up: `id` suffix, `created` in unix seconds, `model` as asked for."""

    id: str
    created: int
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """All the proxy must know of a request before it is translated or passed on.

    `model` as the client named it; `initiator` and `why` are the honest answer to "did a human just speak?";
    `interaction` is a UUID that all requests of one user turn share, `purpose` the `X-Interaction-Type`;
    `has_images` asks Copilot for vision; `max_output` is the client's cap in tokens, if any.
    """

    model: str
    stream: bool
    initiator: Literal["user", "agent"]
    why: str
    interaction: str
    purpose: str = "conversation-agent"
    has_images: bool
    max_output: int | None = None
