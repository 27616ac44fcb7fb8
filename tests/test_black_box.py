"""Which tests `--executable` runs: chosen by what they use, the same ones for every form of the program."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from copilot_api.form import Form
from tests.builders.forms import form_of, left_out, mark


class Item:
    """A test that uses those fixtures."""

    def __init__(self, *fixtures: str) -> None:
        self.nodeid = "a test"
        self.fixturenames = list(fixtures)
        self.marks: list[str] = []

    def add_marker(self, name: str) -> None:
        self.marks.append(name)


INSIDE = Item("service", "make_service", "sandbox")
PROGRAM = Item("program", "sandbox")
SERVER = Item("server", "serve", "make_service")
COMPILED = Item("compiled", "program")
ONE_FILE = Item("one_file", "compiled", "program")
ALL: Any = [INSIDE, PROGRAM, SERVER, COMPILED, ONE_FILE]


def out_of(executable: str) -> Any:
    return left_out(ALL, executable)


@pytest.fixture
def executables(tmp_path: Path) -> dict[Form, str]:
    one = tmp_path / "one" / "copilot-api"
    folder = tmp_path / "folder" / "copilot-api"
    for path in (one, folder, folder.with_name("_ssl.so")):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return {Form.ONE_FILE: str(one), Form.FOLDER: str(folder), Form.SOURCE: "source"}


def test_a_plain_run_has_all_but_what_needs_an_executable() -> None:
    assert out_of("") == [COMPILED, ONE_FILE]


@pytest.mark.parametrize(
    ("form", "out"),
    [
        (Form.SOURCE, [INSIDE, COMPILED, ONE_FILE]),
        (Form.FOLDER, [INSIDE, ONE_FILE]),
        (Form.ONE_FILE, [INSIDE]),
    ],
)
def test_a_black_box_runs_every_behavioural_test_whatever_its_form(
    executables: dict[Form, str], form: Form, out: list[Item]
) -> None:
    assert form_of(executables[form]) is form
    assert out_of(executables[form]) == out


def test_marks_follow_from_what_a_test_uses() -> None:
    items: Any = [Item(*item.fixturenames) for item in ALL]
    mark(items)
    assert [item.marks for item in items] == [[], ["behavioural"], ["behavioural"], ["compiled"], ["compiled"]]


@pytest.mark.parametrize("inside", ["service", "caplog", "monkeypatch"])
def test_a_test_that_looks_into_its_own_process_is_not_behavioural(inside: str) -> None:
    looking: Any = Item("serve", inside)
    mark([looking])
    assert looking.marks == []
    assert left_out([looking], "source") == [looking]
    assert left_out([looking], "") == []


def test_what_uses_nothing_is_left_out_of_a_black_box() -> None:
    bare: Any = SimpleNamespace(nodeid="a doctest")
    assert left_out([bare], "source") == [bare]
    assert left_out([bare], "") == []
