"""A conversation as Chat Completions takes it: whatever was said, in an order that no backend refuses.

Rules: translation.md §1.3 to §1.5 and §5. Tool messages stand directly after the call they answer, every call has one, pictures
of a tool follow in a user message, and the last word is never the assistant's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import caching, images, notes
from copilot_api.translate.pairing import Calls
from copilot_api.translate.tool_answers import ToolAnswer, UserTurn, settle
from copilot_api.translate.tool_names import LONGEST_CHAT_ID


@dataclass(slots=True)
class _Assistant:
    texts: list[str] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    thought: Json = field(default_factory=dict)
    marked: bool = False


class ChatHistory:
    """Takes a conversation turn by turn; `messages` writes it down. Neighbours of one role become one turn."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._turns: list[UserTurn | _Assistant] = []
        self._calls = Calls(longest_id=LONGEST_CHAT_ID)
        self.has_prefill = False
        self.has_too_many_pictures = False

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything yet."""
        return not self._turns

    @property
    def tools_called(self) -> list[str]:
        """The names, as sent, of all tools called so far."""
        return [call["function"]["name"] for turn in self._turns if isinstance(turn, _Assistant) for call in turn.calls]

    @property
    def has_thoughtless_call(self) -> bool:
        """Whether the newest answer calls tools and does not show the thinking before it."""
        newest = next((turn for turn in reversed(self._turns) if isinstance(turn, _Assistant)), _Assistant())
        return bool(newest.calls) and not newest.thought

    def user(self, parts: Sequence[Json], *, answers: Sequence[ToolAnswer] = (), marked: bool = False) -> None:
        """The user says `parts`, after tools have given `answers`. Nothing at all is no turn."""
        if not parts and not answers:
            return
        turn = UserTurn.last_of(self._turns)
        turn.answers.extend(answers)
        turn.parts.extend(parts)
        turn.marked = turn.marked or marked

    def instruct(self, text: str, *, marked: bool = False) -> None:
        """An instruction in mid-conversation."""
        if self._model.is_openai:  # keeps a system message where it stands; what other backends do with one is not known
            self.user([{"role": "system", "content": text}], marked=marked)
        else:
            self.user([_text(notes.reminder(text))], marked=marked)

    def assistant(self, text: str, calls: Sequence[Json], *, thought: Json, marked: bool = False) -> None:
        """The assistant says `text` and makes `calls`, each a chat tool call. A thought alone is no turn."""
        if not text and not calls:
            return
        turn = self._turns[-1] if self._turns else None
        if not isinstance(turn, _Assistant):
            turn = _Assistant()
            self._turns.append(turn)
        turn.texts.append(text)
        turn.calls.extend(calls)
        turn.thought = turn.thought or thought
        turn.marked = turn.marked or marked

    def messages(self) -> list[Json]:
        """The conversation as chat messages. To be asked for once."""
        written: list[Json] = []
        for turn in self._turns:
            written.extend(self._write_user(turn) if isinstance(turn, UserTurn) else [self._write_assistant(turn)])
        if self._turns and isinstance(self._turns[-1], _Assistant):
            unanswered = list(self._write_unanswered())
            self.has_prefill = not unanswered
            written.extend(unanswered or [{"role": "user", "content": notes.CONTINUE}])
        lists = [message["content"] for message in written if isinstance(message["content"], list)]
        self.has_too_many_pictures = images.omit_oldest(lists, most=images.limit(self._model))
        return written

    def _write_assistant(self, turn: _Assistant) -> Json:
        calls = [call | {"id": self._calls.open(call["id"])} for call in turn.calls]
        message: Json = {"role": "assistant", "content": "".join(turn.texts) or None}
        message |= turn.thought
        message |= {"tool_calls": calls} if calls else {}
        return message | caching.on_message(marked=turn.marked)

    def _write_user(self, turn: UserTurn) -> Iterator[Json]:
        settled = settle(turn.answers, self._calls, _text)
        for id_, answer in settled.answered:
            yield {"role": "tool", "tool_call_id": id_, "content": answer.text} | caching.on_message(marked=answer.marked)
        yield from self._write_unanswered()
        if settled.below:
            yield {"role": "user", "content": settled.below}
        yield from _write_parts([*settled.orphans, *turn.parts], marked=turn.marked)

    def _write_unanswered(self) -> Iterator[Json]:
        for id_ in self._calls.give_up():
            yield {"role": "tool", "tool_call_id": id_, "content": notes.NO_RESULT}


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _write_parts(parts: list[Json], *, marked: bool) -> Iterator[Json]:
    """User messages for the parts between system messages; the mark goes to the last message."""
    messages: list[Json] = []
    for part in parts:
        if "role" in part:
            messages.append(dict(part))
        elif messages and messages[-1]["role"] == "user":
            messages[-1]["content"].append(part)
        else:
            messages.append({"role": "user", "content": [part]})
    for message in messages:
        content = message["content"]
        if isinstance(content, list) and len(content) == 1 and content[0]["type"] == "text":
            message["content"] = content[0]["text"]  # what every backend understands
    if messages:
        messages[-1] |= caching.on_message(marked=marked)
    yield from messages
