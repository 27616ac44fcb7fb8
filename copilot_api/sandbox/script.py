"""What a test wants to happen next: answers to give and faults to commit, taken in order by the requests they match."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from copilot_api.dialects.codec import Json, dumps, dumps_text
from copilot_api.dialects.events import Counted
from copilot_api.sandbox.replies import Shape
from copilot_api.sandbox.seen import Seen

MODEL_PATHS = ("/chat/completions", "/responses", "/v1/messages", "/embeddings")
"""Where an entry of the script applies that names no path."""

FaultKind: TypeAlias = Literal[
    "status",
    "unauthorized",
    "forbidden",
    "rate_limited",
    "quota",
    "overloaded",
    "html",
    "reset",
    "stall",
    "delay",
    "cut",
    "stall_mid",
    "error_event",
    "failed",
    "eof",
    "bad_json",
    "no_done",
    "no_event_lines",
    "headers",
    "drip",
    "split",
    "crlf",
    "bad_utf8",
    "gzip_lies",
    "wrong_type",
]
"""What goes wrong.

Instead of an answer: `status` (the given status, body and headers), `unauthorized` (401, token expired), `forbidden` (403),
`rate_limited` (429 with Retry-After), `quota` (402), `overloaded` (503), `html` (502 with a web page), `reset` (connection
reset before the status line), `stall` (silence before the status line).
Before an answer: `delay`. Within it, after `after` events of a stream: `cut` (connection cut), `stall_mid` (silence),
`error_event` (an error, then the end), `failed` (`response.failed`, then the end; where there is no such event, an error),
`bad_json` (a broken event, then on as if nothing were), `eof` (a clean end before anything that closes the answer). On the
whole stream: `no_done` (no `[DONE]`), `no_event_lines` (no `event:` lines).
An answer that is not streamed is cut, stalled, ended or broken in the middle of its body.
On the way of any answer: `headers` (connection reset after the headers), `drip` (a little at a time, over `seconds`), `split`
(each byte by itself), `crlf` (CRLF line ends), `bad_utf8` (bytes that are no UTF-8, in the event after `after`), `gzip_lies`
(not packed, though the headers say so), `wrong_type` (a stream's Content-Type for a whole answer and the other way round).
"""

DeviceState: TypeAlias = Literal[
    "pending",
    "slow_down",
    "granted",
    "expired_token",
    "access_denied",
    "incorrect_device_code",
    "incorrect_client_credentials",
    "unsupported_grant_type",
    "device_flow_disabled",
    "drop",
]
"""What one poll of the device flow is told; `drop` loses the connection."""

ExchangeState: TypeAlias = Literal[
    "revoked", "refused", "pat", "rate_limited", "broken", "empty", "skewed", "elsewhere", "notified", "hidden"
]
"""How one token exchange goes: 401; 403 with an entitlement envelope; 403 for a PAT; 429 with Retry-After; 500; 200 without
a token; an `expires_at` off by `skew_s`; another `endpoints.api`; with a user_notification; 404."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong. `after` counts events; `seconds` is for `delay`, `drip` and Retry-After."""

    kind: FaultKind
    path: str = ""
    when: str = ""
    after: int = 2
    seconds: float = 0.0
    status: int = 500
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call: `arguments` is JSON text, sent as it is; an empty `id` has one minted.

    Only /responses has `custom` tools, whose `arguments` are free text, and tools in a `namespace`.
    """

    name: str
    arguments: str = "{}"
    id: str = ""
    custom: bool = False
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model says, before any dialect. `finish` is a Reason of the hub, or any word to be sent as it is.

    Only /responses has `refusal`, the model's own words of refusal kept apart from `text`; `searched`, what the hosted web
    search was asked; `compacted`, an item that stands for the whole conversation so far, instead of anything else; and the
    finish "failed", with the `problem` to be named.
    """

    thinking: str = ""
    redacted: bool = False
    text: str = ""
    refusal: str = ""
    searched: str = ""
    compacted: bool = False
    problem: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = "stop"
    stop_sequence: str | None = None
    usage: Counted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """An answer given byte by byte: each chunk is written on its own."""

    chunks: tuple[bytes, ...]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One scripted token exchange."""

    state: ExchangeState
    notification_id: str = "no_copilot_access"
    api: str = ""
    skew_s: float = 0.0
    retry_after: str = "60"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    path: str
    when: str
    answer: Answer | Raw


T = TypeVar("T")


class Script:
    """Three queues: faults, answers, and the auth plane's states. A request takes the first fault and, if it gets that far,
    the first answer that match its path, and whose `when` stands somewhere in its body, which keeps requests apart that come at
    the same time. Where nothing is planned the sandbox does what it does for a person.
    """

    def __init__(self) -> None:
        self.error_shape: Shape | None = None
        """Pins the shape of error bodies on /v1/messages, which otherwise rotate."""
        self.web_search = False
        """Whether /responses takes the hosted tool `web_search`: some models did, at some times."""
        self.late_refusals = False
        """Whether /responses says only in an answer that has begun what is wrong with a request, as it sometimes does."""
        self._faults: list[Fault] = []
        self._answers: list[_Planned] = []
        self._device: list[DeviceState] = []
        self._exchanges: list[Exchange] = []

    def answer(
        self,
        text: str = "",
        *,
        thinking: str = "",
        redacted: bool = False,
        refusal: str = "",
        searched: str = "",
        compacted: bool = False,
        problem: str = "",
        tools: Iterable[tuple[str, Any] | Call] = (),
        finish: str = "",
        stop_sequence: str | None = None,
        usage: Counted | None = None,
        path: str = "",
        when: str = "",
        times: int = 1,
    ) -> None:
        """Plans an answer. `tools` are `(name, arguments)` pairs, arguments as an object or as JSON text, or Calls."""
        calls = tuple(tool if isinstance(tool, Call) else _call(*tool) for tool in tools)
        finish = finish or "failed" * bool(problem) or ("tool_use" if calls else "stop_sequence" if stop_sequence else "stop")
        answer = Answer(
            thinking=thinking,
            redacted=redacted,
            text=text,
            refusal=refusal,
            searched=searched,
            compacted=compacted,
            problem=problem,
            calls=calls,
            finish=finish,
            stop_sequence=stop_sequence,
            usage=usage,
        )
        self._answers += [_Planned(path=path, when=when, answer=answer)] * times

    def raw(
        self,
        *chunks: bytes,
        status: int = 200,
        content_type: str = "text/event-stream",
        headers: Mapping[str, str] | None = None,
        path: str = "",
        when: str = "",
        times: int = 1,
    ) -> None:
        """Plans an answer of exactly these bytes, in these chunks, to a request that passed every check."""
        answer = Raw(chunks=chunks, status=status, headers={"content-type": content_type, **(headers or {})})
        self._answers += [_Planned(path=path, when=when, answer=answer)] * times

    def fault(
        self,
        kind: FaultKind,
        *,
        path: str = "",
        when: str = "",
        times: int = 1,
        after: int = 2,
        seconds: float = 0.0,
        status: int = 500,
        body: Json | str | bytes = b"",
        headers: Mapping[str, str] | None = None,
        message: str = "",
        code: str = "",
    ) -> None:
        """Plans a fault for the next `times` requests to `path` (none: any model endpoint)."""
        headers = dict(headers or {})
        if isinstance(body, dict):
            headers.setdefault("content-type", "application/json")
        content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else dumps(body)
        fault = Fault(
            kind=kind,
            path=path,
            when=when,
            after=after,
            seconds=seconds,
            status=status,
            body=content,
            headers=headers,
            message=message,
            code=code,
        )
        self._faults += [fault] * times

    def device(self, *states: DeviceState) -> None:
        """Plans what the next polls of the device flow are told."""
        self._device += states

    def exchange(
        self,
        state: ExchangeState,
        *,
        times: int = 1,
        notification_id: str = "no_copilot_access",
        api: str = "",
        skew_s: float = 0.0,
        retry_after: str = "60",
    ) -> None:
        """Plans how the next token exchanges go."""
        planned = Exchange(state=state, notification_id=notification_id, api=api, skew_s=skew_s, retry_after=retry_after)
        self._exchanges += [planned] * times

    def clear(self) -> None:
        """Forgets everything that is still planned."""
        for queue in (self._faults, self._answers, self._device, self._exchanges):
            queue.clear()
        self.error_shape = None
        self.web_search = False
        self.late_refusals = False

    def forget(self, when: str) -> None:
        """Takes back what is planned for the requests with `when` in them."""
        self._faults = [fault for fault in self._faults if fault.when != when]
        self._answers = [entry for entry in self._answers if entry.when != when]

    @property
    def left(self) -> int:
        """How many entries no request has taken yet."""
        return len(self._faults) + len(self._answers) + len(self._device) + len(self._exchanges)

    def take_fault(self, seen: Seen) -> Fault | None:
        """The next fault for this request, if any."""
        return _take(self._faults, lambda fault: _applies(fault.path, fault.when, seen))

    def take_answer(self, seen: Seen) -> Answer | Raw | None:
        """The next answer for this request, if any."""
        planned = _take(self._answers, lambda entry: _applies(entry.path, entry.when, seen))
        return planned.answer if planned else None

    def take_device(self) -> DeviceState | None:
        """What the next poll is told, if that is planned."""
        return self._device.pop(0) if self._device else None

    def take_exchange(self) -> Exchange | None:
        """How the next exchange goes, if that is planned."""
        return self._exchanges.pop(0) if self._exchanges else None


def _call(name: str, arguments: Any) -> Call:
    return Call(name=name, arguments=arguments if isinstance(arguments, str) else dumps_text(arguments))


def _applies(path: str, when: str, seen: Seen) -> bool:
    return (seen.path == path if path else seen.path in MODEL_PATHS) and when.encode() in seen.body


def _take(queue: list[T], matches: Callable[[T], bool]) -> T | None:
    found = next((i for i, entry in enumerate(queue) if matches(entry)), None)
    return None if found is None else queue.pop(found)
