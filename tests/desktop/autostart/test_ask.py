"""What the system's programs say is heard, and a program that fails or is not there is told."""

import sys
from pathlib import Path

import pytest

from copilot_api.desktop.autostart import ask as asking
from copilot_api.desktop.autostart.ask import ask, stream, tell
from copilot_api.errors import SystemRefused

PYTHON = sys.executable


def test_how_it_ended_and_what_it_said_is_heard() -> None:
    said = ask(PYTHON, "-c", "import sys; print('out é'.encode().decode()); print(' err ', file=sys.stderr); sys.exit(3)")
    assert (said.code, said.out.strip(), said.err) == (3, "out é", "err")


def test_where_only_success_will_do_the_complaint_is_passed_on() -> None:
    assert tell(PYTHON, "-c", "print('fine')").strip() == "fine"
    with pytest.raises(SystemRefused, match=r"failed: no such unit$"):
        tell(PYTHON, "-c", "import sys; sys.exit('no such unit')")
    with pytest.raises(SystemRefused, match="failed: exit code 4"):
        tell(PYTHON, "-c", "raise SystemExit(4)")


@pytest.mark.parametrize("way", [ask, tell, lambda *command: list(stream(*command))])
def test_a_program_that_is_not_there_is_told(way: object) -> None:
    assert callable(way)
    with pytest.raises(SystemRefused, match="there is no launchctl-of-nobody here"):
        way("launchctl-of-nobody")


def test_one_that_does_not_end_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LIMIT_S", 0.2)
    with pytest.raises(SystemRefused, match=r"did not end within 0.2 s"):
        ask(PYTHON, "-c", "import time; time.sleep(20)")


def test_lines_come_as_they_are_said_and_who_wants_no_more_ends_it(tmp_path: Path) -> None:
    endless = "import time, itertools\nfor n in itertools.count(): print(n, flush=True); time.sleep(0.01)"
    lines = stream(PYTHON, "-c", endless)
    assert [next(lines) for _ in range(3)] == ["0", "1", "2"]
    lines.close()  # type: ignore[attr-defined] # a generator, which ends the program
    assert list(stream(PYTHON, "-c", "print('one'); print('two')")) == ["one", "two"]


def test_one_that_ends_with_a_complaint_is_told_after_what_it_said() -> None:
    lines = stream(PYTHON, "-c", "import sys; print('one'); sys.exit(3)")
    assert next(lines) == "one"
    with pytest.raises(SystemRefused, match="ended with exit code 3"):
        next(lines)
