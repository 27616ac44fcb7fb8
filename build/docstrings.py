"""Takes the docstrings out of other people's modules: nothing reads them in the executable, of whose bytecode they are a fifth.

What is left is as many lines long as before, so that tracebacks name the same lines.
"""

import ast
from collections.abc import Iterator

IN_A_CLASS = b'"."'
"""Not nothing, for which dataclasses write a docstring of their own: they read the signature for it, at each start."""


def without_docstrings(source: str) -> str:
    """The same module without them, and without the texts in `Doc(...)`, which is how typer documents each parameter."""
    text = source.encode()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    # From the last to the first, so that places before a cut stay where they were.
    for node, instead in sorted(_texts(ast.parse(source)), key=lambda found: _begin(found[0]), reverse=True):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        text = text[:begin] + instead + b"\\\n" * text[begin:end].count(b"\n") + text[end:]
    return text.decode()


def _begin(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _texts(tree: ast.Module) -> Iterator[tuple[ast.expr, bytes]]:
    """Each text that only readers of the source need, and what stands instead of it."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Doc"), args=[ast.Constant(value=str()) as text]):
                yield text, b'""'
            case ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_]):
                yield text, IN_A_CLASS
            case ast.Module() | ast.FunctionDef() | ast.AsyncFunctionDef():
                match node.body[:1]:
                    case [ast.Expr(value=ast.Constant(value=str()) as text)]:
                        yield text, b'""'
