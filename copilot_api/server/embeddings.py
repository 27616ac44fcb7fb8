"""POST /v1/embeddings: what OpenAI's clients send, as Copilot takes it, and back.

Copilot takes lists of texts only and answers with numbers only; clients also send one text or token ids, and the official
Python client asks for base64 unless told otherwise. Sources: copilot-upstream.md §7, client-apis.md §4.
"""

import asyncio
import base64
import sys
from array import array
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from copilot_api.dialects.codec import Json, dumps, loads, loads_request
from copilot_api.dialects.events import Counted
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj, objs, string, whole_or_none
from copilot_api.errors import ClientMistake, UpstreamBroke
from copilot_api.log import request_id
from copilot_api.server.body import Intake, aside, read_body
from copilot_api.server.today import Use
from copilot_api.settings import Settings
from copilot_api.tokens import Counter
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import CopilotClient

BATCH = 256
"""Texts per request where the catalog does not say, as VS Code assumes."""


class Embeddings:
    """Serves embeddings: splits long lists, numbers the answers anew, adds up what was used."""

    def __init__(self, catalog: Catalog, client: CopilotClient, counter: Counter, use: Use, settings: Settings) -> None:
        self._catalog = catalog
        self._client = client
        self._counter = counter
        self._use = use
        self._intake = Intake.of(settings)

    async def create(self, request: web.Request) -> web.Response:
        """The handler. Raises ClientMistake, ModelUnknown, UpstreamProblem."""
        raw = await read_body(request, self._intake)
        body = await aside(len(raw), loads_request, raw)
        name = body.get("model")
        if not isinstance(name, str) or not name:
            raise ClientMistake("model: a model id is required", code="missing_required_parameter", param="model")
        as_base64 = _is_base64(body)
        model = await self._catalog.find(name, kind="embeddings")
        texts = await asyncio.to_thread(self._texts, body.get("input"), model)
        vectors: list[Any] = []
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        for batch in _batches(texts, model.max_inputs or BATCH):
            found, used = await self._embed(body, model, batch, as_base64=as_base64)
            vectors += found
            for key in usage:
                usage[key] += whole_or_none(used.get(key)) or 0
        self._use.note(Counted(prompt=usage["prompt_tokens"]))
        data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
        answer = {"object": "list", "data": data, "model": name, "usage": usage}
        # A vector is some 20 KB of JSON: a few dozen are worth a thread.
        drawn = await aside(len(data) * 20_000, dumps, answer)
        return web.Response(body=drawn, content_type="application/json")

    async def _embed(self, body: Json, model: Model, batch: list[str], *, as_base64: bool) -> tuple[list[Any], Json]:
        out: Json = {"model": model.id, "input": batch}
        if "dimensions" in body:
            out["dimensions"] = body["dimensions"]
        answer = await self._client.send("/embeddings", dumps(out), request_id=request_id.get(), intent="copilot-panel")
        try:
            raw = await answer.read()
        finally:
            answer.close()
        return await aside(len(raw), _vectors, raw, len(batch), as_base64=as_base64)

    def _texts(self, given: Any, model: Model) -> list[str]:
        """The input as texts: a text, texts, token ids, or lists of token ids."""
        if isinstance(given, str):
            given = [given]
        elif _are_tokens(given):
            given = [self._counter.decode(given, model.tokenizer)]
        if not isinstance(given, list) or not given:
            raise ClientMistake("input: a text or a list of texts is required", param="input")
        texts = [self._counter.decode(one, model.tokenizer) if _are_tokens(one) else one for one in given]
        if not all(isinstance(text, str) and text for text in texts):
            raise ClientMistake("input: every entry must be a text that is not empty, or a list of token ids", param="input")
        return texts


def _are_tokens(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(n, int) and not isinstance(n, bool) for n in value)


def _is_base64(body: Json) -> bool:
    encoding = body.get("encoding_format") or "float"
    if string(encoding) not in {"float", "base64"}:
        raise ClientMistake("encoding_format must be float or base64", param="encoding_format")
    return bool(encoding == "base64")


def _batches(texts: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


def _vectors(raw: bytes, count: int, *, as_base64: bool) -> tuple[list[Any], Json]:
    """The vectors of one answer in the order of the texts, and its usage. Raises UpstreamBroke."""
    try:
        answer = obj(loads(raw))
        entries = sorted(objs(answer.get("data")), key=lambda entry: int(entry.get("index", 0)))
        vectors = [entry["embedding"] for entry in entries]
        if len(vectors) != count:
            raise UpstreamBroke(f"Copilot answered with {len(vectors)} vectors for {count} texts")
        return [_base64(vector) for vector in vectors] if as_base64 else vectors, obj(answer.get("usage"))
    except (ValueError, KeyError, TypeError) as error:
        raise UpstreamBroke("Copilot's answer holds no embeddings") from error


def _base64(vector: list[float]) -> str:
    """Little-endian 32-bit floats, as OpenAI's clients read them."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
