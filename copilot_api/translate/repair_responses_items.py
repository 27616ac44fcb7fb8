"""Items of the input of a request to /responses as Copilot takes them. Source: copilot-upstream §4.2, §4.3."""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import string
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier
from copilot_api.translate.repair import Target, each, without
from copilot_api.translate.sealed import unseal

# What tools that another provider ran left in the conversation, and what clients ran that cannot be offered here.
_HOSTED = frozenset(
    {
        "code_interpreter_call",
        "computer_call",
        "computer_call_output",
        "file_search_call",
        "image_generation_call",
        "local_shell_call",
        "local_shell_call_output",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "mcp_list_tools",
        "web_search_call",
    }
)
_SEALED = frozenset({"reasoning", "compaction"})


def references(body: Json, _target: Target) -> Json:
    """A reference to an item that is not in the request leads nowhere: Copilot stores nothing."""
    for item in body["input"] if isinstance(body.get("input"), list) else ():
        if isinstance(item, dict) and item.get("type") == "item_reference":
            raise ClientMistake(
                f"input: there is no stored item {string(item.get('id'))[:100]!r}",
                hint="send the item itself, which clients do when they are set to store nothing",
                param="input",
            )
    return body


def hosted(body: Json, target: Target) -> Json:
    """Calls that nobody here can make are left out of the history."""
    kept = {"web_search_call"} if target.web_search else set()
    return each(body, "input", lambda item: None if string(item.get("type")) in _HOSTED - kept else item)


def reasoning(body: Json, target: Target) -> Json:
    """Reasoning goes back under the id it was written under, to the models that wrote it; any other is left out.

    Upstream's own ids never begin like OpenAI's: one that does comes from elsewhere, and so does what it encrypts.
    """
    return each(body, "input", lambda item: _own_reasoning(item, target.model) if item.get("type") == "reasoning" else item)


def _own_reasoning(item: Json, model: Model) -> Json | None:
    encrypted = string(item.get("encrypted_content"))
    if not encrypted.startswith(carrier.PREFIX):
        return item if encrypted and not string(item.get("id")).startswith("rs_") else None
    unsealed = unseal(encrypted, model)
    if unsealed is None:
        return None
    summary = item.get("summary")
    return _restored("reasoning", unsealed) | {"summary": summary if isinstance(summary, list) else []}


def compaction(body: Json, target: Target) -> Json:
    """Of several summaries the newest holds all, and goes back under its own id. Raises ClientMistake for another model's."""
    items = body.get("input")
    if not isinstance(items, list):
        return body
    places = [at for at, item in enumerate(items) if isinstance(item, dict) and item.get("type") == "compaction"]
    if not places:
        return body
    newest = _own_compaction(items[places[-1]], target.model)
    if newest is items[places[-1]] and len(places) == 1:
        return body
    kept = [newest if at == places[-1] else item for at, item in enumerate(items) if at not in places[:-1]]
    return body | {"input": kept}


def _own_compaction(item: Json, model: Model) -> Json:
    encrypted = string(item.get("encrypted_content"))
    if not encrypted.startswith(carrier.PREFIX):
        return item
    unsealed = unseal(encrypted, model)
    if unsealed is None:
        raise ClientMistake(
            f"input: {model.id} cannot read a conversation that another model has compacted",
            hint="go on with the model that compacted it, or start a new conversation",
            param="input",
        )
    return _restored("compaction", unsealed)


def _restored(kind: str, unsealed: tuple[str, str]) -> Json:
    id_, encrypted = unsealed
    return {"type": kind} | ({"id": id_} if id_ else {}) | {"encrypted_content": encrypted}


def ids(body: Json, _target: Target) -> Json:
    """Ids of items are the client's or ours, and upstream refuses both; only what is encrypted is bound to one."""
    return each(body, "input", lambda item: item if string(item.get("type")) in _SEALED else without(item, "id"))


def parsed(body: Json, _target: Target) -> Json:
    """The SDKs note in an answer what they read out of it, and send that back with the rest: upstream refuses to know it."""
    return each(body, "input", lambda item: each(without(item, "parsed_arguments"), "content", _unparsed))


def _unparsed(part: Json) -> Json:
    return without(part, "parsed")
