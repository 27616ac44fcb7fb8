"""Models of the example catalog, by id."""

import json
from pathlib import Path

from copilot_api.dialects.models import Model, parse_list

_CATALOG = Path(__file__).parents[2] / "copilot_api" / "sandbox" / "models.json"
MODELS: dict[str, Model] = parse_list(json.loads(_CATALOG.read_text("utf-8")))


def model(id_: str) -> Model:
    """The model of that id."""
    return MODELS[id_]
