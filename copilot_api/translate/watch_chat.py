"""A Chat Completions answer on its way to a Chat client: watched for tokens and its end, mended where Copilot is known to err.

Sources: copilot-upstream §3.2, §3.3; what clients insist on: clients.md §5.
"""

from typing import Any

from copilot_api.dialects import chat
from copilot_api.dialects.chat_decoder import CUT_SHORT, counted_in, problem_in, thought_in
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.read import obj, objs, string
from copilot_api.dialects.sse import Sse, encode
from copilot_api.errors import CopilotApiError, UpstreamBroke
from copilot_api.translate.repair import without


class ChatWatch:
    """Watches one answer. `wants_usage`: the client asked for the count of a stream; `merges`: it asked for one choice."""

    def __init__(self, stamp: Stamp, *, wants_usage: bool, merges: bool) -> None:
        self.usage: Counted | None = None
        self.failed: CopilotApiError | None = None
        self.finished = False
        self.repairs: set[str] = set()
        self._wants_usage = wants_usage
        self._merges = merges
        self._stamp = stamp
        self._head: Json = {}
        self._calls: dict[Any, _Call] = {}
        self._has_role = False
        self._done = False

    def frame(self, sse: Sse) -> bytes:
        """What goes to the client for one frame: its own bytes, unless a repair fired."""
        if self._done:
            return b""
        if not sse.data:
            return sse.raw
        if sse.data == b"[DONE]":
            return self.close()
        try:
            chunk = loads(sse.data)
        except ValueError:
            return self.fail(UpstreamBroke("Copilot sent a chunk that is not JSON"))
        if not isinstance(chunk, dict):
            return b""
        if problem := problem_in(chunk):
            return self.fail(problem)
        self.usage = counted_in(chunk) or self.usage
        after = self._mended(chunk)
        if after is chunk:
            return sse.raw
        return encode(dumps(after)) if after is not None else b""

    def close(self) -> bytes:
        """The end of the bytes. A stream without a finish reason was cut and must not look complete."""
        if self._done:
            return b""
        if not self.finished:
            return self.fail(UpstreamBroke(CUT_SHORT))
        self._done = True
        return chat.DONE

    def fail(self, problem: CopilotApiError) -> bytes:
        """The error as the last thing the client reads."""
        self.failed, self._done = problem, True
        return encode(dumps(chat.error(problem)))

    def heartbeat(self) -> bytes:
        """A sign of life for a client that has heard nothing for a while."""
        return chat.HEARTBEAT

    def whole(self, answer: Json) -> Json:
        """A complete answer: itself unless a repair fired."""
        self.usage = counted_in(answer)
        self.finished = True
        after = answer
        if self._merges and len(objs(answer.get("choices"))) > 1:
            after = self._note("choices-merged", after | {"choices": [_merged(objs(answer.get("choices")))]})
        after = self._note(
            "choices-completed", after | {"choices": [_whole_choice(c) for c in objs(after.get("choices"))]}, after
        )
        missing = {"object": "chat.completion", "created": self._stamp.created, "id": f"chatcmpl-{self._stamp.id}"}
        missing |= {"model": self._stamp.model}
        return self._note("fields-filled", after | {k: v for k, v in missing.items() if not after.get(k)}, after)

    def _note(self, name: str, after: Json, before: Json | None = None) -> Json:
        if after == before:
            return before
        self.repairs.add(name)
        return after

    def _mended(self, chunk: Json) -> Json | None:
        choices = objs(chunk.get("choices"))
        if not choices:
            return self._without_choices(chunk)
        after = self._filled(chunk)
        mended = [self._choice(choice) for choice in choices]
        if any(new is not old for new, old in zip(mended, choices, strict=True)):
            after = after | {"choices": mended}
        if not self._wants_usage and after.get("usage") and any(choice.get("finish_reason") for choice in choices):
            self.repairs.add("usage-hidden")
            after = without(after, "usage", "copilot_usage")
        return after

    def _without_choices(self, chunk: Json) -> Json | None:
        """The count of the stream, for who asked for it; the filter report at the start and agents' extras for nobody."""
        if not isinstance(chunk.get("usage"), dict):
            self.repairs.add("empty-chunk-dropped")
            return None
        if not self._wants_usage:
            self.repairs.add("usage-hidden")
            return None
        return self._filled(chunk | {"choices": []} if chunk.get("choices") != [] else chunk)

    def _filled(self, chunk: Json) -> Json:
        """Every chunk names its object, id, time and model; Copilot leaves each of them out now and then."""
        for key, minted in (
            ("id", f"chatcmpl-{self._stamp.id}"),
            ("created", self._stamp.created),
            ("model", self._stamp.model),
        ):
            if key not in self._head or not self._head[key]:
                self._head[key] = chunk.get(key) or minted
        missing = {key: value for key, value in self._head.items() if not chunk.get(key)}
        if chunk.get("object") != "chat.completion.chunk":
            missing["object"] = "chat.completion.chunk"
        if not missing:
            return chunk
        self.repairs.add("fields-filled")
        return chunk | missing

    def _choice(self, choice: Json) -> Json:
        after = choice
        if self._merges and choice.get("index") != 0:
            self.repairs.add("choices-merged")
            after = after | {"index": 0}
        delta = obj(choice.get("delta"))
        mended = self._delta(choice.get("index"), delta)
        if mended is not choice.get("delta"):
            after = after | {"delta": mended}
        return self._finish(after)

    def _finish(self, choice: Json) -> Json:
        reason = choice.get("finish_reason")
        if not reason:
            return choice
        self.finished = True
        if reason == "stop" and self._calls:
            self.repairs.add("finish-corrected")
            return choice | {"finish_reason": "tool_calls"}
        return choice

    def _delta(self, choice: Any, delta: Json) -> Json:
        after = self._role(without(delta, "padding", "obfuscation"))
        shown = thought_in(delta)
        if shown and "reasoning_content" not in delta:
            self.repairs.add("reasoning-shown")
            after = after | {"reasoning_content": shown}
        calls = objs(delta.get("tool_calls"))
        mended = [self._call(choice, call) for call in calls]
        if any(new is not old for new, old in zip(mended, calls, strict=True)):
            self.repairs.add("tool-call-completed")
            after = after | {"tool_calls": mended}
        return after

    def _role(self, delta: Json) -> Json:
        """The role stands in the first piece and in no other: OpenAI's SDK adds up what it reads."""
        if "role" not in delta or not self._merges:
            return delta
        if delta["role"] and not self._has_role:
            self._has_role = True
            return delta
        self.repairs.add("role-once")
        return without(delta, "role")

    def _call(self, choice: Any, piece: Json) -> Json:
        """A call's first piece has index and type, and every piece the index of its call."""
        key = (choice if self._merges else None, piece.get("index"))
        call, id_ = self._calls.get(key), string(piece.get("id"))
        is_first = call is None or bool(id_ and id_ != call.id)
        if call is None or is_first:
            call = self._calls[key] = _Call(index=self._count, id=id_)
        missing: Json = {} if piece.get("index") == call.index else {"index": call.index}
        if is_first and not piece.get("type"):
            missing["type"] = "function"
        return piece | missing if missing else piece

    @property
    def _count(self) -> int:
        return max((call.index for call in self._calls.values()), default=-1) + 1


class _Call:
    def __init__(self, *, index: int, id: str) -> None:  # noqa: A002 - the wire's own word
        self.index = index
        self.id = id


def _merged(choices: list[Json]) -> Json:
    """Claude's answer, split over choices, as the one choice it is (copilot-upstream §3.2)."""
    messages = [obj(choice.get("message")) for choice in choices]
    merged: Json = {}
    for message in messages:
        merged = message | merged
    texts = [string(message.get("content")) for message in messages]
    calls = [call for message in messages for call in objs(message.get("tool_calls"))]
    merged |= {"content": "".join(texts) or None} | ({"tool_calls": calls} if calls else {})
    finishes = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    return choices[0] | {"index": 0, "message": merged, "finish_reason": finishes[-1] if finishes else None}


def _whole_choice(choice: Json) -> Json:
    message = without(obj(choice.get("message")), "padding")
    message = message if "content" in message else message | {"content": None}
    shown = thought_in(message)
    if shown and "reasoning_content" not in message:
        message = message | {"reasoning_content": shown}
    reason = choice.get("finish_reason")
    has_calls = bool(message.get("tool_calls"))
    after = choice | {"message": message, "finish_reason": "tool_calls" if has_calls and reason == "stop" else reason}
    return after if "index" in after else {"index": 0} | after
