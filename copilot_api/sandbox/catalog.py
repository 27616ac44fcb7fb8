"""The models the sandbox offers, read from a data file and changeable while it runs. Source: copilot-upstream.md §2."""

from pathlib import Path

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.models import Endpoint, Model, parse_list
from copilot_api.sandbox.replies import Refusal, Reply, json_reply, text_reply

MODELS_FILE = Path(__file__).with_name("models.json")


def load() -> list[Json]:
    """The catalog entries of the data file. Blocking."""
    entries: list[Json] = loads(MODELS_FILE.read_bytes())["data"]
    return entries


class Catalog:
    """`entries` is what `GET /models` lists; a test may change it at any time."""

    def __init__(self, entries: list[Json]) -> None:
        self.entries = entries

    def listing(self) -> Reply:
        """`GET /models`."""
        return json_reply({"data": self.entries, "object": "list"})

    def entry(self, model_id: str) -> Reply:
        """`GET /models/{id}`."""
        model = self.find(model_id)
        return json_reply(model.raw) if model else text_reply("model not found", status=404)

    def accept_terms(self, model_id: str, body: Json) -> Reply:
        """`POST /models/{id}/policy`: the person accepts a model's terms. What an organisation disabled stays disabled."""
        model = self.find(model_id)
        if model is None:
            return text_reply("model not found", status=404)
        policy = model.raw.get("policy", {"state": "enabled", "terms": ""})
        if policy["state"] == "disabled" or body.get("state") != "enabled":
            return text_reply("forbidden", status=403)
        state = policy | {"state": "enabled"}
        self.entries = [e | {"policy": state} if e.get("id") == model_id else e for e in self.entries]
        return json_reply(state)

    def find(self, model_id: object) -> Model | None:
        """The model of that id, exactly as spelt."""
        return parse_list({"data": self.entries}).get(str(model_id))

    def usable(self, model_id: object, endpoint: Endpoint) -> Model:
        """The model, if this account may use it at this endpoint. Raises Refusal."""
        model = self.find(model_id)
        if model is None:
            raise Refusal("The requested model is not supported.", code="model_not_supported", param="model", shape="error")
        if not model.enabled:
            raise Refusal(
                f"Access to the model {model.id} is not enabled for this account",
                status=403,
                code="model_not_allowed",
                shape="code",
            )
        if not model.speaks(endpoint):
            raise Refusal(
                f'model "{model.id}" is not accessible via the {endpoint} endpoint',
                code="unsupported_api_for_model",
                shape="error",
            )
        return model
