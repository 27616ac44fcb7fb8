"""An answer as Copilot writes it on /responses: its events, or the whole of it. Source: copilot-upstream.md §4.3 and §4.4."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from copilot_api.dialects import sse
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import blobs, pieces, responses_items
from copilot_api.sandbox.blobs import Kind, Named
from copilot_api.sandbox.replies import Frame
from copilot_api.sandbox.responses_items import Item
from copilot_api.sandbox.script import Answer
from copilot_api.sandbox.traits import Traits

TERMINAL = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "error")

STATUSES = {"length": "incomplete", "context_window": "incomplete", "refusal": "incomplete", "failed": "failed"}

_FAILURE = "Internal server error"
_BLOCKED = {
    "source_type": "completion",
    "blocked": True,
    "content_filter_raw": [{"action": "BLOCK", "label": "TextCopyright", "result": True}],
    "content_filter_results": {"protected_material_text": {"filtered": True, "detected": True}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the wire needs beside the answer. `number` counts answers, `connection` names the one it goes out on; `request`
    is the body it answers. `seals`: reasoning is encrypted; `summarises`: it has a summary. `quota` rides on a WebSocket.
    """

    number: int
    created: int
    model: str
    family: str
    traits: Traits
    usage: Counted
    connection: str
    request: Json
    seals: bool = True
    summarises: bool = False
    quota: Json = field(default_factory=dict)


def whole(answer: Answer, facts: Facts) -> Json:
    """The JSON answer. Here an item has one id."""
    writer = _Writer(answer, facts)
    body = writer.response(_status(answer), [writer.finished(i) for i in range(len(writer.items))])
    return body | {"output_text": None, "copilot_usage": copilot_usage(facts.usage)}


def frames(answer: Answer, facts: Facts) -> Iterator[Frame]:
    """The stream, event by event."""
    for event in events(answer, facts):
        yield Frame(data=sse.encode(dumps(event), event["type"]), closing=event["type"] in TERMINAL)
    if facts.traits.stray_done:
        yield Frame(data=b"data: [DONE]\n\n", closing=True)


def events(answer: Answer, facts: Facts) -> Iterator[Json]:
    """The events in their order, which are the messages of a WebSocket."""
    for number, event in enumerate(_Writer(answer, facts).events()):
        yield {"type": event["type"], "sequence_number": number} | event


def copilot_usage(counted: Counted) -> Json:
    """What an answer cost, as Copilot reports it here."""
    return {"total_nano_aiu": counted.nano_aiu}


def _status(answer: Answer) -> str:
    return STATUSES.get(answer.finish, "completed")


class _Writer:
    """One answer being written; counts the names it gives, because each is used once."""

    def __init__(self, answer: Answer, facts: Facts) -> None:
        self.items: list[Item] = responses_items.of(answer, facts.number, facts.traits, summarises=facts.summarises)
        self._answer = answer
        self._facts = facts
        self._named = 0

    def events(self) -> Iterator[Json]:
        yield {"type": "response.created", "response": self.response("in_progress", [])}
        yield {"type": "response.in_progress", "response": self.response("in_progress", [])}
        done: list[Json] = []
        for group in self._groups():
            opened = [self._opened(i) for i in group]
            yield from opened
            yield from self._by_turns([list(self._inside(i)) for i in group])
            for i in group:
                yield from self._closed(i)
                done.append(self.finished(i))
                yield {"type": "response.output_item.done", "output_index": i, "item": done[-1]}
        status = _status(self._answer)
        output = [item | {"id": self._id(self.items[i].kind, i)} for i, item in enumerate(done)]
        last: Json = {"type": f"response.{status}", "response": self.response(status, output)}
        last["copilot_usage"] = copilot_usage(self._facts.usage)
        yield last | ({"copilot_quota_snapshots": self._facts.quota} if self._facts.quota else {})

    def response(self, status: str, output: list[Json]) -> Json:
        """The response object, which echoes the request."""
        facts, asked = self._facts, self._facts.request
        ended = status != "in_progress"
        body: Json = {
            "id": self._id("response", 0),
            "object": "response",
            "created_at": facts.created,
            "status": status,
            "background": False,
            "error": {"code": "server_error", "message": self._answer.problem or _FAILURE} if status == "failed" else None,
            "incomplete_details": self._incomplete() if status == "incomplete" else None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "model": facts.model,
            "output": output,
            "parallel_tool_calls": asked.get("parallel_tool_calls") is not False,
            "previous_response_id": asked.get("previous_response_id"),
            "prompt_cache_key": asked.get("prompt_cache_key"),
            "reasoning": {"effort": "medium", "summary": None} | (asked.get("reasoning") or {}),
            "safety_identifier": "sandbox",
            "store": False,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}, "verbosity": "medium"} | (asked.get("text") or {}),
            "tool_choice": asked.get("tool_choice") or "auto",
            "tools": asked.get("tools") or [],
            "top_p": 1.0,
            "truncation": asked.get("truncation") or "disabled",
            "usage": usage(facts.usage) if ended else None,
            "user": None,
            "metadata": {},
        }
        if facts.traits.tier:
            body["service_tier"] = facts.traits.tier if ended else "auto"
        if ended and self._answer.finish == "refusal":
            body["content_filters"] = [_BLOCKED]
        return body

    def finished(self, i: int) -> Json:
        """The finished item under a new id, to which its encrypted content is bound."""
        item = self.items[i]
        id_ = self._id(item.kind, i)
        body = {"type": item.body["type"], "id": id_} | item.body
        if item.kind == "compaction" or (item.kind == "reasoning" and self._facts.seals):
            body["encrypted_content"] = blobs.encrypt(item.kind, id_, self._facts.family)
        if "status" in body and i == len(self.items) - 1 and _status(self._answer) == "incomplete":
            body["status"] = "incomplete"
        return body

    def _groups(self) -> list[list[int]]:
        """Items that are written side by side."""
        groups: list[list[int]] = []
        for i, item in enumerate(self.items):
            if groups and item.kind == "call" and self._facts.traits.interleaves and self.items[groups[-1][0]].kind == "call":
                groups[-1].append(i)
            else:
                groups.append([i])
        return groups

    def _by_turns(self, inner: list[list[Json]]) -> Iterator[Json]:
        for n in range(max(len(deltas) for deltas in inner)):
            yield from (deltas[n] for deltas in inner if n < len(deltas))

    def _opened(self, i: int) -> Json:
        item = self.items[i]
        body = {"type": item.body["type"], "id": self._id(item.kind, i)} | item.body | item.empty
        if item.kind == "reasoning" and self._facts.seals:
            body["encrypted_content"] = ""
        return {"type": "response.output_item.added", "output_index": i, "item": body}

    def _inside(self, i: int) -> Iterator[Json]:
        """Everything between an item's `added` and its closing events."""
        item = self.items[i]
        for event in item.opening:
            yield self._event(i, event)
        for piece in pieces.words(item.text) if item.kind != "call" else pieces.letters(item.text):
            filler = {"obfuscation": "x9f2kq7Lm"[: 1 + self._named % 9]} if self._facts.traits.obfuscates else {}
            yield self._event(i, item.delta | {"delta": piece} | filler)

    def _closed(self, i: int) -> Iterator[Json]:
        yield from (self._event(i, event) for event in self.items[i].closing)

    def _event(self, i: int, event: Json) -> Json:
        return event | {"item_id": self._id(self.items[i].kind, i), "output_index": i}

    def _incomplete(self) -> Json:
        return {"reason": "content_filter" if self._answer.finish == "refusal" else "max_output_tokens"}

    def _id(self, kind: Kind, i: int) -> str:
        self._named += 1
        facts = self._facts
        named = Named(kind=kind, connection=facts.connection, response=facts.number, index=i, serial=self._named)
        return blobs.name(named)


def usage(counted: Counted) -> Json:
    """Tokens as this endpoint counts them."""
    return {
        "input_tokens": counted.prompt,
        "input_tokens_details": {"cached_tokens": counted.cached},
        "output_tokens": counted.output,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning},
        "total_tokens": counted.prompt + counted.output,
    }
