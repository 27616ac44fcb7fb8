"""Which form of the program the tests run, and which tests can run any form: those that talk to it from outside only."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from copilot_api.form import Form

SOURCE = "source"

# What a test asks for says what it needs. These give nothing but ways to talk to a running program.
FROM_OUTSIDE = {"program", "serve"}
ONLY_FOR = {"compiled": {Form.FOLDER, Form.ONE_FILE}, "one_file": {Form.ONE_FILE}}
# Who takes one of these looks into this process, where such a program is not.
INSIDE = {"service", "caplog", "monkeypatch"}


def form_of(executable: str) -> Form:
    """What `--executable` names: the libraries of a folder lie beside it, the one file has them inside."""
    if executable in {"", SOURCE}:
        return Form.SOURCE
    return Form.FOLDER if (Path(executable).resolve().parent / "_ssl.so").exists() else Form.ONE_FILE


def mark(items: Iterable[pytest.Item]) -> None:
    """Marks the behavioural tests and those of compiled forms, by the fixtures that they use."""
    for item in items:
        uses = _fixtures(item)
        if uses & ONLY_FOR.keys():
            item.add_marker("compiled")
        elif _is_behavioural(uses):
            item.add_marker("behavioural")


def left_out(items: Iterable[pytest.Item], executable: str) -> list[pytest.Item]:
    """The tests that `--executable` does not want; without it, those that need one."""
    form = form_of(executable)
    return [item for item in items if not _is_wanted(_fixtures(item), form, black_box=bool(executable))]


def _is_wanted(uses: set[str], form: Form, *, black_box: bool) -> bool:
    if needed := [forms for name, forms in ONLY_FOR.items() if name in uses]:
        return all(form in forms for forms in needed)
    return not black_box or _is_behavioural(uses)


def _is_behavioural(uses: set[str]) -> bool:
    return bool(uses & FROM_OUTSIDE) and not uses & INSIDE


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))
