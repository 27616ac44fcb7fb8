"""The ids of a conversation's tool calls on their way through: each one legal, none twice, each result after its call."""

from collections.abc import Callable


class CallIds:
    """Takes calls and results in the order of the conversation, and says under which id to send each."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._waiting: list[tuple[str, str]] = []  # the client's id, the id sent up

    @property
    def count(self) -> int:
        """How many calls there were so far."""
        return len(self._used)

    def turn(self) -> None:
        """The assistant speaks again: results can only be for the calls to come."""
        self._waiting.clear()

    def open(self, id_: str, legal: Callable[[str], str]) -> str:
        """The id to send for a call that the client knows by `id_`; `legal` makes any text one that upstream takes."""
        plain = id_ or "call"
        sent = legal(plain)
        number = 1
        while sent in self._used:
            number += 1
            sent = legal(f"{plain}_{number}")
        self._used.add(sent)
        self._waiting.append((id_, sent))
        return sent

    def answer(self, id_: str) -> str:
        """The id to send for a result that the client gives for `id_`; the same where no call waits for it."""
        for waiting in self._waiting:
            if waiting[0] == id_:
                self._waiting.remove(waiting)
                return waiting[1]
        return id_
