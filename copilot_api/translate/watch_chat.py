"""A Chat Completions answer on its way to a Chat client: watched for tokens and its end, mended where Copilot is known to err.

Sources: copilot-upstream §3.2, §3.3; what clients insist on: clients.md §5.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from operator import is_not
from typing import Any

from copilot_api.dialects import chat
from copilot_api.dialects.arguments import Scanner
from copilot_api.dialects.chat_decoder import CUT_SHORT, REPORTED, RUNAWAY, counted_in, problem_in, thought_in
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.read import obj, objs, string, whole_or_none
from copilot_api.dialects.sse import Sse, encode
from copilot_api.dialects.weight import BLOCK, Weight
from copilot_api.errors import CopilotApiError, UpstreamBroke
from copilot_api.translate.repair import Faults, Fired, each, without
from copilot_api.translate.repair_answers import CHAT_ANSWERS
from copilot_api.translate.repair_names import NO_NAMES

_FILLER = ("padding", "obfuscation")
_NOTHING_BUT_TEXT = {"content"}


class ChatWatch:
    """Watches one answer. `wants_usage`: the client asked for the count of a stream; `merges`: it asked for one choice.

    `tool_names` leads from the names that were sent up to the client's, where they differ.
    """

    def __init__(
        self,
        stamp: Stamp,
        *,
        wants_usage: bool,
        merges: bool,
        tool_names: Mapping[str, str] = NO_NAMES,
        table: Faults = CHAT_ANSWERS,
    ) -> None:
        self.usage: Counted | None = None
        self.failed: CopilotApiError | None = None
        self.finished = False
        self._tool_names = tool_names
        self._fired = Fired(table)
        self._wants_usage = wants_usage
        self._merges = merges
        self._minted: Json = {"id": f"chatcmpl-{stamp.id}", "created": stamp.created, "model": stamp.model}
        self._head: Json = {}
        self._calls: dict[Any, _Call] = {}
        self._count = 0
        self._weight = Weight()
        self._has_role = False
        self._done = False

    @property
    def repairs(self) -> AbstractSet[str]:
        """The names of the repairs that fired so far."""
        return self._fired.names

    def frame(self, sse: Sse) -> bytes:
        """What goes to the client for one frame: its own bytes, unless a repair fired."""
        if self._done:
            return b""
        if not sse.data:
            return sse.raw
        if sse.data == b"[DONE]":
            return self._end(sse.raw)
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
        if self.failed is not None:
            return self.fail(self.failed)
        if after is chunk:
            return sse.raw
        return encode(dumps(after)) if after is not None else b""

    def close(self) -> bytes:
        """The end of the bytes. A stream without a finish reason was cut and must not look complete."""
        if self._done:
            return b""
        return self._end(chat.DONE if self.finished and self._fired.by("end-mark-added") else b"")

    def fail(self, problem: CopilotApiError) -> bytes:
        """The error as the last thing the client reads."""
        self.failed, self._done = problem, True
        return encode(dumps(chat.error(problem)))

    def heartbeat(self) -> bytes:
        """A sign of life for a client that has heard nothing for a while."""
        return chat.HEARTBEAT

    def whole(self, answer: Json) -> Json:
        """A complete answer: itself unless a repair fired. Raises UpstreamBroke when it says that it failed."""
        self.usage = counted_in(answer)
        self.finished = True
        choices = objs(answer.get("choices"))
        if any(choice.get("finish_reason") == "error" for choice in choices) and self._fired.by("failure-told"):
            raise UpstreamBroke(REPORTED)
        after = answer
        if self._merges and len(choices) > 1 and self._fired.by("choices-merged"):
            after = after | {"choices": [_merged(choices)]}
        completed = after | {"choices": [_whole_choice(choice) for choice in objs(after.get("choices"))]}
        after = self._taken("choices-completed", completed, after)
        if self._tool_names:
            named = after | {"choices": [self._with_own_names(choice) for choice in objs(after.get("choices"))]}
            after = self._taken("tool-names-restored", named, after)
        missing = {"object": "chat.completion"} | self._minted
        return self._taken("fields-filled", after | {k: v for k, v in missing.items() if not after.get(k)}, after)

    def _taken(self, name: str, after: Json, before: Json) -> Json:
        return after if after != before and self._fired.by(name) else before

    def _end(self, mark: bytes) -> bytes:
        if not self.finished:
            return self.fail(UpstreamBroke(CUT_SHORT))
        self._done = True
        return mark

    def _mended(self, chunk: Json) -> Json | None:
        choices = objs(chunk.get("choices"))
        if not choices:
            return self._without_choices(chunk)
        after = self._filled(chunk)
        mended = [self._choice(choice) for choice in choices]
        if any(map(is_not, mended, choices)):
            after = after | {"choices": mended}
        has_count = bool(after.get("usage")) and any(choice.get("finish_reason") for choice in choices)
        if not self._wants_usage and has_count and self._fired.by("usage-hidden"):
            after = without(after, "usage", "copilot_usage")
        return after

    def _without_choices(self, chunk: Json) -> Json | None:
        """The count of the stream, for who asked for it; the filter report at the start and agents' extras for nobody."""
        if not isinstance(chunk.get("usage"), dict):
            return None if self._fired.by("empty-chunk-dropped") else chunk
        if not self._wants_usage and self._fired.by("usage-hidden"):
            return None
        return self._filled(chunk | {"choices": []} if chunk.get("choices") != [] else chunk)

    def _filled(self, chunk: Json) -> Json:
        """Every chunk names its object, id, time and model; Copilot leaves each of them out now and then."""
        if not self._head:
            self._head = {key: chunk.get(key) or minted for key, minted in self._minted.items()}
        is_whole = all(map(chunk.get, self._head))  # nearly always
        missing = {} if is_whole else {key: value for key, value in self._head.items() if not chunk.get(key)}
        if chunk.get("object") != "chat.completion.chunk":
            missing["object"] = "chat.completion.chunk"
        return chunk | missing if missing and self._fired.by("fields-filled") else chunk

    def _choice(self, choice: Json) -> Json:
        after = choice
        if self._merges and choice.get("index") != 0 and self._fired.by("choices-merged"):
            after = after | {"index": 0}
        given = choice.get("delta")
        mended = self._delta(choice.get("index"), obj(given))
        if mended is not given:
            after = after | {"delta": mended}
        return self._finish(after) if after.get("finish_reason") else after

    def _finish(self, choice: Json) -> Json:
        reason = choice["finish_reason"]
        if reason == "error" and self._fired.by("failure-told"):
            self.failed = UpstreamBroke(REPORTED)
        self.finished = True
        is_wrong = reason == "stop" and bool(self._calls)
        return choice | {"finish_reason": "tool_calls"} if is_wrong and self._fired.by("finish-corrected") else choice

    def _delta(self, choice: Any, delta: Json) -> Json:
        if delta.keys() == _NOTHING_BUT_TEXT:
            return delta
        after = self._role(delta)
        if ("padding" in delta or "obfuscation" in delta) and self._fired.by("padding-dropped"):
            after = without(after, *_FILLER)
        shown = thought_in(delta)
        if shown and "reasoning_content" not in delta and self._fired.by("reasoning-shown"):
            after = after | {"reasoning_content": shown}
        if "tool_calls" in delta and (calls := objs(delta["tool_calls"])):
            mended = [self._call(choice, call) for call in calls]
            if any(map(is_not, mended, calls)):
                after = after | {"tool_calls": mended}
        return after

    def _role(self, delta: Json) -> Json:
        """The role stands in the first piece and in no other: OpenAI's SDK adds up what it reads."""
        if "role" not in delta or not self._merges:
            return delta
        if delta["role"] and not self._has_role:
            self._has_role = True
            return delta
        return without(delta, "role") if self._fired.by("role-once") else delta

    def _call(self, choice: Any, piece: Json) -> Json:
        """A call's first piece has index and type, and every piece the index of its call."""
        key = (whole_or_none(choice) if self._merges else None, whole_or_none(piece.get("index")))
        call, id_ = self._calls.get(key), string(piece.get("id"))
        is_first = call is None or bool(id_ and id_ != call.id)
        if call is None or is_first:
            self._weight.add(BLOCK)
            call = self._calls[key] = _Call(index=self._count, id=id_)
            self._count += 1
        call.scanner.feed(string(obj(piece.get("function")).get("arguments")))
        if call.scanner.is_runaway and self._fired.by("runaway-stopped"):
            self.failed = UpstreamBroke(RUNAWAY)
        missing: Json = {} if piece.get("index") == call.index else {"index": call.index}
        if is_first and not piece.get("type"):
            missing["type"] = "function"
        piece = piece | missing if missing and self._fired.by("tool-call-completed") else piece
        return self._with_own_name(piece)

    def _with_own_name(self, call: Json) -> Json:
        function = obj(call.get("function"))
        own = self._tool_names.get(string(function.get("name")))
        if own is None or not self._fired.by("tool-names-restored"):
            return call
        return call | {"function": function | {"name": own}}

    def _with_own_names(self, choice: Json) -> Json:
        return choice | {"message": each(obj(choice.get("message")), "tool_calls", self._with_own_name)}


class _Call:
    def __init__(self, *, index: int, id: str) -> None:  # noqa: A002 - the wire's own word
        self.index = index
        self.id = id
        self.scanner = Scanner()


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
    message = without(obj(choice.get("message")), *_FILLER)
    message = message if "content" in message else message | {"content": None}
    shown = thought_in(message)
    if shown and "reasoning_content" not in message:
        message = message | {"reasoning_content": shown}
    reason = choice.get("finish_reason")
    has_calls = bool(message.get("tool_calls"))
    after = choice | {"message": message, "finish_reason": "tool_calls" if has_calls and reason == "stop" else reason}
    return after if "index" in after else {"index": 0} | after
