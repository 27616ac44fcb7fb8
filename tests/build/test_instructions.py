"""The count of a program's work grows with the work, and is the same each time."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from instructions import Counter, counted

pytestmark = pytest.mark.usefixtures("valgrind")

# Works as many times as it is told, and says when it has.
WORKER = """
import sys
print("ready", flush=True)
for line in sys.stdin:
    total = 0
    for i in range(int(line)):
        total += i
    print("done", flush=True)
"""
TIMES = 20_000


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """That program, under what counts."""
    command = counted([sys.executable, "-I", "-S", "-c", WORKER], tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()
        process.wait(30)


def work(worker: subprocess.Popen[str], times: int) -> None:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{times}\n")
    worker.stdin.flush()
    assert worker.stdout.readline() == "done\n"


def test_twice_the_work_is_twice_the_count_and_the_same_work_the_same(worker: subprocess.Popen[str], tmp_path: Path) -> None:
    counter = Counter(worker.pid, tmp_path)
    work(worker, TIMES)  # not counted
    counter.begin()
    taken = []
    for times in (TIMES, TIMES, 2 * TIMES, 0):
        work(worker, times)
        taken.append(counter.take())
    once, again, twice, nothing = taken
    assert again == pytest.approx(once, rel=0.02)
    assert twice - nothing == pytest.approx(2 * (once - nothing), rel=0.02)
    assert once > 10 * TIMES
    assert nothing < once / 20


def test_a_process_that_is_gone_cannot_be_counted(worker: subprocess.Popen[str], tmp_path: Path) -> None:
    assert worker.stdin is not None
    worker.stdin.close()
    worker.wait(30)
    counter = Counter(worker.pid, tmp_path)
    with pytest.raises((subprocess.CalledProcessError, FileNotFoundError)):
        counter.begin()
        counter.take()
