"""What is fuzzed: each takes any bytes, and raises nothing but what the house says it may.

A target fails by another exception, by an answer that its reader could not read, or by taking longer than anybody waits.
"""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from copilot_api import settings
from copilot_api.dialects import chat, gemini, messages, responses
from copilot_api.dialects.codec import Json, dumps, loads, loads_request
from copilot_api.dialects.events import Ask, Stamp
from copilot_api.dialects.gemini_spelling import addressed
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.errors import BodyTooLarge, ClientMistake, CopilotApiError, DoorClosed, SettingsBroken
from copilot_api.keys import KeyFile
from copilot_api.log import one_line, redact
from copilot_api.server import body as bodies
from copilot_api.server.calibration import COUNTS
from copilot_api.server.guard import Guard, host_name, is_loopback
from copilot_api.server.items import Items
from copilot_api.server.key_ring import KeyRing
from copilot_api.server.memory import Memory, Room
from copilot_api.settings import Settings
from copilot_api.tokens import Counter
from copilot_api.translate import Client, Translation, begin
from copilot_api.translate.repair import Endpoint
from copilot_api.upstream.clock import SystemClock
from tests.builders.models import model
from tests.fuzz import seeds
from tests.fuzz.dice import WORDS, Dice

Target = Callable[[bytes], None]

STAMP = Stamp(id="7", created=99, model="asked")
PEEKS: dict[Client, Callable[[Json], Ask]] = {
    "chat": chat.peek,
    "messages": messages.peek,
    "responses": responses.peek,
    "gemini": gemini.peek,
}
CLIENTS: tuple[Client, ...] = ("chat", "messages", "responses", "gemini")
SERVED_AT: dict[Endpoint, str] = {
    "/chat/completions": "gpt-4.1",
    "/v1/messages": "claude-opus-5",
    "/responses": "gpt-5.3-codex",
}

_REQUESTS = seeds.requests()
_STREAMS = seeds.streams()
_WHOLES = seeds.wholes()
_MODELS = seeds.models()
_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
_GUARD = Guard(Settings(), KeyRing((), KeyFile(_FOLDER / "none"), SystemClock()))
_COUNTER = Counter()
_LIMIT_BYTES = 1024 * 1024


# Bytes


def sse(data: bytes) -> None:
    """Any chunking gives the same frames, whose bytes joined are what was fed."""
    dice = Dice(data[:64])
    stream = data[64:]
    whole = SseDecoder()
    frames = [*whole.feed(stream), *whole.close()]
    assert b"".join(frame.raw for frame in frames) == stream
    pieces = SseDecoder()
    again = [frame for piece in dice.cut(stream) for frame in pieces.feed(piece)] + [*pieces.close()]
    assert again == frames


def codec(data: bytes) -> None:
    """What is read can be written, and is the same when it is read again."""
    try:
        value = loads(data)
    except ValueError:
        value = None
    assert loads(dumps(value)) == value
    try:
        assert isinstance(loads_request(data), dict)
    except ClientMistake:
        return


def packed(data: bytes) -> None:
    """Packed bodies are unpacked within the limit, or refused."""
    for unpack in (bodies._unzipped, bodies._unzstd):
        try:
            assert len(unpack(data, _LIMIT_BYTES)) <= _LIMIT_BYTES
        except (ClientMistake, BodyTooLarge):
            continue


def names(data: bytes) -> None:
    """Nobody comes in by a Host, an Origin or a site that is not ours; the log stays in its lines."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        _GUARD.check_host(text)
    except DoorClosed:
        pass
    else:
        name = host_name(text)
        assert is_loopback(name) or name.endswith(".localhost"), text
        assert not set(text.strip()) & set("@/\\?# ,"), text
    try:
        _GUARD.check_origin(text, "localhost:4141")
    except DoorClosed:
        pass
    else:
        assert text.partition("://")[2].lower() == "localhost:4141"
    shown = one_line(redact(text))
    assert not any(ord(letter) < 32 and letter not in "\t\n" for letter in shown)
    assert all(line.startswith("    ") for line in shown.split("\n")[1:])


def config(data: bytes) -> None:
    """A settings file and an environment are read, or what is wrong with them is named."""
    path = _FOLDER / "config.toml"
    path.write_bytes(data)
    dice = Dice(data[:64])
    name = dice.pick(tuple(settings.options()))
    # Python decodes the environment so, and no variable holds a zero.
    text = data[1:].decode("utf-8", "surrogateescape").replace("\x00", "")
    for environ in ({}, {dice.pick(settings.variables(name)): text}):
        try:
            loaded = settings.load({}, environ=environ, path=path if not environ else _FOLDER / "none.toml")
        except SettingsBroken:
            continue
        assert repr(loaded)


# Requests


def requests(data: bytes) -> None:
    """What a client asks goes to every model as JSON, or is refused as its mistake."""
    dice = Dice(data)
    client = dice.pick(CLIENTS)
    body = dice.bent(dice.pick(_REQUESTS[client]))
    if not isinstance(body, dict):
        return
    asked = body
    if client == "gemini":
        asked = addressed(body, model="gpt-4.1", stream=bool(dice.below(2)), alt=dice.pick(("sse", "json")))
    try:
        ask = PEEKS[client](asked)
    except ClientMistake:
        return
    for id_ in (dice.pick(_MODELS), *SERVED_AT.values()):
        try:
            work = begin(
                client=client,
                body=asked,
                raw=dumps(asked),
                ask=ask,
                model=model(id_),
                stamp=STAMP,
                betas=(dice.pick(WORDS),),
                allowed_betas=("any",),
                web_search=bool(dice.below(2)),
            )
        except ClientMistake:
            continue
        assert isinstance(loads(work.request), dict)
        _told(work, client)


def raw_requests(data: bytes) -> None:
    """The same for bytes that nobody bent."""
    dice = Dice(data[:4])
    client = dice.pick(CLIENTS)
    try:
        body = loads_request(data[4:])
        body = addressed(body, model="gpt-4.1", stream=True, alt="sse") if client == "gemini" else body
        ask = PEEKS[client](body)
        id_ = dice.pick(_MODELS)
        work = begin(client=client, body=body, raw=data[4:], ask=ask, model=model(id_), stamp=STAMP)
    except ClientMistake:
        return
    assert isinstance(loads(work.request), dict)


def counts(data: bytes) -> None:
    """What a client asks can be counted, whatever it is."""
    dice = Dice(data)
    client = dice.pick(CLIENTS)
    body = dice.bent(dice.pick(_REQUESTS[client]))
    if isinstance(body, dict):
        asked = addressed(body, model="gpt-4.1", stream=False, alt="json") if client == "gemini" else body
        with suppress(ClientMistake):  # Gemini's is counted as what it is translated to
            assert COUNTS[client](_COUNTER, asked, model(dice.pick(_MODELS))) >= 0


def sockets(data: bytes) -> None:
    """Messages on a WebSocket are read in their turn, each going on from the one before or not, or are refused."""
    dice = Dice(data)
    clock = SystemClock()
    memory = Memory(Items(100_000, clock), 100_000, Room(200_000))
    for _ in range(1 + dice.below(4)):
        body = dice.bent(dice.pick(_REQUESTS["responses"]) | {"type": "response.create", "previous_response_id": "r"})
        try:
            question, _ = memory.read(dumps(body))
        except ClientMistake:
            continue
        answer = dice.bent(dice.pick(_WHOLES["/responses"]) | {"id": "r"})
        memory.heard(question, answer if isinstance(answer, dict) else {})


# Answers


def answers(data: bytes) -> None:
    """Whatever Copilot streams, the client gets whole frames of JSON, or an error of its own dialect."""
    dice = Dice(data)
    client, endpoint = dice.pick(CLIENTS), dice.pick(tuple(SERVED_AT))
    work = _begun(client, endpoint, stream=True)
    events = dice.bent([[name, value] for name, value in dice.pick(_STREAMS[endpoint])])
    stream = b"".join(map(_frame, events)) if isinstance(events, list) else b""
    if dice.below(4) == 3:
        at = dice.below(len(stream) + 1)
        stream = stream[:at] + dice.rest()[:200] + stream[at:]
    out = b""
    try:
        for piece in dice.cut(stream):
            out += work.feed(piece)
            if work.refused or work.failed:
                break
        out += work.release() + work.close()
    except CopilotApiError as problem:
        out += work.fail(problem)
    if not work.is_passthrough:  # which hands on what it cannot read, for the client may
        _readable(out)
    _told(work, client)


def wholes(data: bytes) -> None:
    """Whatever Copilot answers at once, the client gets JSON, or an error of its own dialect."""
    dice = Dice(data)
    client, endpoint = dice.pick(CLIENTS), dice.pick(tuple(SERVED_AT))
    work = _begun(client, endpoint, stream=False)
    answer = dumps(dice.bent(dice.pick(_WHOLES[endpoint])))
    if dice.below(4) == 3:
        at = dice.below(len(answer) + 1)
        answer = answer[:at] + dice.rest()[:200] + answer[at:]
    work.look(answer)
    with suppress(CopilotApiError):
        assert isinstance(loads(work.whole(answer)), dict)
    _told(work, client)


def _begun(client: Client, endpoint: Endpoint, *, stream: bool) -> Translation:
    body: Json = {"model": SERVED_AT[endpoint], "stream": stream, "tools": []}
    match client:
        case "responses":
            body |= {"input": "q", "tools": [{"type": "custom", "name": "exec"}, {"type": "function", "name": "bash"}]}
        case "gemini":
            body = addressed({"contents": [{"role": "user", "parts": [{"text": "q"}]}]}, model="m", stream=stream, alt="sse")
        case _:
            body |= {"max_tokens": 100, "messages": [{"role": "user", "content": "q"}]}
            body |= {"stream_options": {"include_usage": True}} if client == "chat" else {}
    ask = PEEKS[client](body)
    return begin(client=client, body=body, raw=dumps(body), ask=ask, model=model(SERVED_AT[endpoint]), stamp=STAMP)


def _frame(event: Any) -> bytes:
    """An event as it comes; one that was bent out of shape comes as what is left of it."""
    name, value = event if isinstance(event, list) and len(event) == 2 else ("", event)
    data = value.replace("\n", " ").encode("utf-8", "replace") if isinstance(value, str) else dumps(value)
    return encode(data, name.replace("\n", " ") if isinstance(name, str) else "")


def _readable(out: bytes) -> None:
    """Fails unless a client can read the stream: JSON in every frame, but for the mark at its end."""
    decoder = SseDecoder()
    for frame in [*decoder.feed(out), *decoder.close()]:
        if frame.data and frame.data != b"[DONE]":
            json.loads(frame.data)


def _told(work: Translation, client: Client) -> None:
    """What is told of it in headers and in the log can be told."""
    assert all(isinstance(name, str) for name in (*work.losses, *work.repairs))
    assert work.usage is None or work.usage.prompt >= 0
    assert client in CLIENTS


TARGETS: dict[str, Target] = {
    "sse": sse,
    "codec": codec,
    "packed": packed,
    "names": names,
    "config": config,
    "requests": requests,
    "raw_requests": raw_requests,
    "counts": counts,
    "sockets": sockets,
    "answers": answers,
    "wholes": wholes,
}


def anything(data: bytes) -> None:
    """One of them, chosen by the first byte: for a short search, in which starting each would take longer than the search."""
    dice = Dice(data[:1])
    dice.pick(tuple(TARGETS.values()))(data[1:])
