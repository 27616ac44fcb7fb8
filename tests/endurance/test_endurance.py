"""Hours of use in minutes: two hundred streams at once in every dialect, by seed, with all that goes wrong on the way.

What is said must be what is read, or a typed error; what the server takes of the machine must not grow. The server is a process
of its own: this source, or what `--executable` names. The curves are in out/endurance.html.
"""

import asyncio
import os
import random
import sys

import pytest

from copilot_api.form import Form
from copilot_api.sandbox import Sandbox
from tests.builders.program import Program
from tests.builders.serving import serving
from tests.builders.waiting import eventually
from tests.conftest import SettingsFor
from tests.endurance.drill import Drill
from tests.endurance.watch import Sample, Watch, draw
from tests.faults.cells import MARK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process takes is read from /proc")

AT_ONCE = 200
PACE_S = 0.1
SETTLED_S = 60.0
"""After so long everything was done once, and memory is at its level."""

KEPT_ALIVE_S = 60.0
"""Connections to Copilot that nobody uses are surely closed by then."""

PATIENCE = {"idle_timeout_s": 6, "heartbeat_s": 1.5, "connect_timeout_s": 5, "client_timeout_s": 15, "websocket_store_mib": 8}


async def endure(
    seconds: float, seed: int, *, program: Program, sandbox: Sandbox, settings_for: SettingsFor, form: Form, tolerance: float
) -> None:
    for entry in sandbox.models:
        entry.pop("policy", None)
    sandbox.pace_s = PACE_S
    for name in [name for name in program.environ if name.startswith("COVERAGE_")]:
        del program.environ[name]  # what it takes is not the program's
    facts = {"seed": str(seed), "form": form.value, "seconds": f"{seconds:.0f}", "at once": str(AT_ONCE)}
    async with serving(program, settings_for(**PATIENCE)) as server, Watch(server.process.pid) as watch:
        drill = Drill(server.url, sandbox, seed, at_once=AT_ONCE)
        before = await watch.now()
        try:
            await drill.run(seconds)
            busy = list(watch.samples)
            await eventually(lambda: all(seen.outcome for seen in sandbox.seen), within_s=30)
            after = await idle(watch, before.descriptors)
        finally:
            score = drill.score
            facts |= {"requests": str(score.asked), "ended": _told(score.ended), "wrong": "\n".join(score.wrong[:50]) or "none"}
            await asyncio.to_thread(draw, watch.samples, facts)
        level, last = watch.memory(SETTLED_S - 10, SETTLED_S + 10), watch.memory(busy[-1].at_s - 20, busy[-1].at_s)
        grown = f"{last / level - 1:+.1%}, {after.memory:.1f} when it is over"
        facts["memory"] = f"{level:.1f} MiB after a minute, {last:.1f} at the end, {grown}"
        for name in ("descriptors", "threads"):
            most = max(getattr(sample, name) for sample in busy)
            facts[name] = f"{getattr(before, name)} before, {most} at the most, {getattr(after, name)} after"
        await asyncio.to_thread(draw, watch.samples, facts)
    print("\n" + "\n".join(f"{name}: {what}" for name, what in facts.items()))  # noqa: T201 - what a long run found
    assert not score.wrong, f"seed {seed}, {len(score.wrong)} wrong:\n" + "\n".join(score.wrong[:20])
    assert score.asked > seconds * 10, facts
    assert MARK not in server.err, f"seed {seed}: the prompt in the log"
    assert after.descriptors <= before.descriptors, facts
    # Those of the pool come when they are first needed, and stay.
    assert max(s.threads for s in busy) <= before.threads + min(32, (os.cpu_count() or 1) + 4), facts
    assert last <= level * (1 + tolerance), facts


async def idle(watch: Watch, descriptors: int) -> Sample:
    """What the server has when it has no more descriptors open than that; what it has after a minute, if that never comes."""
    ends_at = asyncio.get_running_loop().time() + KEPT_ALIVE_S
    while (now := await watch.now()).descriptors > descriptors and asyncio.get_running_loop().time() < ends_at:  # noqa: ASYNC110
        await asyncio.sleep(0.5)
    return now


def _told(ended: dict[str, int]) -> str:
    return "\n".join(f"{count:6} {how}" for how, count in sorted(ended.items(), key=lambda entry: -entry[1]))


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_five_minutes_leave_no_trace(
    program: Program, sandbox: Sandbox, settings_for: SettingsFor, form: Form, pytestconfig: pytest.Config
) -> None:
    seed = int(pytestconfig.getoption("--seed") or 20261129)
    await endure(300, seed, program=program, sandbox=sandbox, settings_for=settings_for, form=form, tolerance=0.05)


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.timeout(2400)
async def test_half_an_hour_leaves_no_trace(
    program: Program, sandbox: Sandbox, settings_for: SettingsFor, form: Form, pytestconfig: pytest.Config
) -> None:
    seed = int(pytestconfig.getoption("--seed") or random.randrange(1_000_000_000))
    await endure(1800, seed, program=program, sandbox=sandbox, settings_for=settings_for, form=form, tolerance=0.05)
