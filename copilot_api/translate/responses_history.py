"""A conversation as Responses takes it: whatever was said, as a list of items that no backend refuses.

Rules: translation.md §1.2 to §1.5 and §5. Every call has one output, and all outputs of an answer stand before anything else;
what an output cannot hold follows in a user message; reasoning is followed by what it led to; the last word is never the
assistant's. Items are sent without ids: Copilot's own belong to the connection that they came over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import notes
from copilot_api.translate.pairing import Calls
from copilot_api.translate.tool_answers import ToolAnswer, UserTurn, settle
from copilot_api.translate.tool_names import LONGEST_RESPONSES_ID


@dataclass(slots=True)
class _Assistant:
    items: list[Json]


class ResponsesHistory:
    """Takes a conversation turn by turn; `items` writes it down."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._turns: list[UserTurn | _Assistant] = []
        self._calls = Calls(longest_id=LONGEST_RESPONSES_ID)
        self._free_text: set[str] = set()
        self.has_prefill = False
        self.has_idle_thought = False

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything yet."""
        return not self._turns

    def instruct(self, text: str) -> None:
        """An instruction in mid-conversation."""
        self.user([instruction(text, self._model)])

    def user(self, parts: Sequence[Json], *, answers: Sequence[ToolAnswer] = ()) -> None:
        """The user says `parts`, after tools have given `answers`. Nothing at all is no turn."""
        if not parts and not answers:
            return
        turn = UserTurn.last_of(self._turns)
        turn.answers.extend(answers)
        turn.parts.extend(parts)

    def assistant(self, items: Sequence[Json]) -> None:
        """The assistant puts out `items`, in which calls have the client's id. Reasoning that led to nothing is left out."""
        led = [at for at, item in enumerate(items, 1) if item["type"] != "reasoning"]
        kept = items[: max(led, default=0)]
        self.has_idle_thought = self.has_idle_thought or len(kept) < len(items)
        if kept:
            self._turns.append(_Assistant(list(kept)))

    def items(self) -> list[Json]:
        """The conversation as input items. To be asked for once."""
        written: list[Json] = []
        for turn in self._turns:
            written.extend(self._write_user(turn) if isinstance(turn, UserTurn) else map(self._write_output, turn.items))
        if self._turns and isinstance(self._turns[-1], _Assistant):
            unanswered = list(self._write_unanswered())
            self.has_prefill = not unanswered
            written.extend(unanswered or [_message("user", [_text(notes.CONTINUE)])])
        return written

    def _write_output(self, item: Json) -> Json:
        if "call_id" not in item:
            return item
        sent = self._calls.open(item["call_id"])
        if item["type"] == "custom_tool_call":
            self._free_text.add(sent)
        return item | {"call_id": sent}

    def _write_user(self, turn: UserTurn) -> Iterator[Json]:
        settled = settle(turn.answers, self._calls, _text)
        for id_, answer in settled.answered:
            yield self._output(id_, answer.text)
        yield from self._write_unanswered()
        if settled.below:
            yield _message("user", settled.below)
        yield from _write_parts([*settled.orphans, *turn.parts])

    def _write_unanswered(self) -> Iterator[Json]:
        for id_ in self._calls.give_up():
            yield self._output(id_, notes.NO_RESULT)

    def _output(self, id_: str, text: str) -> Json:
        kind = "custom_tool_call_output" if id_ in self._free_text else "function_call_output"
        return {"type": kind, "call_id": id_, "output": text}


def instruction(text: str, model: Model) -> Json:
    """A message that instructs. Only OpenAI's own models are known to know the role `developer`."""
    return _message("developer" if model.is_openai else "system", [_text(text)])


def _write_parts(parts: list[Json]) -> Iterator[Json]:
    """User messages for the parts between instructions."""
    spoken: list[Json] = []
    for part in parts:
        if "role" not in part:
            spoken.append(part)
            continue
        if spoken:
            yield _message("user", spoken)
            spoken = []
        yield part
    if spoken:
        yield _message("user", spoken)


def _message(role: str, content: list[Json]) -> Json:
    return {"type": "message", "role": role, "content": content}


def _text(text: str) -> Json:
    return {"type": "input_text", "text": text}
