"""`POST /embeddings`: vectors that are the same for the same text, and nothing more. Source: copilot-upstream.md §7."""

import hashlib
import math

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import estimate
from copilot_api.sandbox.replies import Refusal, Reply, json_reply
from copilot_api.sandbox.strict import structure

DIMENSIONS = 1536
TOKENS_PER_INPUT = 8191


def reply(body: Json, model: Model) -> Reply:
    """The vectors, without the `object` of OpenAI's list. Raises Refusal."""
    inputs = body.get("input")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(text, str) and text for text in inputs):
        raise Refusal("input must be a non-empty array of non-empty strings", param="input")
    if model.max_inputs is not None and len(inputs) > model.max_inputs:
        raise Refusal(f"too many inputs: {len(inputs)} exceeds the limit of {model.max_inputs}", param="input")
    if any(estimate.tokens(text) > TOKENS_PER_INPUT for text in inputs):
        raise Refusal(f"an input exceeds the limit of {TOKENS_PER_INPUT} tokens", param="input")
    if body.get("encoding_format", "float") != "float":
        raise Refusal("encoding_format must be float", param="encoding_format")
    wanted = int(structure.number(body, "dimensions", low=1, high=DIMENSIONS) or 0)
    if wanted and not model.raw["capabilities"]["supports"].get("dimensions"):
        raise Refusal("dimensions is not supported by this model", param="dimensions")
    count = sum(estimate.tokens(text) for text in inputs)
    data = [
        {"object": "embedding", "index": i, "embedding": vector(text, wanted or DIMENSIONS)} for i, text in enumerate(inputs)
    ]
    return json_reply({"data": data, "usage": {"prompt_tokens": count, "total_tokens": count}, "model": model.id})


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector made of the text's digest."""
    digest = hashlib.shake_256(text.encode("utf-8", "surrogatepass")).digest(dimensions)
    values = [byte / 127.5 - 1 for byte in digest]
    length = math.sqrt(sum(v * v for v in values)) or 1.0
    return [round(v / length, 6) for v in values]
