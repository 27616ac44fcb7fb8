"""Everything that can go wrong upstream, for every client on every endpoint: an answer or an error of the client's own dialect,
in time, sent again where that is safe, with one line in the log, and with nothing left open. The table is out/faults.html.
"""

import asyncio
import logging
import re
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api.log import request_id
from copilot_api.sandbox import Sandbox
from copilot_api.service import Service
from copilot_api.upstream.clock import SystemClock
from copilot_api.upstream.replays import Budget
from tests.builders.front import Front
from tests.builders.program import Program
from tests.builders.serving import serving
from tests.builders.waiting import eventually
from tests.conftest import MakeService, SettingsFor
from tests.faults import page, rows
from tests.faults.cells import MARK, PAIRS, Asker, Cell, Pair
from tests.faults.rows import ROWS, Row

AT_ONCE = 16
DESCRIPTORS = Path("/proc/self/fd")
# A busy machine may need a second for all that is asked at once; a connection that is refused meanwhile is not one that hangs.
IMPATIENT: dict[str, Any] = {"idle_timeout_s": 2, "connect_timeout_s": 3, "heartbeat_s": 0.3}

WHY = re.compile(r" ms(?:, lost \S+)?: \S| answered \d{3}: \S")
Cells = dict[tuple[Row, Pair], Cell]

# One pair for each client, and among them each endpoint and both ways of answering.
FEW = (
    Pair("chat", "/chat/completions", stream=True),
    Pair("messages", "/v1/messages", stream=True),
    Pair("messages", "/responses", stream=False),
    Pair("responses", "/responses", stream=False),
    Pair("gemini", "/chat/completions", stream=True),
    Pair("socket", "/v1/messages", stream=True),
)
SLOW = {"silence before the headers", "silence in the middle", "a slow drip", "each byte by itself"}


class Logbook(logging.Handler):
    """What is logged of each request, by its id."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: dict[str, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.setdefault(request_id.get(), []).append(record.getMessage())

    def misfit(self, cell: Cell) -> str:
        """What is wrong with what was logged of a request that failed: one line says why, none says what was asked."""
        lines = self.lines.get(cell.request_id, [])
        if any(MARK in line for line in lines):
            return f"the prompt in the log: {lines}"
        if cell.verdict is None or cell.verdict.told:
            return ""
        # What is tried again is told as well, but that is not yet the failure.
        reasons = [line for line in lines if WHY.search(line)]
        return "" if len(reasons) == 1 else f"{len(reasons)} lines in the log say why: {lines}"


@pytest.fixture(autouse=True)
def every_claude_is_enabled(sandbox: Sandbox) -> None:
    for entry in sandbox.models:
        entry.pop("policy", None)


@pytest.fixture
def logbook() -> Iterator[Logbook]:
    book, logger = Logbook(), logging.getLogger("copilot_api")
    level = logger.level
    logger.addHandler(book)
    logger.setLevel(logging.INFO)
    yield book
    logger.removeHandler(book)
    logger.setLevel(level)


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """One connection a request, so that none is old."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        yield session


def unbounded(service: Service) -> Service:
    """A service for which hundreds of faults in a minute are nothing unusual."""
    service.client.budget = Budget(SystemClock(), size=1e6)
    return service


def acquired(service: Service) -> int:
    """Connections to Copilot that are in use."""
    connector = service.client._http.connector
    assert connector is not None
    return len(connector._acquired)


def open_descriptors() -> int:
    """Of this process, where the system tells."""
    return len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.exists() else 0


async def filled(asker: Asker, row: Row, pairs: Sequence[Pair], *, at_once: int = AT_ONCE) -> list[Cell]:
    """A row of the table."""
    gate = asyncio.Semaphore(at_once)

    async def one(pair: Pair) -> Cell:
        async with gate:
            return await asker.cell(pair, row)

    return await asyncio.gather(*(one(pair) for pair in pairs))


async def checked(cells: list[Cell], service: Service, sandbox: Sandbox, logbook: Logbook, asker: Asker) -> list[Cell]:
    """The cells after a look at what they left: in the log, and of connections; the next request must be answered."""
    await eventually(lambda: acquired(service) == 0)
    for cell in cells:
        if not cell.wrong and cell.request_id:
            cell.wrong = logbook.misfit(cell)
    sandbox.seen.clear()
    sandbox.script.clear()
    after = await asker.cell(cells[0].pair, ROWS[0])
    assert not after.wrong, f"after {cells[0].row.name}: {after.wrong}"
    return cells


def wrongs(cells: Cells) -> list[str]:
    return [f"{row.name}, {pair}: {cell.wrong}" for (row, pair), cell in cells.items() if cell.wrong]


def table(row: Row, cells: list[Cell]) -> Cells:
    return {(row, cell.pair): cell for cell in cells}


async def test_every_fault_meets_every_client(
    make_service: MakeService, sandbox: Sandbox, client: aiohttp.ClientSession, logbook: Logbook
) -> None:
    """The quick part of the table, for a few of the pairs."""
    service = unbounded(await make_service(**IMPATIENT))
    asker = Asker(client, service.url, sandbox)
    found: Cells = {}
    for row in ROWS:
        if row.name not in SLOW:
            found |= table(row, await checked(await filled(asker, row, FEW), service, sandbox, logbook, asker))
    assert not wrongs(found), "\n".join(wrongs(found))


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_whole_table(
    make_service: MakeService,
    sandbox: Sandbox,
    client: aiohttp.ClientSession,
    logbook: Logbook,
    program: Program,
    settings_for: SettingsFor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    found: Cells = {}
    before = open_descriptors()
    try:
        service = unbounded(await make_service(**IMPATIENT))
        asker = Asker(client, service.url, sandbox)
        await filled(asker, ROWS[0], PAIRS, at_once=1)  # what is done once takes longer than this service has patience
        for row in ROWS:
            found |= table(row, await checked(await filled(asker, row, PAIRS), service, sandbox, logbook, asker))
        await service.stop()
        await eventually(lambda: open_descriptors() <= before)
        strict = await make_service(**IMPATIENT, answer_timeout_s=3)
        asker = Asker(client, strict.url, sandbox)
        cells = await filled(asker, rows.ENDLESS, PAIRS, at_once=len(PAIRS))
        found |= table(rows.ENDLESS, await checked(cells, strict, sandbox, logbook, asker))
        # In one process with the client, which cannot answer pings while it reads such a line.
        large = await make_service()
        asker = Asker(client, large.url, sandbox)
        cells = await filled(asker, rows.LARGE, PAIRS, at_once=4)
        found |= table(rows.LARGE, await checked(cells, large, sandbox, logbook, asker))
        found |= await below_http(make_service, sandbox, client, logbook, monkeypatch)
        found |= await without_a_token(make_service, sandbox, client, logbook)
        found |= await below_tls(program, settings_for, sandbox, client, tmp_path)
    finally:
        await asyncio.to_thread(page.write, found)
    assert not wrongs(found), "\n".join(wrongs(found))
    assert len(found) == len(PAIRS) * len({row for row, _ in found})
    assert len({row for row, _ in found}) == len(ROWS) + 10


async def below_http(
    make_service: MakeService,
    sandbox: Sandbox,
    client: aiohttp.ClientSession,
    logbook: Logbook,
    monkeypatch: pytest.MonkeyPatch,
) -> Cells:
    """Connections that do not come about, and one on which nobody reads; in the end an outage."""
    found: Cells = {}
    async with Front(sandbox.copilot_url, host="localhost") as front:
        service = unbounded(await make_service(**IMPATIENT, copilot_url=front.url))
        asker = Asker(client, service.url, sandbox)

        async def fill(row: Row, *, at_once: int = len(PAIRS)) -> None:
            service.network_changed()
            cells = await filled(asker, row, PAIRS, at_once=at_once)
            await front.set("open")
            service.network_changed()
            found.update(table(row, await checked(cells, service, sandbox, logbook, asker)))

        await front.set("gone")
        await fill(rows.REFUSED)
        with nobody_knows("localhost", monkeypatch):
            connector = service.client._http.connector
            assert isinstance(connector, aiohttp.TCPConnector)
            connector.clear_dns_cache()
            await front.set("open")
            cells = await filled(asker, rows.LOOKED_UP_IN_VAIN, PAIRS, at_once=len(PAIRS))
        service.network_changed()
        found |= table(rows.LOOKED_UP_IN_VAIN, await checked(cells, service, sandbox, logbook, asker))
        await front.set("unread")
        await fill(rows.UNREAD, at_once=6)
        await front.set("gone")
        found |= table(rows.OUTAGE, await outage(service, asker))
        await front.set("open")
        await eventually(lambda: not any(breaker.is_open for breaker in service.breakers), within_s=20)
        assert not service.status.is_github_down
        after = await asker.cell(PAIRS[0], ROWS[0])
        assert not after.wrong
    return found


async def outage(service: Service, asker: Asker) -> list[Cell]:
    """Requests once it is known that Copilot is gone."""
    while not any(breaker.is_open for breaker in service.breakers):
        await asker.cell(PAIRS[0], rows.REFUSED)
    # Until the rest between two probes is long enough for the whole row.
    await asyncio.sleep(4)
    cells = await filled(asker, rows.OUTAGE, PAIRS, at_once=len(PAIRS))
    for cell in cells:
        if cell.verdict and cell.verdict.status == 503 and not cell.headers.get("Retry-After", cell.headers.get("retry-after")):
            cell.wrong = cell.wrong or f"no Retry-After: {dict(cell.headers)}"
    return cells


@contextmanager
def nobody_knows(host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system's resolver has no answer for that name."""
    ask: Callable[..., Any] = socket.getaddrinfo

    def look_up(name: Any, *args: Any, **kwargs: Any) -> Any:
        if name == host:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return ask(name, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", look_up)
        yield


async def without_a_token(
    make_service: MakeService, sandbox: Sandbox, client: aiohttp.ClientSession, logbook: Logbook
) -> Cells:
    """GitHub's own troubles, when there is no token that lives."""
    found: Cells = {}
    for row, mode in ((rows.GATEWAY, "open"), (rows.GITHUB_GONE, "gone")):
        async with Front(sandbox.github_api_url) as front:
            service = unbounded(await make_service(**IMPATIENT, github_api_url=front.url))
            asker = Asker(client, service.url, sandbox)
            token = await service.auth.token()
            if mode == "gone":
                await front.set("gone")
            else:
                sandbox.script.fault("status", path="/copilot_internal/v2/token", status=502, times=1000)
            service.auth.discard(token)
            cells = await filled(asker, row, PAIRS)
            sandbox.script.clear()
            await front.set("open")
            service.network_changed()
            found |= table(row, await checked(cells, service, sandbox, logbook, asker))
    return found


async def below_tls(
    program: Program, settings_for: SettingsFor, sandbox: Sandbox, client: aiohttp.ClientSession, folder: Path
) -> Cells:
    """Certificates, and handshakes that fail: for a program of its own, because a process reads once whom it trusts."""
    found: Cells = {}
    trusted, foreign = await asyncio.to_thread(certificates, folder)
    async with Front(sandbox.copilot_url, tls=trusted, host="localhost") as front:
        program.environ["SSL_CERT_FILE"] = str(folder / "trusted.pem")
        async with serving(program, settings_for(**IMPATIENT, copilot_url=front.url)) as server:
            asker = Asker(client, server.url, sandbox)
            for row in (rows.FOREIGN, rows.CUT):
                front.tls = foreign if row is rows.FOREIGN else trusted
                await front.set("open" if row is rows.FOREIGN else "cut")
                cells = await filled(asker, row, PAIRS, at_once=len(PAIRS))
                front.tls = trusted
                await front.set("open")
                started = time.monotonic()
                while (after := await asker.cell(PAIRS[0], replace(ROWS[0], within_s=60))).wrong:
                    assert time.monotonic() < started + 20, after.wrong
                found |= table(row, cells)
        assert MARK not in server.err
    return found


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What servers for localhost show: one with a certificate that can be trusted by its name, and one with any other."""
    shown = []
    for name in ("trusted", "foreign"):
        key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        made += ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost"]
        made += ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run(made, check=True, capture_output=True)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        shown.append(context)
    return shown[0], shown[1]
