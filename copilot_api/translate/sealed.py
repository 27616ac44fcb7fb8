"""Reasoning of `/responses` as a carrier: its encrypted text together with the item id it was written under.

Copilot's backends check an encrypted text against the id of its item, and the ids it streams are not those clients get to see.
Source: copilot-upstream §4.2.
"""

from copilot_api.dialects.codec import loads_text
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj, string
from copilot_api.dialects.responses_decoder import signature
from copilot_api.translate.carrier import family, pack, unpack


def seal(item_id: str, encrypted: str, model: Model) -> str:
    """Reasoning that `model` wrote, for a client to keep."""
    return pack(signature(item_id, encrypted), origin="r", family=family(model))


def unseal(text: object, model: Model) -> tuple[str, str] | None:
    """Item id and encrypted text of a carrier that models like `model` can read, None for anything else. Never raises."""
    packed = unpack(text, origin="r", family=family(model))
    if packed is None:
        return None
    try:
        held = obj(loads_text(packed))
    except ValueError:
        return None
    encrypted = string(held.get("e"))
    return (string(held.get("id")), encrypted) if encrypted else None
