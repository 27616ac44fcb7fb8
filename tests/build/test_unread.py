"""What nobody reads goes, and every statement stays on its line."""

import ast
import dataclasses
import inspect
import json
import typing
from types import ModuleType
from typing import Any

import pytest
import typer.main
from docstrings import without_docstrings

MODULES: list[ModuleType] = [ast, dataclasses, inspect, json, json.decoder, typer, typer.main, typer.params, typing]


def docs(tree: ast.Module) -> list[str | None]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, owners)]


def statements(tree: ast.Module) -> list[tuple[type[ast.stmt], int]]:
    return [(type(node), node.lineno) for node in ast.walk(tree) if isinstance(node, ast.stmt)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_statements_stay_on_their_lines_and_docstrings_go(module: ModuleType) -> None:
    source = inspect.getsource(module)
    before, after = ast.parse(source), ast.parse(without_docstrings(source))
    assert statements(after) == statements(before)
    assert any(docs(before))
    assert set(docs(after)) <= {"", ".", None}


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - that is what is tested
    return names


@pytest.mark.parametrize(
    "docstring",
    [
        '"one"',
        "'''two\n\n    lines: ☃, \\\\ and a \\\" quote\n    '''",
        '"in " "parts"',
        '"with a comment"  # of its own',
        '"with another statement"; x = 1',
        'r"""raw\n\\d"""',
    ],
)
def test_a_docstring_of_any_shape(docstring: str) -> None:
    source = f"{docstring}\ndef f():\n    {docstring}\n    return 7\nclass C:\n    {docstring}\n    y = 8\n"
    names = run(without_docstrings(source))
    assert (names["__doc__"], names["f"].__doc__, names["C"].__doc__) == ("", "", ".")
    assert (names["f"](), names["C"].y) == (7, 8)


def test_other_texts_stay() -> None:
    source = 'def f():\n    x = "text"\n    "no docstring"\n    return x\nclass C: s = """a\nb"""\n'
    assert without_docstrings(source) == source


def test_a_dataclass_is_spared_writing_one_of_its_own() -> None:
    names = run(without_docstrings('from dataclasses import dataclass\n@dataclass\nclass C:\n    "doc"\n    x: int\n'))
    assert names["C"].__doc__ == "."


def test_what_typer_documents_parameters_with_goes() -> None:
    source = 'a = Doc("""\n  long\n""")\nb = Other("kept")\nc = Doc(name)\n'
    assert without_docstrings(source) == 'a = Doc(""\\\n\\\n)\nb = Other("kept")\nc = Doc(name)\n'
