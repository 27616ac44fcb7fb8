"""Which tool call a result answers. Upstream refuses a conversation in which one of the two is missing."""

from copilot_api.translate.tool_names import legal_id


class Calls:
    """The tool calls of a conversation, in order. Gives each an id that upstream accepts and no other call has.

    Clients reuse ids, and hand back results twice, late, or never; each such case ends here in one of three answers.
    """

    def __init__(self, *, longest_id: int) -> None:
        self._longest_id = longest_id
        self._used: set[str] = set()
        self._waiting: list[tuple[str, str]] = []  # the client's id, the id sent up

    @property
    def waiting(self) -> list[str]:
        """The ids, as sent, of the calls without an answer, in call order."""
        return [sent for _, sent in self._waiting]

    def open(self, id_: str) -> str:
        """A call is made under `id_`; returns the id to send."""
        sent = legal_id(id_, longest=self._longest_id)
        number = 1
        while sent in self._used:
            number += 1
            sent = legal_id(f"{id_}_{number}", longest=self._longest_id)
        self._used.add(sent)
        self._waiting.append((id_, sent))
        return sent

    def answer(self, id_: str) -> str | None:
        """A result comes for `id_`; returns the id to send, or None when no call waits for it."""
        for waiting in self._waiting:
            if waiting[0] == id_:
                self._waiting.remove(waiting)
                return waiting[1]
        return None

    def give_up(self) -> list[str]:
        """The ids of the calls that nobody answered, which wait no longer."""
        forgotten = self.waiting
        self._waiting.clear()
        return forgotten
