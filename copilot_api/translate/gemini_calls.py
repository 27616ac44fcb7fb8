"""Which call of a Gemini conversation a response answers: its clients often name no ids, the other dialects demand them."""


class CallIds:
    """The ids of a conversation's function calls: the client's own, or ones that the same conversation always gets again."""

    def __init__(self) -> None:
        self._made = 0
        self._waiting: list[tuple[str, str]] = []  # name, id

    def begin(self) -> None:
        """The model speaks anew: a call that was not answered until now never will be."""
        self._waiting.clear()

    def call(self, name: str, id_: str) -> str:
        """The id for a call of `name`, which the client knows by `id_`, or "" by none."""
        self._made += 1
        id_ = id_ or f"gemini_call_{self._made}"
        self._waiting.append((name, id_))
        return id_

    def answer(self, name: str, id_: str) -> str:
        """The id of the call that a response answers: the one it names, or else the first of its function that waits.

        Of no call, where there is none.
        """
        found = next((call for call in self._waiting if call[1] == id_), None)
        found = found or next((call for call in self._waiting if call[0] == name), None)
        if found is None:
            return id_ or name
        self._waiting.remove(found)
        return found[1]
