"""Two hundred clients at once, which ask and judge what they get; and Copilot, whose tokens end every few seconds."""

import asyncio
import itertools
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.sandbox import Sandbox
from tests.endurance.plans import Plan, planned
from tests.faults import judge
from tests.faults.cells import MARK, MODELS
from tests.faults.judge import Malformed, Verdict
from tests.matrix.speakers import SPEAKERS, Wish

LIMIT_S = 90.0
TOKEN_LIFE_S = 22.0
"""Copilot-api fetches no more than three new tokens a minute for those that were refused."""

SMALL_BUFFER_BYTES = 16 * 1024
RECENT = 2000


@dataclass
class Score:
    """What came of the requests: how many ended in which way, and each that is wrong, with its event."""

    ended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    under_way: int = 0

    @property
    def asked(self) -> int:
        return self.ended.total()


class Drill:
    """The load on the server at `url`, in front of `sandbox`, by `seed`."""

    def __init__(self, url: str, sandbox: Sandbox, seed: int, *, at_once: int) -> None:
        self.score = Score()
        self._url = url
        self._sandbox = sandbox
        self._seed = seed
        self._at_once = at_once
        self._numbers = itertools.count(1)
        self._http: aiohttp.ClientSession
        self._slow_http: aiohttp.ClientSession

    async def run(self, seconds: float) -> None:
        """Asks for so long, and waits for the last answers."""
        async with _session() as self._http, _session(buffer_bytes=SMALL_BUFFER_BYTES) as self._slow_http:
            ends_at = asyncio.get_running_loop().time() + seconds
            async with asyncio.TaskGroup() as group:
                ageing = group.create_task(self._age(), name="tokens end")
                clients = [group.create_task(self._client(ends_at), name=f"client {n}") for n in range(self._at_once)]
                await asyncio.wait(clients)
                ageing.cancel()

    async def _age(self) -> None:
        while True:
            await asyncio.sleep(TOKEN_LIFE_S)
            self._sandbox.expire_tokens()

    async def _client(self, ends_at: float) -> None:
        while asyncio.get_running_loop().time() < ends_at:
            await self._one(planned(self._seed, next(self._numbers)))

    async def _one(self, plan: Plan) -> None:
        script = self._sandbox.script
        script.answer(plan.text, thinking=plan.thinking, tools=plan.calls, when=plan.when, times=2)
        if plan.fault:
            fields = {"times": 1, **plan.fields}
            script.fault(plan.fault, when=plan.when, **fields)  # type: ignore[arg-type] # kinds stand in the table
        self.score.under_way += 1
        try:
            async with asyncio.timeout(LIMIT_S):
                how = await self._judged(plan)
        except TimeoutError:
            how = self._wrong(plan, "hang")
        except Exception as error:  # noqa: BLE001 - whatever a client would stumble over is what is looked for
            how = self._wrong(plan, f"{type(error).__name__}: {str(error)[:400]}")
        finally:
            self.score.under_way -= 1
            script.forget(plan.when)
        self.score.ended[how] += 1
        if len(self._sandbox.seen) > RECENT:
            del self._sandbox.seen[: RECENT // 2]

    async def _judged(self, plan: Plan) -> str:
        """How it ended, as a word for the statistics."""
        verdict = await (self._over_socket(plan) if plan.pair.speaks == "socket" else self._over_http(plan))
        if verdict is None:
            return plan.manner
        if MARK in verdict.message:
            return self._wrong(plan, f"the prompt in an error: {verdict.message}")
        if verdict.told is None:
            if plan.must_be_answered:
                return self._wrong(plan, f"an error for no reason: {verdict.text}: {verdict.message}")
            return verdict.text
        told = verdict.told
        if (told.text, told.calls) != (plan.text, list(plan.calls)) or told.thought not in {"", plan.thinking}:
            return self._wrong(plan, f"a wrong answer: {str(told)[:600]} where {plan.text[:300]!r} was said")
        return "answer"

    async def _over_http(self, plan: Plan) -> Verdict | None:
        pair = plan.pair
        path, body = self._asked(plan)
        http = self._slow_http if plan.manner == "reads slowly" else self._http
        if plan.manner == "leaves at once":
            with suppress(TimeoutError):
                async with asyncio.timeout(plan.pause_s):
                    async with http.post(self._url + path, json=body) as response:
                        await response.read()
            return None
        data = bytearray()
        async with http.post(self._url + path, json=body) as response:
            async for piece in response.content.iter_chunked(8 * 1024 if plan.manner == "reads slowly" else 256 * 1024):
                data += piece
                if plan.manner == "leaves" and len(data) >= plan.leaves_after:
                    return None
                if plan.manner == "reads slowly":
                    await asyncio.sleep(plan.pause_s)
        if plan.manner == "leaves" and response.status == 200 and len(data) < plan.leaves_after:
            return None
        if pair.stream:
            return judge.of_stream(pair.speaks, response.status, response.content_type, bytes(data))
        return judge.of_whole(pair.speaks, response.status, bytes(data))

    async def _over_socket(self, plan: Plan) -> Verdict | None:
        path, body = self._asked(plan)
        events: list[Json] = []
        async with self._http.ws_connect(self._url + path, max_msg_size=0) as socket_:
            await socket_.send_json({**{k: v for k, v in body.items() if k != "stream"}, "type": "response.create"})
            if plan.manner == "leaves at once":
                return None
            while not events or events[-1]["type"] not in {*judge.ENDINGS, "error"}:
                message = await socket_.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise Malformed(f"silent end: {message.type.name} after {events[-1:]}")
                events.append(loads(message.data.encode()))
                if plan.manner == "leaves" and len(events) * 100 > plan.leaves_after:
                    return None
                if plan.manner == "reads slowly":
                    await asyncio.sleep(plan.pause_s / 10)
        return judge.of_messages(events)

    def _asked(self, plan: Plan) -> tuple[str, Json]:
        speaks = "responses" if plan.pair.speaks == "socket" else plan.pair.speaks
        model, speaker = MODELS[plan.pair.endpoint], SPEAKERS[speaks]
        wish = Wish(text=f"{MARK}: {plan.when}", tools=True, thinks=bool(plan.thinking))
        body = speaker.body(model, wish, plan.pair.stream)
        return speaker.path(model, plan.pair.stream), loads(dumps(body))

    def _wrong(self, plan: Plan, what: str) -> str:
        self.score.wrong.append(f"{plan.event}: {what}")
        return "WRONG"


def _session(*, buffer_bytes: int = 0) -> aiohttp.ClientSession:
    """Clients with a connection for each request, and with buffers of that size."""

    def made(address: aiohttp.AddrInfoType) -> socket.socket:
        made = socket.socket(*address[:3])
        if buffer_bytes:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        return made

    connector = aiohttp.TCPConnector(limit=0, force_close=True, socket_factory=made)
    return aiohttp.ClientSession(connector=connector, read_bufsize=buffer_bytes or 2**16)
