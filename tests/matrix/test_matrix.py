"""Any client on any model: every dialect on every model of the catalog with every feature, on one page.

The page is written to out/matrix.html. A cell is what was seen: passed through, translated, or why it cannot be.
"""

import asyncio
import html
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from copilot_api.dialects.codec import loads
from copilot_api.dialects.models import Model, parse_list
from copilot_api.sandbox import Sandbox
from copilot_api.translate import Client
from tests.builders.serving import Serving
from tests.matrix.speakers import ANSWER_JSON, PNG, SPEAKERS, TOOL, Speaker, Told, Wish, failure

PAGE = Path(__file__).parents[2] / "out" / "matrix.html"
CALL = (TOOL, {"city": "Oslo"})


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of one feature. `kind` is "through", "translated" or "not possible"; `why` explains the last."""

    kind: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One client on one model."""

    client: Client
    model: Model
    server: Serving
    sandbox: Sandbox
    http: aiohttp.ClientSession

    @property
    def speaker(self) -> Speaker:
        return SPEAKERS[self.client]

    async def ask(self, wish: Wish, *, stream: bool) -> tuple[int, bytes]:
        """Status and body of the answer."""
        path, body = self.speaker.path(self.model.id, stream), self.speaker.body(self.model.id, wish, stream)
        async with self.http.post(self.server.url + path, json=body) as response:
            return response.status, await response.read()

    async def told(self, wish: Wish, *, stream: bool = True) -> Told:
        """What the client reads in the answer."""
        status, body = await self.ask(wish, stream=stream)
        assert status == 200, body
        return self.speaker.stream(body) if stream else self.speaker.whole(loads(body))


async def plain(case: Case) -> None:
    case.sandbox.script.answer("Cold and bright.")
    told = await case.told(Wish(), stream=False)
    assert (told.text, told.end) == ("Cold and bright.", case.speaker.ends["stop"])


async def streamed(case: Case) -> None:
    case.sandbox.script.answer("Cold and bright.")
    told = await case.told(Wish())
    assert (told.text, told.end) == ("Cold and bright.", case.speaker.ends["stop"])


async def tool(case: Case) -> None:
    case.sandbox.script.answer("I look.", tools=[CALL])
    told = await case.told(Wish(tools=True))
    assert (told.text, told.calls) == ("I look.", [CALL])
    answer = await case.told(Wish(tools=True, result="4 degrees, rain"))
    assert "4 degrees, rain" in answer.text


async def parallel(case: Case) -> None:
    case.sandbox.script.answer("", tools=[CALL, (TOOL, {"city": "Bergen"})], times=2)
    for stream in (True, False):
        told = await case.told(Wish(tools=True), stream=stream)
        assert told.calls == [CALL, (TOOL, {"city": "Bergen"})]


async def tool_error(case: Case) -> None:
    told = await case.told(Wish(tools=True, result="no such city", failed=True))
    assert "no such city" in told.text


async def image(case: Case) -> str:
    if not case.model.vision:
        return "the model does not see"
    case.sandbox.script.answer("A dot.")
    assert (await case.told(Wish(image=True))).text == "A dot."
    seen = case.sandbox.seen[-1]
    assert PNG.encode() in seen.body
    assert seen.headers["copilot-vision-request"] == "true"
    return ""


async def thinking(case: Case) -> str:
    if not case.model.thinks:
        return "the model does not reason"
    case.sandbox.script.answer("Rain.", thinking="Norway in November.")
    told = await case.told(Wish(thinks=True))
    assert told.text == "Rain."
    assert told.thought == "Norway in November."
    return ""


async def structured(case: Case) -> None:
    case.sandbox.script.answer(ANSWER_JSON)
    assert (await case.told(Wish(schema=True))).text == ANSWER_JSON
    assert b"city" in case.sandbox.seen[-1].body


async def long_context(case: Case) -> None:
    case.sandbox.script.answer("Read.")
    words = "All work and no play makes a dull day. " * 4000
    assert (await case.told(Wish(text=words))).text == "Read."
    assert words.strip().encode() in case.sandbox.seen[-1].body


async def stop(case: Case) -> str:
    if case.client == "responses":
        return "Responses has no stop sequences"
    told = await case.told(Wish(stop="sandbox"))
    sent = case.sandbox.seen[-1].json
    if "stop" not in sent and "stop_sequences" not in sent:
        return "the model takes none: dropped, and named as a repair or a loss"
    assert "sandbox" not in told.text
    return ""


async def refusal(case: Case) -> None:
    case.sandbox.script.answer("I cannot.", finish="refusal")
    told = await case.told(Wish())
    assert told.end == case.speaker.ends["refusal"]
    assert "I cannot." in told.text


async def length(case: Case) -> None:
    case.sandbox.script.answer("cut", finish="length")
    told = await case.told(Wish(cap=50))
    assert (told.text, told.end) == ("cut", case.speaker.ends["length"])


async def upstream_error(case: Case) -> None:
    for stream in (False, True):
        case.sandbox.script.fault("rate_limited", seconds=7)
        status, body = await case.ask(Wish(), stream=stream)
        assert status == 429, body
        assert loads(body)["error"]["message"]


async def mid_stream_error(case: Case) -> None:
    case.sandbox.script.answer("one two three four five six seven eight")
    case.sandbox.script.fault("error_event", after=6)
    case.sandbox.pace_s = 0.02  # all at once, it would break before anything was sent
    status, body = await case.ask(Wish(), stream=True)
    case.sandbox.pace_s = 0.0
    assert status == 200
    assert failure(body)


FEATURES: dict[str, Callable[[Case], Awaitable[str | None]]] = {
    "plain": plain,
    "stream": streamed,
    "tool": tool,
    "parallel tools": parallel,
    "tool error": tool_error,
    "image": image,
    "thinking": thinking,
    "structured output": structured,
    "long context": long_context,
    "stop": stop,
    "refusal": refusal,
    "length": length,
    "upstream error": upstream_error,
    "mid-stream error": mid_stream_error,
}
PAGE_HEAD = """<!doctype html><meta charset=utf-8><title>Any client on any model</title>
<style>
body { font: 15px system-ui; margin: 2em }
td { text-align: center; padding: .2em .6em } th { text-align: left; font-weight: 500 }
.through { background: #d7f0dc } .translated { background: #dbe8fb } .not { background: #eee } .empty { background: #f7c6c6 }
</style>
<h1>Any client on any model</h1>
<p>● passed through · ◐ translated · ○ not possible, for one of these reasons:</p>
"""
ENDPOINTS = {"chat": "/chat/completions", "messages": "/v1/messages", "responses": "/responses"}


@pytest.fixture
def every_model(sandbox: Sandbox) -> Sandbox:
    """The sandbox with an account that has accepted every model's terms, before anything reads its catalog."""
    sandbox.models = [entry | {"policy": {"state": "enabled", "terms": ""}} for entry in sandbox.models]
    return sandbox


async def test_every_client_gets_every_feature_from_every_model(
    every_model: Sandbox, server: Serving, http: aiohttp.ClientSession
) -> None:
    models = _models(every_model)
    cells: dict[tuple[Client, str, str], Cell] = {}
    failures: list[str] = []
    for client, feature, model in itertools.product(SPEAKERS, FEATURES, models):
        case = Case(client=client, model=model, server=server, sandbox=every_model, http=http)
        every_model.script.clear()
        try:
            why = await FEATURES[feature](case)
        except Exception as error:  # noqa: BLE001 - the whole page is to be seen, not its first failure
            failures.append(f"{client} on {model.id}, {feature}: {type(error).__name__}: {str(error)[:300]}")
            continue
        is_own = every_model.seen[-1].path == ENDPOINTS.get(client)
        cells[client, model.id, feature] = Cell("not possible", why) if why else Cell("through" if is_own else "translated")
    await asyncio.to_thread(_write, _page(cells, [model.id for model in models]))
    assert len(models) >= 14
    assert failures == []
    assert len(cells) == len(SPEAKERS) * len(FEATURES) * len(models)


def _write(page: str) -> None:
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page, "utf-8")


def _models(sandbox: Sandbox) -> list[Model]:
    return [model for model in parse_list({"data": sandbox.models}).values() if model.kind == "chat"]


def _page(cells: dict[tuple[Client, str, str], Cell], models: list[str]) -> str:
    """The matrix as a page: a table a client, a row a model, a column a feature."""
    signs = {"through": "●", "translated": "◐", "not possible": "○"}
    tables = []
    for client in SPEAKERS:
        rows = []
        for model in models:
            seen = [cells.get((client, model, feature), Cell("empty")) for feature in FEATURES]
            found = [(cell.kind, cell.why) for cell in seen]
            drawn = "".join(
                f'<td class="{kind.split()[0]}" title="{html.escape(why or kind)}">{signs.get(kind, "?")}</td>'
                for kind, why in found
            )
            rows.append(f"<tr><th>{html.escape(model)}</th>{drawn}</tr>")
        head = "".join(f"<th><span>{html.escape(feature)}</span></th>" for feature in FEATURES)
        tables.append(f"<h2>{client}</h2><table><tr><th></th>{head}</tr>{''.join(rows)}</table>")
    reasons = sorted({cell.why for cell in cells.values() if cell.why})
    notes = "".join(f"<li>{html.escape(reason)}</li>" for reason in reasons)
    return PAGE_HEAD + f"<ul>{notes}</ul>" + "".join(tables)
