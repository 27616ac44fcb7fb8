"""Measures executables side by side with the program run from source: what `build/build.py --check` prints.

Times are medians of interleaved runs on one machine, so that what disturbs one disturbs the others too. What a request costs is
counted in instructions, which nothing disturbs. A sandbox in a process of its own is the upstream. For Linux and macOS.
"""

import asyncio
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from instructions import SLOWER, Counter, can_count, counted

STARTS, SERVERS = 9, 4
CONNECTIONS, REQUESTS = 8, 4
"""At a time, and on each of them."""
PORT = 21410
"""Low enough that no client socket of a test happens to hold it."""
LIMIT_S = 30.0

QUESTION = "Explain how an HTTP proxy works, step by step. " * 12


@dataclass(frozen=True)
class Way:
    """A way through the program: a route and a body for it."""

    route: str
    body: Mapping[str, Any]


def _chat(model: str, *, stream: bool) -> Way:
    messages = [{"role": "user", "content": QUESTION}]
    return Way("/v1/chat/completions", {"model": model, "stream": stream, "messages": messages})


def _messages(model: str) -> Way:
    return Way(
        "/v1/messages",
        {"model": model, "stream": True, "max_tokens": 500, "messages": [{"role": "user", "content": QUESTION}]},
    )


WAYS = {
    "Chat, whole, passed through": _chat("gpt-4.1", stream=False),
    "Chat, stream, passed through": _chat("gpt-4.1", stream=True),
    "Messages, stream, passed through": _messages("claude-sonnet-4.6"),
    "Messages to Responses, stream": _messages("gpt-5.3-codex"),
    "Messages to Chat, stream": _messages("gemini-3.1-pro-preview"),
    "Responses to Messages, stream": Way("/v1/responses", {"model": "claude-sonnet-4.6", "stream": True, "input": QUESTION}),
    "Counting tokens": Way(
        "/v1/messages/count_tokens", {"model": "gpt-4.1", "messages": [{"role": "user", "content": QUESTION}]}
    ),
}

GOALS = {
    "size, MB": {"copilot-api": 16.0},
    "--version, ms": {"copilot-api": 45.0, "copilot-api.dist": 45.0},
    "--help, ms": {"copilot-api": 80.0, "copilot-api.dist": 80.0},
    "start to first answer, ms": {"copilot-api": 250.0, "copilot-api.dist": 250.0},
    "idle memory, MiB": {"copilot-api": 50.0, "copilot-api.dist": 50.0},
}

COST = ", instructions per request, k"
"""At the end of a row's name. None may be above what the source costs."""

SOURCE = "source"
Commands = Mapping[str, Sequence[str]]
Row = dict[str, float]


def compare(source: Sequence[str], executables: Mapping[str, Path]) -> None:
    """Measures and prints one table; `executables` maps names to programs. Takes about three minutes.

    What a request costs is left out, and said to be, where the machine cannot count it.
    """
    commands: Commands = {SOURCE: source, **{name: [str(path)] for name, path in executables.items()}}
    sizes = {name: _size(path.parent if name.endswith(".dist") else path) for name, path in executables.items()}
    rows: dict[str, Row] = {"size, MB": sizes}
    os.sync()  # what a build has written is not to be waited for by what is measured
    with tempfile.TemporaryDirectory() as home, _upstream() as upstream:
        environ = {**from_source(), **upstream, "HOME": home}
        rows["first --version, unpacking, ms"] = {n: _ended_ms(c, environ, "--version") for n, c in commands.items()}
        for option in ("--version", "--help"):
            rows[f"{option}, ms"] = _interleaved(commands, STARTS, partial(_ended_ms, environ=environ, option=option))
        rows["start to first answer, ms"] = _interleaved(commands, SERVERS, partial(_first_answer_ms, environ=environ))
        rows["idle memory, MiB"] = _interleaved(commands, 1, partial(_idle_mb, environ=environ))
        if can_count():
            # Once they run, the one file and the folder are the same.
            costs = {name: _costs(commands[name], environ) for name in list(commands)[:2]}
            rows |= {f"{way}{COST}": {name: found[way] for name, found in costs.items()} for way in WAYS}
        else:
            print("valgrind would count what a request costs: sudo apt-get install valgrind", file=sys.stderr)
    _print(rows, list(commands))


def from_source() -> dict[str, str]:
    """An environment in which Python finds the package of this clone; an executable looks at nothing of the kind."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


def _interleaved(commands: Commands, times: int, measured: Callable[[Sequence[str]], float]) -> Row:
    found: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(times):
        for name in list(commands) if turn % 2 else reversed(list(commands)):
            found[name].append(measured(commands[name]))
    return {name: statistics.median(values) for name, values in found.items()}


def _size(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _ended_ms(command: Sequence[str], environ: Mapping[str, str], option: str) -> float:
    started = time.perf_counter()
    # Without a time-out: with one, Python looks only now and then whether the process has ended.
    subprocess.run([*command, option], env=environ, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def _first_answer_ms(command: Sequence[str], environ: Mapping[str, str]) -> float:
    started = time.perf_counter()
    with _serving(command, environ):
        _ask(next(iter(WAYS.values())))
        return (time.perf_counter() - started) * 1000


def _idle_mb(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """Of the process and its children, once what it warms up after its start is warm."""
    with _serving(command, environ) as server:
        time.sleep(3)
        table = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
        rows = [tuple(map(int, line.split())) for line in table.splitlines()]
        family = {server.pid}
        while more := {pid for pid, parent, _ in rows if parent in family} - family:
            family |= more
        return sum(rss for pid, _, rss in rows if pid in family) / 1024


def _costs(command: Sequence[str], environ: Mapping[str, str]) -> Row:
    """Thousands of instructions per request on each way, once the program remembers what the first few taught it."""
    with tempfile.TemporaryDirectory() as folder:
        under_watch = counted(list(command), Path(folder))
        with _serving(under_watch, environ, limit_s=LIMIT_S * SLOWER) as server:
            counter = Counter(server.pid, Path(folder))
            counter.begin()
            found: Row = {}
            for name, way in WAYS.items():
                _load(way, 2)
                counter.take()
                _load(way, REQUESTS)
                found[name] = counter.take() / (CONNECTIONS * REQUESTS) / 1000
            return found


@contextmanager
def _serving(
    command: Sequence[str], environ: Mapping[str, str], *, limit_s: float = LIMIT_S
) -> Iterator["subprocess.Popen[bytes]"]:
    """A server on PORT that has begun to listen; ended with the block, if it has not ended by then."""
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([*command, "start", "--port", str(PORT)], env=environ, stdout=quiet, stderr=quiet)
    try:
        ends = time.monotonic() + limit_s
        while not _is_healthy():
            if server.poll() is not None or time.monotonic() > ends:
                raise SystemExit(f"error: {command[0]} does not start; try: {' '.join(command)} start --port {PORT} --sandbox")
            time.sleep(0.002)
        yield server
    finally:
        if server.returncode is None:
            server.send_signal(signal.SIGINT)
            server.wait(limit_s)


def _is_healthy() -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=LIMIT_S) as answer:
        return bool(answer.status == 200)
    return False


def _ask(way: Way) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}{way.route}", json.dumps(way.body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        answer.read()


def _load(way: Way, requests: int) -> None:
    """Asks that often on each of several connections at once, as a busy morning does."""
    body, headers = json.dumps(way.body), {"content-type": "application/json"}

    def ask(_: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=LIMIT_S)
        with closing(connection):
            for _ in range(requests):
                connection.request("POST", way.route, body, headers)
                answer = connection.getresponse()
                if answer.status != 200:
                    raise SystemExit(f"error: {way.route} was answered with {answer.status}: {answer.read()[:300]!r}")
                answer.read()

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(ask, range(CONNECTIONS)))


@contextmanager
def _upstream() -> Iterator[dict[str, str]]:
    """The variables that point a program at a sandbox of its own."""
    command, pipe = [sys.executable, __file__], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=from_source()) as sandbox:
        assert sandbox.stdin  # noqa: S101 - it is a pipe
        assert sandbox.stdout  # noqa: S101 - it is a pipe
        try:
            yield json.loads(sandbox.stdout.readline())
        finally:
            sandbox.stdin.close()


async def _be_upstream() -> None:
    """A sandbox until standard input ends; prints the variables that lead to it."""
    from copilot_api.sandbox import Sandbox

    async with Sandbox() as sandbox:
        urls = {
            "COPILOT_API_GITHUB_URL": sandbox.github_url,
            "COPILOT_API_GITHUB_API_URL": sandbox.github_api_url,
            "COPILOT_API_COPILOT_URL": sandbox.copilot_url,
            "GH_TOKEN": sandbox.grant,
        }
        print(json.dumps(urls), flush=True)
        await asyncio.to_thread(sys.stdin.read)


def _print(rows: Mapping[str, Row], names: Sequence[str]) -> None:
    width = max(map(len, rows))
    print(f"{'':{width}}" + "".join(f"{name:>24}" for name in names))
    for label, row in rows.items():
        print(f"{label:{width}}" + "".join(f"{_cell(label, name, row):>24}" for name in names))


def _cell(label: str, name: str, row: Row) -> str:
    """A number with its ratio to the source run's, and with its goal where there is one."""
    if name not in row:
        return ""
    value, goal = row[name], GOALS.get(label, {}).get(name)
    if goal is not None:
        return f"{value:.1f} ({'≤' if value <= goal else 'over'} {goal:g})"
    if SOURCE not in row or name == SOURCE:
        return f"{value:.2f}"
    if label.endswith(COST):
        return f"{value:.1f} ({'≤' if value <= row[SOURCE] else 'over'} 1: {value / row[SOURCE]:.3f}x)"
    return f"{value:.2f} ({value / row[SOURCE]:.2f}x)"


if __name__ == "__main__":
    asyncio.run(_be_upstream())
