"""What tools gave back, for endpoints whose tool results are nothing but text. Rules: translation.md §1.5."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.translate import caching, notes
from copilot_api.translate.pairing import Calls
from copilot_api.translate.writer import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """What a tool gave back: `id` is the client's id of the call, `pictures` are the parts that a text cannot hold."""

    id: str
    text: str
    pictures: list[Json] = field(default_factory=list)
    marked: bool = False

    @staticmethod
    def of(result: Result, *, blank: str) -> "ToolAnswer":
        """The texts of a result in one, an error named as such; `blank` stands for no text at all."""
        parts, marked = caching.without_marks(result.parts)
        texts = [part["text"] for part in parts if "text" in part]
        pictures = [part for part in parts if "text" not in part]
        text = "\n\n".join(texts) or (notes.IMAGE_BELOW if pictures else blank)
        if result.is_error and not text.lower().startswith("error"):
            text = f"Error: {text or notes.NO_OUTPUT}"
        return ToolAnswer(id=result.id, text=text, pictures=pictures, marked=marked or result.marked)


@dataclass(slots=True)
class UserTurn:
    """What stands between two answers of the assistant. `parts` are parts of messages, and whole messages with instructions."""

    answers: list[ToolAnswer] = field(default_factory=list)
    parts: list[Json] = field(default_factory=list)
    marked: bool = False

    @staticmethod
    def last_of(turns: list[Any]) -> "UserTurn":
        """The last of `turns`, to which one of the user's is added where the assistant had the last word."""
        if not turns or not isinstance(turns[-1], UserTurn):
            turns.append(UserTurn())
        turn: UserTurn = turns[-1]
        return turn


@dataclass(slots=True)
class Settled:
    """What became of the answers of one turn.

    `answered` have the id to send; `below` belongs after all of them, because a tool result could not hold it; `orphans`
    stand for the answers that no call waited for.
    """

    answered: list[tuple[str, ToolAnswer]] = field(default_factory=list)
    below: list[Json] = field(default_factory=list)
    orphans: list[Json] = field(default_factory=list)


def settle(answers: Sequence[ToolAnswer], calls: Calls, text: Callable[[str], Json]) -> Settled:
    """Finds the call of each answer; `text` makes a part that says something."""
    settled = Settled()
    for answer in answers:
        sent = calls.answer(answer.id)
        if sent is None:
            settled.orphans += [text(notes.orphan(answer.id, answer.text)), *answer.pictures]
            continue
        settled.answered.append((sent, answer))
        if answer.pictures:
            settled.below += [text(notes.attached(sent)), *answer.pictures]
    return settled
