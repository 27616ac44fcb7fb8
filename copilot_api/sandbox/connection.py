"""The line on which a request to /responses came, and what was said on it before. Source: copilot-upstream.md §4.2 and §5."""

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import blobs
from copilot_api.sandbox.blobs import Named


class Connection:
    """A WebSocket, on which answers may be referred to by their ids; or one HTTP request, which knows of nothing before."""

    def __init__(self, name: str, *, is_socket: bool = False) -> None:
        self.name = name
        self.is_socket = is_socket
        self._turns: dict[int, list[Json]] = {}
        self._items: dict[tuple[int, int], Json] = {}

    def owns(self, named: Named) -> bool:
        """Whether this id was given out on this connection."""
        return self.is_socket and named.connection == self.name

    def earlier(self, response_id: object) -> list[Json] | None:
        """The conversation up to and with that response; None if it did not end on this connection."""
        named = blobs.read(response_id)
        if named is None or named.kind != "response" or not self.owns(named):
            return None
        return self._turns.get(named.response)

    def resolved(self, items: list[Json]) -> list[Json]:
        """The items, with each reference to one of an answer on this connection replaced by the item itself."""
        return [self._referred(item) if item.get("type") == "item_reference" else item for item in items]

    def _referred(self, reference: Json) -> Json:
        named = blobs.read(reference.get("id"))
        if named is None or not self.owns(named):
            return reference
        return self._items.get((named.response, named.index), reference)

    def remember(self, number: int, said: list[Json], answered: list[Json]) -> None:
        """Keeps a turn: the items that were sent, and those of response `number`, which go without their ids from now on."""
        kept = [{k: v for k, v in item.items() if k != "id"} for item in answered]
        self._items |= {(number, i): item for i, item in enumerate(kept)}
        readable = [item for item in kept if item["type"] != "reasoning" or item.get("encrypted_content")]
        self._turns[number] = [*said, *readable]
