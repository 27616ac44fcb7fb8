"""What /responses refuses in the conversation: pairs of calls and outputs, ids, and content that is encrypted.

Source: copilot-upstream.md §4.2 and §4.3.
"""

from collections.abc import Mapping
from types import MappingProxyType

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import blobs
from copilot_api.sandbox.blobs import Kind
from copilot_api.sandbox.connection import Connection
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict.responses_items import kind_of

ID_LIMIT = 64

# How an id begins that Copilot did not give out; outputs may be called anything.
_PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "message": "msg",
        "reasoning": "rs",
        "function_call": "fc",
        "custom_tool_call": "ctc",
        "compaction": "cmp",
        "tool_search_call": "tsc",
        "web_search_call": "ws",
    }
)
_PAIRS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "function_call_output": ("function_call", "function call"),
        "custom_tool_call_output": ("custom_tool_call", "custom tool call"),
        "tool_search_output": ("tool_search_call", "tool search call"),
    }
)
_SEALED: Mapping[str, Kind] = MappingProxyType({"reasoning": "reasoning", "compaction": "compaction"})


def check(items: list[Json], connection: Connection) -> None:
    """Raises Refusal for the first rule broken."""
    for i, item in enumerate(items):
        kind = kind_of(item)
        if kind == "compaction_trigger" and i != len(items) - 1:
            raise Refusal("Invalid 'input': a 'compaction_trigger' item must be the last one.")
        _check_id(item, kind, i, connection)
        if kind == "reasoning" and not item.get("encrypted_content"):
            if not item.get("id"):
                raise Refusal(f"Missing required parameter: 'input[{i}].encrypted_content'.")
            raise Refusal(
                f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false. "
                "Try again with `store` set to true, or remove this item from your input."
            )
    _check_pairs(items)


def check_seals(items: list[Json], model: Model) -> None:
    """Raises Refusal for encrypted content that is not this family's, or is not the item's that brings it."""
    family = model.family or model.id
    for item in items:
        kind = _SEALED.get(kind_of(item))
        if kind is None:
            continue
        sealed, id_ = item["encrypted_content"], item.get("id")
        if blobs.family_of(sealed, kind) != family:
            raise Refusal(
                f"The encrypted content {sealed[:4]}...{sealed[-4:]} could not be verified. "
                "Reason: Encrypted content could not be decrypted or parsed."
            )
        if id_ and not blobs.belongs(sealed, id_):
            raise Refusal(
                f"The encrypted content for item {id_} could not be verified. "
                "Reason: Encrypted content item_id did not match the target item id."
            )


def _check_id(item: Json, kind: str, i: int, connection: Connection) -> None:
    id_ = item.get("id")
    if not id_:
        return
    named = blobs.read(id_)
    if named is not None:
        if kind not in _SEALED and not connection.owns(named):
            raise Refusal("input item ID does not belong to this connection")
        return
    if kind == "item_reference":
        raise Refusal("input item ID does not belong to this connection")
    if not id_.startswith(_PREFIXES.get(kind, "")):
        raise Refusal(f"Invalid 'input[{i}].id': '{id_}'. Expected an ID that begins with '{_PREFIXES[kind]}'.")
    if len(id_) > ID_LIMIT:
        raise Refusal(
            f"Invalid 'input[{i}].id': string too long. Expected a string with maximum length {ID_LIMIT}, "
            f"but got a string with length {len(id_)} instead."
        )


def _check_pairs(items: list[Json]) -> None:
    """Every call has an output after it, and every output a call before it."""
    calls: dict[tuple[str, str], str] = {}
    for item in items:
        kind, call_id = kind_of(item), item.get("call_id")
        if call_id is None:
            continue
        if kind not in _PAIRS:
            calls.setdefault((kind, call_id), "open")
            continue
        wanted, words = _PAIRS[kind]
        if (wanted, call_id) not in calls:
            raise Refusal(f"No tool call found for {words} output with call_id {call_id}.")
        calls[wanted, call_id] = "answered"
    words_of = dict(_PAIRS.values())
    for (kind, call_id), state in calls.items():
        if state == "open":
            raise Refusal(f"No tool output found for {words_of[kind]} {call_id}.")
