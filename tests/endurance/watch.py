"""What a process takes of the machine while it works: memory, descriptors, threads; drawn as curves (Linux)."""

import asyncio
import html
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "out"
EVERY_S = 2.0
COLOURS = {"memory": "#2563eb", "descriptors": "#d97706", "threads": "#16a34a"}


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process had at a moment: `at_s` seconds after the watch began."""

    at_s: float
    memory: float
    descriptors: int
    threads: int


class Watch:
    """Looks at process `pid` every two seconds while the block runs."""

    def __init__(self, pid: int) -> None:
        self.samples: list[Sample] = []
        self._pid = pid
        self._began = time.monotonic()

    async def __aenter__(self) -> "Watch":  # noqa: PYI034 - the only one there is
        self._task = asyncio.create_task(self._run(), name="watch")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def memory(self, from_s: float, to_s: float = float("inf")) -> float:
        """MiB that it had in those seconds, as a rule."""
        return statistics.median(s.memory for s in self.samples if from_s <= s.at_s <= to_s)

    async def now(self) -> Sample:
        """What it has just now."""
        return await asyncio.to_thread(self._look)

    async def _run(self) -> None:
        while True:
            self.samples.append(await self.now())
            await asyncio.sleep(EVERY_S)

    def _look(self) -> Sample:
        folder = Path(f"/proc/{self._pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text("utf-8").splitlines())
        return Sample(
            at_s=time.monotonic() - self._began,
            memory=int(status["VmRSS"].split()[0]) / 1024,
            descriptors=len(os.listdir(folder / "fd")),  # noqa: PTH208 - as fast as can be
            threads=int(status["Threads"]),
        )


def draw(samples: list[Sample], facts: dict[str, str]) -> None:
    """Writes the page of that form of the program: the curves, each to its own scale, and what was found."""
    FOLDER.mkdir(exist_ok=True)
    name = "endurance" if facts["form"] == "source" else f"endurance-{facts['form'].replace(' ', '-')}"
    rows = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(what)}</td></tr>" for name, what in facts.items())
    curves = "".join(_curve(samples, name) for name in COLOURS)
    (FOLDER / f"{name}.html").write_text(
        "<!doctype html><meta charset=utf-8><title>Endurance</title>"
        "<style>body{font:15px system-ui;margin:2em} th{text-align:left;padding-right:1em;font-weight:500}"
        " td{white-space:pre-wrap}</style>"
        f"<h1>Endurance</h1><table>{rows}</table>{curves}",
        "utf-8",
    )


def _curve(samples: list[Sample], name: str) -> str:
    values = [float(getattr(sample, name)) for sample in samples]
    most, last_s = max(values) * 1.1 or 1.0, max(sample.at_s for sample in samples) or 1.0
    points = " ".join(
        f"{40 + 900 * s.at_s / last_s:.1f},{180 - 160 * v / most:.1f}" for s, v in zip(samples, values, strict=True)
    )
    unit = " MiB" if name == "memory" else ""
    return (
        f'<h2>{name}</h2><svg viewBox="0 0 960 200" width="960" style="border:1px solid #ddd">'
        f'<polyline fill="none" stroke="{COLOURS[name]}" stroke-width="1.5" points="{points}"/>'
        f'<text x="4" y="14" font-size="12">{max(values):.0f}{unit}</text>'
        f'<text x="880" y="196" font-size="12">{last_s:.0f} s</text></svg>'
    )
