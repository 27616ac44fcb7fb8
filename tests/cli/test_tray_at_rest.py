"""The tray at rest: what it costs to have it in the bar while nobody asks anything. Printed, and held against the promise."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.desktop import Desktop
from tests.builders.program import Program
from tests.cli.test_tray import ended_well, lab, started

if sys.platform == "linux":
    from tests.builders.bar import bar
    from tests.builders.robot import Robot

pytestmark = pytest.mark.slow
__all__ = ("lab",)
SETTLED_S = 5.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True)
class Cost:
    """What a process has cost so far (proc(5)): processor seconds and wake-ups of all its threads, and MiB in memory."""

    cpu_s: float
    wakeups: int
    mib: float

    @classmethod
    def of(cls, pid: int) -> "Cost":
        process = Path("/proc", str(pid))
        fields = (process / "stat").read_text("utf-8").rpartition(")")[2].split()
        switches = [line for task in (process / "task").iterdir() for line in (task / "status").read_text("utf-8").splitlines()]
        wakeups = sum(int(line.split()[1]) for line in switches if line.startswith("voluntary_ctxt_switches"))
        status = (process / "status").read_text("utf-8").splitlines()
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return cls((int(fields[11]) + int(fields[12])) / TICKS_PER_S, wakeups, kib / 1024)


async def rest(pid: int, seconds: float) -> tuple[Cost, Cost]:
    """What it costs to leave that process alone for so long: before and after."""
    await asyncio.sleep(SETTLED_S)
    before = await asyncio.to_thread(Cost.of, pid)
    await asyncio.sleep(seconds)
    return before, await asyncio.to_thread(Cost.of, pid)


def told(what: str, before: Cost, after: Cost, seconds: float) -> str:
    per_minute = (after.wakeups - before.wakeups) / seconds * 60
    return f"{what}: {after.cpu_s - before.cpu_s:.2f} s CPU, {per_minute:.1f} wake-ups a minute, {after.mib:.1f} MiB"


@pytest.mark.timeout(1400)
@pytest.mark.parametrize("seconds", [20, pytest.param(600, marks=pytest.mark.nightly)])
async def test_at_rest_it_costs_nothing_but_a_little_memory(
    program: Program, lab: Sandbox, private_bus: Desktop, capsys: pytest.CaptureFixture[str], seconds: int
) -> None:
    program.environ |= {"DBUS_SESSION_BUS_ADDRESS": private_bus.address, "GH_TOKEN": lab.grant}
    async with program.serving() as server:
        server_costs = await rest(server.process.pid, seconds)
    with bar(private_bus.address) as there:
        async with started(program) as tray:
            await Robot(there).row("Serving on ")
            tray_costs = await rest(tray.process.pid, seconds)
            tray.process.terminate()
            await ended_well(tray)
    with capsys.disabled():
        for line in (f"at rest for {seconds} s", told("server", *server_costs, seconds), told("tray", *tray_costs, seconds)):
            sys.stderr.write(f"\n  {line}")
    before, after = tray_costs
    assert after.cpu_s - before.cpu_s < max(0.02, seconds * 0.0005), "it is at work while nothing is to be done"
    assert after.mib - server_costs[1].mib < 10
