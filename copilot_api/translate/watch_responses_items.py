"""Output items of /responses as a client can keep them: one id each, encrypted text that comes back, free text unwrapped.

Source: copilot-upstream §4.3. Copilot names an item anew in every event and binds what it encrypts to one of these names.
"""

from collections.abc import Iterable

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Stamp
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import number, obj, string
from copilot_api.dialects.responses_items import item_id
from copilot_api.translate import free_text
from copilot_api.translate.carrier import PREFIX
from copilot_api.translate.repair import Fired, without
from copilot_api.translate.repair_responses_names import CALLS, Places, with_call
from copilot_api.translate.sealed import seal

_ENCRYPTED = frozenset({"reasoning", "compaction"})
_ARGUMENTS = "response.function_call_arguments."
_INPUT = "response.custom_tool_call_input."


class OwnItems:
    """The items of one answer by output index. `fired` takes the names of what was mended.

    `freed` are namespace and name of the tools whose input is free text for the client, and perhaps wrapped for the model;
    `tool_names` leads from namespace and name as they were sent up to the client's own.
    """

    def __init__(self, stamp: Stamp, model: Model, freed: frozenset[tuple[str, str]], tool_names: Places, fired: Fired) -> None:
        self._stamp = stamp
        self._model = model
        self._freed = freed
        self._tool_names = tool_names
        self._fired = fired
        self._ids: dict[int, str] = {}
        self._seals: dict[int, tuple[str, str]] = {}
        self._finished: dict[int, Json] = {}
        self._wrapped: set[int] = set()
        self._told: set[int] = set()
        self._called: dict[int, str] = {}

    @property
    def finished(self) -> list[Json]:
        """The items that are complete so far, as the client knows them."""
        return [self._finished[at] for at in sorted(self._finished)]

    def feed(self, kind: str, event: Json) -> Iterable[Json]:
        """The client's events for an event about an item; the same object where nothing was changed."""
        at = number(event.get("output_index"))
        if kind == "response.output_item.added":
            after = self.item(at, obj(event.get("item")))
            return (_with(event, "item", after | {"input": ""} if at in self._wrapped else after),)
        if kind == "response.output_item.done":
            after = self._finished[at] = self.item(at, obj(event.get("item")))
            told = self._tell(at, string(after.get("input"))) if at in self._wrapped else ()
            return (*told, _with(event, "item", after))
        if at in self._wrapped and kind.startswith(_ARGUMENTS):
            is_whole = kind.endswith(".done")
            return self._tell(at, free_text.unwrapped(string(event.get("arguments")))) if is_whole else ()
        if "item_id" in event:
            return (self._named(self._told_of(at, event), "item_id", self._id(at)),)
        return (event,)

    def whole(self, output: list[Json]) -> list[Json]:
        """The output of the whole answer."""
        places = sorted(self._ids) if len(self._ids) == len(output) else range(len(output))
        return [self.item(at, item) for at, item in zip(places, output, strict=True)]

    def item(self, at: int, item: Json) -> Json:
        """One item, which may be not complete yet; itself if nothing was changed."""
        encrypted = string(item.get("encrypted_content"))
        after = self._with_own_name(at, item) if self._tool_names else item
        if self._is_freed(after) and self._fired.by("free-text-unwrapped"):
            self._wrapped.add(at)
            text = free_text.unwrapped(string(item.get("arguments")))
            after = without(after, "arguments") | {"type": "custom_tool_call", "input": text}
        is_bare = encrypted and not encrypted.startswith(PREFIX) and string(item.get("type")) in _ENCRYPTED
        if is_bare and self._fired.by("reasoning-sealed"):
            after = after | {"encrypted_content": self._sealed(at, string(item.get("id")), encrypted)}
        return self._named(after, "id", self._id(at, string(after.get("type"))))

    def _with_own_name(self, at: int, item: Json) -> Json:
        own = with_call(item, self._tool_names) if string(item.get("type")) in CALLS else item
        if own is item or not self._fired.by("tool-names-restored"):
            return item
        self._called[at] = string(own.get("name"))
        return own

    def _told_of(self, at: int, event: Json) -> Json:
        """The event with the name of its call, where it says one, as the call itself has it."""
        name = self._called.get(at)
        return event | {"name": name} if name and string(event.get("name")) not in {"", name} else event

    def _is_freed(self, item: Json) -> bool:
        return item.get("type") == "function_call" and (string(item.get("namespace")), string(item.get("name"))) in self._freed

    def _sealed(self, at: int, id_: str, encrypted: str) -> str:
        """The same seal for the same text: the id that stands beside it at the end is not the one it was written under."""
        text, sealed = self._seals.get(at, ("", ""))
        if text != encrypted:
            sealed = seal(id_, encrypted, self._model)
            self._seals[at] = (encrypted, sealed)
        return sealed

    def _id(self, at: int, kind: str = "") -> str:
        return self._ids.get(at) or self._ids.setdefault(at, item_id(kind, self._stamp.id, at))

    def _named(self, holder: Json, key: str, id_: str) -> Json:
        return holder if holder.get(key) == id_ or not self._fired.by("ids-steadied") else holder | {key: id_}

    def _tell(self, at: int, text: str) -> tuple[Json, ...]:
        """The input of a free-text tool, which can be read only when all of it is there."""
        if at in self._told:
            return ()
        self._told.add(at)
        place = {"item_id": self._ids[at], "output_index": at}
        return {"type": f"{_INPUT}delta", **place, "delta": text}, {"type": f"{_INPUT}done", **place, "input": text}


def _with(event: Json, key: str, value: Json) -> Json:
    return event if value is event.get(key) else event | {key: value}
