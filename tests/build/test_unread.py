"""What nobody reads goes, and every statement stays on its line."""

import ast
import dataclasses
import inspect
import json
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
from unread import Cut, Module, annotations, docstrings, without

import copilot_api

MODULES: list[ModuleType] = [ast, dataclasses, inspect, json, json.decoder, typer, typer.main, typer.params, typing]


OURS = sorted(Path(copilot_api.__file__).parent.rglob("*.py"))


def without_docstrings(source: str) -> str:
    return without(source, docstrings)


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


class Unannotated(ast.NodeTransformer):
    """What the syntax tree of a module is to be like afterwards."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg, None, node.type_comment)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = [
            ast.Assign([one.target], one.value)
            if isinstance(one, ast.AnnAssign) and one.value and isinstance(one.target, ast.Name)
            else one
            for one in node.body
        ]
        return self.generic_visit(node)


def test_all_of_our_own_modules_lose_the_annotations_of_their_functions_and_nothing_else() -> None:
    assert len(OURS) > 300
    for path in OURS:
        source = path.read_text("utf-8")
        after = ast.parse(without(source, annotations))
        assert ast.dump(after) == ast.dump(Unannotated().visit(ast.parse(source))), path
        lines = [(type(one), one.lineno) for one in ast.walk(ast.parse(source)) if isinstance(one, ast.stmt)]
        assert [line for _, line in statements(after)] == [line for _, line in lines], path


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_docstrings_and_annotations_go_together(module: ModuleType) -> None:
    source = inspect.getsource(module)
    after = ast.parse(without(source, docstrings, annotations))
    assert [line for _, line in statements(after)] == [line for _, line in statements(ast.parse(source))]
    assert set(docs(after)) <= {"", ".", None}
    functions = [node for node in ast.walk(after) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if node.returns] == []


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (
            "def f(a: int, /, b: str = 'x', *c: int, d: int = 1, **e: int) -> None: ...",
            "def f(a, /, b = 'x', *c, d = 1, **e) : ...",
        ),
        ("async def f(ä: 'a: -> b') -> '-> x': ...", "async def f(ä) : ..."),
        ("def f(a: dict[\n    str, int\n]) -> list[\n    int\n]:\n    ...", "def f(a\\\n\\\n) \\\n\\\n:\n    ..."),
        ("def f(a: (int), b=lambda x: x) -> int:\n    ...", "def f(a, b=lambda x: x) :\n    ..."),
        ("X: int = 1", "X = 1"),
        ("X: 'Final[int]' = 1; Y: int", "X = 1; Y: int"),
    ],
)
def test_an_annotation_of_any_shape(said: str, left: str) -> None:
    assert without(said, annotations) == left
    ast.parse(left)  # is one still


@pytest.mark.parametrize(
    "source",
    [
        "class C:\n    x: int = 1\n",
        "X: int\n",
        "def f() -> (int): ...\n",
        "X: (int) = 1\n",
        "x = [0]\nx[0]: int = 1\n",
        "f = lambda a: a\n",
    ],
)
def test_what_is_read_stays_and_so_does_what_stands_in_brackets(source: str) -> None:
    assert without(source, annotations) == source


def test_what_lies_within_another_that_goes_goes_with_it() -> None:
    def outer(_: Module) -> Iterator[Cut]:
        yield 1, 5, b""

    def inner(_: Module) -> Iterator[Cut]:
        yield 2, 4, b"!"

    assert without("abcdef\n", inner, outer) == "af\n"
