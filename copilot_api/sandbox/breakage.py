"""What a planned fault makes of an answer: another reply in its place, or a stream that goes wrong on the way."""

from collections.abc import Callable
from dataclasses import replace

from copilot_api.dialects import sse
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.sandbox.replies import Frame, Refusal, Reply, draw, json_reply, text_reply
from copilot_api.sandbox.script import Fault

# Kinds that strike instead of an answer: the request is not even looked at.
EARLY = {"status", "unauthorized", "forbidden", "rate_limited", "quota", "overloaded", "html", "reset", "stall"}

# Kinds that leave an answer what it is and strike on its way: they mean nothing to a WebSocket.
WIRE = {"headers", "drip", "split", "crlf", "bad_utf8", "gzip_lies", "wrong_type"}

DRIPS = 40
"""In how many pieces a reply drips."""

_RESPONSES = ("/responses", "ws:/responses")
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n"


def early(fault: Fault) -> Reply:
    """The reply that stands in for the answer."""
    after_s = str(int(fault.seconds or 30))
    if fault.kind == "unauthorized":
        return text_reply(fault.message or "unauthorized: token expired", status=401)
    if fault.kind == "forbidden":
        return text_reply(fault.message or "access to this endpoint is forbidden", status=403)
    if fault.kind == "rate_limited":
        refusal = Refusal(
            fault.message or "Sorry, you have exceeded your rate limit. Please wait before you try again.",
            status=429,
            code=fault.code or "user_model_rate_limited",
            headers={"retry-after": after_s, "x-ratelimit-exceeded": "user-model-requests", **fault.headers},
        )
        return draw(refusal, "error")
    if fault.kind == "quota":
        refusal = Refusal(
            fault.message or "You have no quota", status=402, code=fault.code or "quota_exceeded", headers=fault.headers
        )
        return draw(refusal, "error")
    if fault.kind == "overloaded":
        return text_reply(fault.message or "upstream provider is rate limited", status=503)
    if fault.kind == "html":
        return Reply(status=502, headers={"content-type": "text/html"}, body=_HTML)
    return Reply(status=fault.status, headers=fault.headers, body=fault.body)


def mangled(frames: list[Frame], fault: Fault, path: str) -> list[Frame]:
    """The frames that are sent of a stream at `path`."""
    if fault.kind in {"cut", "stall_mid"}:
        return frames[: fault.after]
    if fault.kind in {"error_event", "failed"}:
        # What closes an answer does not come before its failure.
        sent = [frame for frame in frames[: fault.after] if not frame.closing]
        if fault.kind == "failed" and path in _RESPONSES:
            return [*sent, _failed_event(fault, frames, len(sent))]
        return [*sent, _error_event(fault, path, len(sent))]
    if fault.kind == "eof":
        return [frame for frame in frames if not frame.closing]
    if fault.kind == "bad_json":
        broken = frames[fault.after : fault.after + 1]
        return [*frames[: fault.after], *(_broken(f) for f in broken), *frames[fault.after + 1 :]]
    if fault.kind == "no_done":
        return [frame for frame in frames if frame.data.strip() != b"data: [DONE]"]
    return [Frame(data=frame.data[frame.data.index(b"data:") :], closing=frame.closing) for frame in frames]


def on_the_wire(reply: Reply, fault: Fault) -> Reply:
    """The reply as a fault on its way leaves it."""
    match fault.kind:
        case "gzip_lies":
            return replace(reply, headers={**reply.headers, "content-encoding": "gzip"})
        case "wrong_type":
            kind = "text/event-stream" if reply.frames is None else "application/json"
            return replace(reply, headers={**reply.headers, "content-type": kind})
        case "split" | "drip":
            whole = reply.body if reply.frames is None else b"".join(frame.data for frame in reply.frames)
            size = 1 if fault.kind == "split" else -(-len(whole) // DRIPS)
            return replace(reply, frames=tuple(Frame(data=whole[at : at + size]) for at in range(0, len(whole), size)))
        case "crlf":
            return _each(reply, lambda data, _: data.replace(b"\n", b"\r\n"))
        case "bad_utf8":
            return _each(reply, lambda data, at: _spoilt(data) if at in {None, fault.after} else data)
        case _:
            return reply


def _each(reply: Reply, change: Callable[[bytes, int | None], bytes]) -> Reply:
    """The reply with its body changed, or each frame, which then comes with its number."""
    if reply.frames is None:
        return replace(reply, body=change(reply.body, None))
    return replace(reply, frames=tuple(replace(f, data=change(f.data, at)) for at, f in enumerate(reply.frames)))


def _spoilt(data: bytes) -> bytes:
    """JSON with two bytes at the end of its last text that no UTF-8 holds."""
    at = data.rindex(b'"')
    return data[:at] + b"\xff\xfe" + data[at:]


def failed_whole(reply: Reply, fault: Fault) -> Reply:
    """A whole answer of /responses that says it failed; anywhere else, an error."""
    body = loads(reply.body)
    if body.get("object") != "response":
        return draw(problem(fault), "error")
    return json_reply(_failed(body, fault), headers=reply.headers)


def problem(fault: Fault) -> Refusal:
    """What went wrong within an answer."""
    return Refusal(fault.message or "Upstream model failed", status=fault.status, code=fault.code or "server_error")


def _broken(frame: Frame) -> Frame:
    """The frame with the second half of its JSON missing."""
    line = frame.data.rstrip(b"\n")
    start = line.index(b"data:")
    return Frame(data=line[: start + (len(line) - start) // 2 + 5] + b"\n\n", closing=frame.closing)


def _error_event(fault: Fault, path: str, number: int) -> Frame:
    broke = problem(fault)
    if path == "/v1/messages":
        error = {"type": fault.code or "overloaded_error", "message": broke.message}
        return Frame(data=sse.encode(dumps({"type": "error", "error": error}), "error"))
    if path in _RESPONSES:
        event = {"type": "error", "code": broke.code, "message": broke.message, "param": None, "sequence_number": number}
        return Frame(data=sse.encode(dumps(event), "error"))
    detail = {"message": broke.message, "code": broke.code, "type": "server_error"}
    return Frame(data=sse.encode(dumps({"error": detail})))


def _failed_event(fault: Fault, frames: list[Frame], number: int) -> Frame:
    """`response.failed`, about the response that the first frame opened."""
    opened = sse.SseDecoder().feed(frames[0].data)[0]
    response = _failed(loads(opened.data).get("response", {}), fault)
    event = {"type": "response.failed", "sequence_number": number, "response": response}
    return Frame(data=sse.encode(dumps(event), "response.failed"))


def _failed(response: Json, fault: Fault) -> Json:
    error = {"code": fault.code or "server_error", "message": fault.message or "Internal server error"}
    return response | {"status": "failed", "error": error, "output": []}
