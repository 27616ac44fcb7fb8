"""In processes of their own: what is frozen in this one would stay frozen for every test that follows."""

import subprocess
import sys

import pytest

PROGRAM = """
import gc
from copilot_api.thrift import settle
{}
"""


def run(code: str) -> list[str]:
    command = [sys.executable, "-c", PROGRAM.format(code)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.split()


def test_what_the_start_made_is_left_out_of_later_collections() -> None:
    code = """
before = len(gc.get_objects())
settle()
print(gc.get_freeze_count() > before / 2, len(gc.get_objects()) < before / 10)
"""
    assert run(code) == ["True", "True"]


def test_garbage_of_the_start_is_collected_and_not_kept_for_good() -> None:
    code = """
import weakref
class Ring: pass
ring = Ring(); ring.itself = ring; seen = weakref.ref(ring); del ring
gc.disable(); settle(); print(seen() is None)
"""
    assert run(code) == ["True"]


def test_garbage_is_looked_for_seldom_while_it_starts_and_as_usual_from_then_on() -> None:
    code = """
import sys
from copilot_api.__main__ import main
sys.argv[1:] = ["--help"]
try:
    main()
except SystemExit:
    print("\\n", gc.get_threshold()[0])
settle()
print(gc.get_threshold()[0])
"""
    assert run(code)[-2:] == ["100000", "2000"]


if sys.platform == "linux":

    @pytest.mark.parametrize("times", [1, 2])
    def test_pages_given_back_are_read_again_when_they_are_needed(times: int) -> None:
        """The whole program, its constants and its code go on working, however often it settles."""
        code = f"""
for _ in range({times}): settle()
import json, decimal, email.message
print(json.loads(json.dumps({{"a": [1.5]}}))["a"][0], decimal.Decimal("0.1") + 1)
"""
        assert run(code) == ["1.5", "1.1"]

    def test_what_is_free_in_the_middle_of_the_heap_is_given_back() -> None:
        code = """
from pathlib import Path
from copilot_api.thrift import trim
def resident(): return int(Path("/proc/self/statm").read_text().split()[1])
held = [bytearray(20_000) for _ in range(4000)]
for piece in held: piece[0] = 1
last = held.pop(); del held; gc.collect()
before = resident(); trim()
print(before - resident() > 2000)
"""
        assert run(code) == ["True"]

    def test_a_server_that_works_gives_back_what_it_does_not_need_and_one_that_rests_is_left_alone() -> None:
        code = """
import asyncio
from pathlib import Path
from copilot_api.thrift import TRIM_S, keep_trimmed
slept = []
def resident(): return int(Path("/proc/self/statm").read_text().split()[1])
async def sleep(seconds):
    slept.append((seconds, resident()))
    if len(slept) == 4: raise KeyboardInterrupt
held = [bytearray(20_000) for _ in range(4000)]
for piece in held: piece[0] = 1
last = held.pop(); del held; gc.collect()
counts = iter([0, 7, 7, 7, 7])
try:
    asyncio.run(keep_trimmed(sleep, lambda: next(counts)))
except KeyboardInterrupt:
    (a, begun), (b, rested), (c, worked), _ = slept
    print({a, b, c} == {TRIM_S}, begun - rested < 500, rested - worked > 2000)
"""
        assert run(code) == ["True", "True", "True"]

    def test_a_system_that_does_not_tell_what_is_mapped_is_no_obstacle() -> None:
        code = """
from pathlib import Path
from copilot_api import thrift
thrift._MAPS = Path("/proc/self/not-there")
settle()
print(gc.get_freeze_count() > 1)
"""
        assert run(code) == ["True"]
