"""A conversation as Anthropic Messages takes it: whatever was said, in an order that no backend refuses.

Rules: translation.md §1.2 to §1.5 and §5. Roles take turns, the user has the first word and the last; every call is answered
at the beginning of the next turn, in the order of the calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from copilot_api.dialects.codec import Json
from copilot_api.translate import caching, notes
from copilot_api.translate.pairing import Calls
from copilot_api.translate.tool_names import LONGEST_MESSAGES_ID


@dataclass(slots=True)
class _User:
    results: list[tuple[str, Json]] = field(default_factory=list)  # the client's id of the call, the rest of the block
    blocks: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class _Assistant:
    thought: Json = field(default_factory=dict)
    texts: list[Json] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)


class MessagesHistory:
    """Takes a conversation message by message; `messages` writes it down. Neighbours of one role become one turn."""

    def __init__(self) -> None:
        self._turns: list[_User | _Assistant] = []
        self._calls = Calls(longest_id=LONGEST_MESSAGES_ID)
        self.system: list[Json] = []
        self.has_prefill = False

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything yet."""
        return not self._turns

    @property
    def tools_called(self) -> list[str]:
        """The names, as sent, of all tools called so far."""
        return [call["name"] for turn in self._turns if isinstance(turn, _Assistant) for call in turn.calls]

    @property
    def has_thoughtless_call(self) -> bool:
        """Whether the newest answer calls tools and does not show the thinking before it."""
        newest = next((turn for turn in reversed(self._turns) if isinstance(turn, _Assistant)), _Assistant())
        return bool(newest.calls) and not newest.thought

    def instruct(self, text: str, *, marked: bool = False) -> None:
        """An instruction: part of the system prompt, or, once somebody has spoken, a reminder where it came."""
        if self.is_empty:
            self.system.append(_text(text) | caching.on_block(marked=marked))
        else:
            self.user([_text(notes.reminder(text)) | caching.on_block(marked=marked)])

    def user(self, blocks: Sequence[Json]) -> None:
        """The user says something. Nothing at all is no turn."""
        if blocks:
            self._user_turn().blocks.extend(blocks)

    def result(self, id_: str, block: Json) -> None:
        """A tool has answered the call that the client knows by `id_`; `block` lacks nothing but the id to send."""
        self._user_turn().results.append((id_, block))

    def assistant(self, texts: Sequence[Json], calls: Sequence[Json], *, thought: Json) -> None:
        """The assistant speaks and makes `calls`, each a tool_use block. A thought alone is no turn."""
        if not texts and not calls:
            return
        turn = self._turns[-1] if self._turns else None
        if not isinstance(turn, _Assistant):
            turn = _Assistant()
            self._turns.append(turn)
        # Where two answers become one, only the thinking that led to the newest calls may stay (VS Code does the same).
        if calls or not (turn.texts or turn.calls):
            turn.thought = thought
        elif not turn.calls:
            turn.thought = {}
        turn.texts.extend(texts)
        turn.calls.extend(calls)

    def messages(self) -> list[Json]:
        """The conversation as messages. To be asked for once."""
        written = [self._write_user(turn) if isinstance(turn, _User) else self._write_assistant(turn) for turn in self._turns]
        if self._turns and isinstance(self._turns[0], _Assistant):
            written.insert(0, _message("user", [_text(notes.BEGINNING)]))
        if self._turns and isinstance(self._turns[-1], _Assistant):
            unanswered = self._unanswered()
            self.has_prefill = not unanswered
            written.append(_message("user", unanswered or [_text(notes.CONTINUE)]))
        return written

    def _user_turn(self) -> _User:
        turn = self._turns[-1] if self._turns else None
        if not isinstance(turn, _User):
            turn = _User()
            self._turns.append(turn)
        return turn

    def _write_assistant(self, turn: _Assistant) -> Json:
        calls = [call | {"id": self._calls.open(call["id"])} for call in turn.calls]
        return _message("assistant", [*([turn.thought] if turn.thought else []), *turn.texts, *calls])

    def _write_user(self, turn: _User) -> Json:
        order = self._calls.waiting
        results: list[Json] = []
        orphans: list[Json] = []
        for id_, block in turn.results:
            sent = self._calls.answer(id_)
            if sent is None:
                orphans += _orphan(id_, block)
            else:
                results.append({"type": "tool_result", "tool_use_id": sent} | block)
        results += self._unanswered()
        results.sort(key=lambda result: order.index(result["tool_use_id"]))
        return _message("user", [*results, *orphans, *turn.blocks])

    def _unanswered(self) -> list[Json]:
        missing = {"type": "tool_result", "content": notes.NO_RESULT, "is_error": True}
        return [missing | {"tool_use_id": id_} for id_ in self._calls.give_up()]


def _orphan(id_: str, block: Json) -> list[Json]:
    """A result without a call, as the user's words: its text beside the note, its pictures after it."""
    content = block.get("content", "")
    blocks = [_text(content)] if isinstance(content, str) else content
    texts = [inner["text"] for inner in blocks if inner["type"] == "text"]
    return [_text(notes.orphan(id_, "\n\n".join(texts))), *(inner for inner in blocks if inner["type"] != "text")]


def _message(role: str, content: list[Json]) -> Json:
    return {"role": role, "content": content}


def _text(text: str) -> Json:
    return {"type": "text", "text": text}
