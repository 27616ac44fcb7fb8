"""The fixtures of the repair table: one text file for each row, read and played with the table as it is, or without the row.

A file has lines of `key: value`, then parts that begin with `--- before`, `--- refused` and `--- after`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Stamp
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.errors import ClientMistake, CopilotApiError, UpstreamRefused
from copilot_api.translate import betas
from copilot_api.translate.beginning import Beginning
from copilot_api.translate.learned import Lesson
from copilot_api.translate.repair import Endpoint, Faults, Target, mended
from copilot_api.translate.repair_answers import CHAT_ANSWERS, MESSAGES_ANSWERS, RESPONSES_ANSWERS
from copilot_api.translate.repair_requests import REQUESTS
from copilot_api.translate.repairs import Row
from copilot_api.translate.retries import RETRIES, Again, Sent, again
from copilot_api.translate.watch_chat import ChatWatch
from copilot_api.translate.watch_messages import MessagesWatch
from copilot_api.translate.watch_responses import ResponsesWatch
from tests.builders.models import model

FOLDER = Path(__file__).parent.parent / "translate" / "repairs"
PLACES = {"/chat/completions": "chat", "/v1/messages": "messages", "/responses": "responses", "": "any"}
STAMP = Stamp(id="7", created=99, model="asked")
Watch: TypeAlias = ChatWatch | MessagesWatch | ResponsesWatch
ANSWERS = {"/chat/completions": CHAT_ANSWERS, "/v1/messages": MESSAGES_ANSWERS, "/responses": RESPONSES_ANSWERS}


@dataclass(frozen=True, kw_only=True)
class Fixture:
    """One case: its settings, and its parts as text."""

    facts: Mapping[str, str]
    before: str
    refused: str
    after: str

    def list(self, key: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.facts.get(key, "").split(",") if part.strip())

    def is_set(self, key: str) -> bool:
        return self.facts.get(key) == "yes"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of it: the value to compare with the part `after`, and the names that fired."""

    value: Any
    fired: frozenset[str]


def path_of(row: Row) -> Path:
    return FOLDER / PLACES[row.where] / f"{row.name}.txt"


def read(path: Path) -> Fixture:
    head, *parts = re.split(r"^--- ", path.read_text("utf-8"), flags=re.MULTILINE)
    named = {title.strip(): text.removesuffix("\n") for title, _, text in (part.partition("\n") for part in parts)}
    facts = dict(line.split(": ", 1) for line in head.splitlines() if line)
    return Fixture(facts=facts, before=named["before"], refused=named.get("refused", ""), after=named["after"])


def expected(fixture: Fixture) -> Any:
    """The part `after` as the value that an outcome has."""
    return _value(fixture.after)


def play(row: Row, fixture: Fixture, *, leave_out: bool = False, inside: bool = False) -> Outcome:
    """The fixture with the whole table, or without `row`. `inside`: the refusal comes inside an answer."""
    if row.side == "answer":
        return _answer(row, fixture, leave_out=leave_out)
    if row.side == "retry":
        return _retry(row, fixture, leave_out=leave_out, inside=inside)
    return _betas(row, fixture, leave_out=leave_out) if row.name in betas.BETAS else _request(row, fixture, leave_out=leave_out)


def _value(text: str) -> Any:
    return loads(text.encode()) if text.startswith(("{", "[")) else text


def _target(fixture: Fixture) -> Target:
    lessons = frozenset(
        Lesson(beta=lesson.removeprefix("beta ")) if lesson.startswith("beta ") else Lesson(path=tuple(lesson.split(".")))
        for lesson in fixture.list("learned")
    )
    served = model(fixture.facts.get("model", "gpt-4.1"))
    return Target(model=served, stream=fixture.is_set("stream"), betas=fixture.list("betas"), lessons=lessons)


def _request(row: Row, fixture: Fixture, *, leave_out: bool) -> Outcome:
    endpoint: Endpoint = row.where  # type: ignore[assignment] # request rows of other places are played elsewhere
    body, target = loads(fixture.before.encode()), _target(fixture)
    fired: set[str] = set()
    for repair in REQUESTS[endpoint]:
        if leave_out and repair.name == row.name:
            continue
        try:
            body, names = mended(body, target, (repair,))
        except ClientMistake as mistake:  # a row that refuses has fired as well
            return Outcome(value=mistake.message, fired=frozenset({*fired, repair.name}))
        fired |= {*names}
    return Outcome(value=body, fired=frozenset(fired))


def _betas(row: Row, fixture: Fixture, *, leave_out: bool) -> Outcome:
    table = {name: fault for name, fault in betas.BETAS.items() if not (leave_out and name == row.name)}
    lessons = _target(fixture).lessons
    kept, fired = betas.taken(fixture.list("betas"), allowed=fixture.list("allowed"), lessons=lessons, table=table)
    return Outcome(value=", ".join(kept), fired=frozenset(fired))


def _answer(row: Row, fixture: Fixture, *, leave_out: bool) -> Outcome:
    table = {name: fault for name, fault in ANSWERS[row.where].items() if not (leave_out and name == row.name)}
    watch = _watch(row, fixture, table)
    before = _value(fixture.before)
    try:
        value = watch.whole(before) if isinstance(before, dict) else _stream(watch, fixture.before)
    except CopilotApiError as problem:
        value = problem.message
    return Outcome(value=value, fired=frozenset(watch.repairs))


def _watch(row: Row, fixture: Fixture, table: Faults) -> Watch:
    names = dict(pair.split("=") for pair in fixture.list("names"))
    if row.where == "/chat/completions":
        return ChatWatch(STAMP, wants_usage=fixture.is_set("usage"), merges=True, tool_names=names, table=table)
    if row.where == "/v1/messages":
        return MessagesWatch(STAMP, tool_names=names, table=table)
    freed = frozenset(("", name) for name in fixture.list("freed"))
    places = {("", sent): ("", own) for sent, own in names.items()}
    return ResponsesWatch(STAMP, _target(fixture).model, request={}, freed=freed, tool_names=places, table=table)


def _stream(watch: Watch, text: str) -> str:
    out = b"".join(map(watch.frame, SseDecoder().feed(text.encode())))
    return (out + watch.close()).decode()


def _retry(row: Row, fixture: Fixture, *, leave_out: bool, inside: bool) -> Outcome:
    table = tuple(retry for retry in RETRIES if not (leave_out and retry.name == row.name))
    body: Json = loads(fixture.before.encode())
    refused: Json = loads(fixture.refused.encode())
    endpoint: Endpoint = fixture.facts.get("endpoint", "/chat/completions")  # type: ignore[assignment] # a file's word
    problem = _inside(refused, endpoint) if inside else _said(refused)
    found = again(Sent(body=body, endpoint=endpoint, target=_target(fixture)), problem, table)
    return Outcome(value=_told(found), fired=frozenset({found.name} if found else ()))


def _said(refused: Json) -> UpstreamRefused:
    status, code, param = refused.get("status", 400), refused.get("code", ""), refused.get("param", "")
    return UpstreamRefused(refused["message"], status=status, code=code, param=param)


def _inside(refused: Json, endpoint: Endpoint) -> UpstreamRefused:
    """The same words in an event, after those with which an answer begins."""
    created = encode(b'{"type":"response.created","response":{}}', "response.created")
    beginning = Beginning(endpoint)
    assert not [*beginning.feed(SseDecoder().feed(created + encode(dumps(refused | {"type": "error"}), "error")))]
    assert beginning.refusal is not None
    return beginning.refusal


def _told(found: Again | None) -> Any:
    if found is None:
        return "the refusal stands"
    if found.elsewhere or found.later:
        return "the same, elsewhere" if found.elsewhere else "the same, later"
    learned = {"learned": [lesson.name for lesson in sorted(found.lessons)]} if found.lessons else {}
    return found.body | ({"betas": list(found.betas)} if found.betas else {}) | learned
