"""One cell of the table: one client, one model's endpoint, one fault; what came of it, and when."""

import asyncio
import io
import time
from dataclasses import dataclass, field
from typing import Any, get_args

import aiohttp

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.sandbox import Sandbox
from tests.faults import judge
from tests.faults.judge import Malformed, Speaks, Verdict
from tests.faults.rows import Row
from tests.matrix.speakers import SPEAKERS, TOOL, Wish

MODELS = {"/chat/completions": "gpt-4.1", "/v1/messages": "claude-opus-5", "/responses": "gpt-5.3-codex"}
"""A model that is behind that endpoint and behind no other."""

CALL = (TOOL, {"city": "Oslo"})
MARK = "Zugspitze"
"""A word of every prompt, which no log may hold."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A column of the table."""

    speaks: Speaks
    endpoint: str
    stream: bool

    def __str__(self) -> str:
        how = "stream" if self.stream else "whole"
        return f"{self.speaks} → {self.endpoint.rpartition('/')[2]}, {how}"


PAIRS = tuple(
    Pair(speaks, endpoint, stream)
    for speaks in get_args(Speaks)
    for endpoint in MODELS
    for stream in (True, False)
    if stream or speaks != "socket"
)


@dataclass(kw_only=True)
class Cell:
    """What became of a request. `wrong` says what is not as it must be, "" if all is well."""

    pair: Pair
    row: Row
    verdict: Verdict | None = None
    seconds: float = 0.0
    resent: int = 0
    request_id: str = ""
    wrong: str = ""
    headers: Any = field(default_factory=dict)

    @property
    def text(self) -> str:
        """For the table."""
        return self.verdict.text if self.verdict else self.wrong


class Asker:
    """Asks one server, and knows what the sandbox behind it saw. Requests may go on at the same time."""

    def __init__(self, http: aiohttp.ClientSession, url: str, sandbox: Sandbox) -> None:
        self._http = http
        self._url = url
        self._sandbox = sandbox
        self._number = 0

    async def cell(self, pair: Pair, row: Row, *, limit_s: float = 30.0) -> Cell:
        """Sends one request to which the fault of `row` happens, and judges what comes."""
        self._number += 1
        when = f"cell {self._number:04}."
        self._sandbox.script.answer(row.says, tools=[CALL], when=when, times=2)
        row.plan(self._sandbox.script, when)
        cell = Cell(pair=pair, row=row)
        started = time.monotonic()
        try:
            async with asyncio.timeout(limit_s):
                await self._ask(cell, f"{MARK}: {when} {row.name} {'x' * row.size}")
        except TimeoutError:
            cell.wrong = "hang"
        except Exception as error:  # noqa: BLE001 - whatever a client would stumble over is what a cell is to show
            cell.wrong = f"{type(error).__name__}: {str(error)[:300]}"
        cell.seconds = time.monotonic() - started
        self._look_upstream(cell, when)
        cell.wrong = cell.wrong or misfit(cell)
        return cell

    async def _ask(self, cell: Cell, text: str) -> None:
        pair = cell.pair
        speaker = SPEAKERS["responses" if pair.speaks == "socket" else pair.speaks]
        model = MODELS[pair.endpoint]
        path, body = speaker.path(model, pair.stream), speaker.body(model, Wish(text=text, tools=True), pair.stream)
        if pair.speaks == "socket":
            await self._ask_over_socket(cell, path, body)
            return
        sent = io.BytesIO(dumps(body))  # aiohttp warns of large bytes
        async with self._http.post(self._url + path, data=sent, headers={"Content-Type": "application/json"}) as response:
            cell.request_id, cell.headers = response.headers["x-request-id"], response.headers
            data = await response.read()
        if pair.stream:
            cell.verdict = judge.of_stream(pair.speaks, response.status, response.content_type, data)
        else:
            cell.verdict = judge.of_whole(pair.speaks, response.status, data)

    async def _ask_over_socket(self, cell: Cell, path: str, body: Json) -> None:
        events: list[Json] = []
        async with self._http.ws_connect(self._url + path, max_msg_size=0) as socket:
            await socket.send_json({key: value for key, value in body.items() if key != "stream"} | {"type": "response.create"})
            while not events or events[-1]["type"] not in {*judge.ENDINGS, "error"}:
                message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise Malformed(f"silent end: {message.type.name} after {events[-1:]}")
                events.append(loads(message.data.encode()))
        cell.headers = events[-1].get("headers", {})
        cell.verdict = judge.of_messages(events)

    def _look_upstream(self, cell: Cell, when: str) -> None:
        mine = [seen for seen in self._sandbox.seen if seen.path == cell.pair.endpoint and when.encode() in seen.body]
        cell.resent = max(0, len(mine) - 1)
        cell.request_id = cell.request_id or (mine[0].headers["X-Request-Id"] if mine else "")


def misfit(cell: Cell) -> str:
    """What a cell shows that its row does not allow."""
    row, verdict = cell.row, cell.verdict
    is_over_socket = cell.pair.speaks == "socket"
    gets, resent = row.gets, row.resent
    if row.is_loss and is_over_socket:
        gets, resent = "error", (0,)
    if verdict is None or (verdict.told is not None) is not (gets == "answer"):
        return f"{gets} was due: {cell.text}: {verdict and verdict.message}"
    if verdict.told and (verdict.told.text, verdict.told.calls) != (row.says, [CALL]):
        return f"a wrong answer: {str(verdict.told)[:300]}"
    if verdict.status >= 400 and cell.pair.speaks in {"chat", "responses"} and verdict.status not in row.statuses:
        return f"{row.statuses} was due: {cell.text}"
    if verdict.status >= 400 and row.retry_after and retry_after(cell) != row.retry_after:
        return f"Retry-After {row.retry_after} was due: {dict(cell.headers)}"
    if cell.resent not in resent:
        return f"sent again {cell.resent} times, {resent} were due"
    if MARK in verdict.message:
        return f"the prompt in an error: {verdict.message}"
    return f"took {cell.seconds:.1f} s" if cell.seconds > row.within_s else ""


def retry_after(cell: Cell) -> str:
    """What the client is told of when to come back."""
    return str(cell.headers.get("Retry-After", cell.headers.get("retry-after", "")))
