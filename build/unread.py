"""Takes out of modules what nobody reads in the executable, and every start would work out anew or bring along.

These are the docstrings of other people's modules, a fifth of their bytecode, and the annotations of functions and of a
module's own names, which are worked out when a module is imported: a tenth of a start. Those of classes stay, of which
dataclasses are made.

What is left is as many lines long as before, so that tracebacks name the same lines.
"""

import ast
from collections.abc import Callable, Iterator

IN_A_CLASS = b'"."'
"""Not nothing, for which dataclasses write a docstring of their own: they read the signature for it, at each start."""

Cut = tuple[int, int, bytes]
"""From where to where, in bytes from a module's beginning, and what stands instead."""


class Module:
    """A module's source, in bytes, and where its nodes lie in it. Raises SyntaxError for what is none."""

    def __init__(self, source: str) -> None:
        self.text = source.encode()
        self.nodes = list(ast.walk(ast.parse(source)))
        self._starts = [0]
        for line in self.text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def begin(self, node: ast.expr | ast.arg) -> int:
        """Where its first byte lies."""
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.arg) -> int:
        """Where the byte after its last one lies."""
        return self._starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)


def without(source: str, *kinds: Callable[[Module], Iterator[Cut]]) -> str:
    """The same module without what is of one of those `kinds`."""
    module = Module(source)
    pieces, reached = [], 0
    for begin, end, instead in sorted(cut for kind in kinds for cut in kind(module)):
        if begin < reached:  # within one that is cut already
            continue
        lines = module.text[begin:end].count(b"\n")
        pieces += [module.text[reached:begin], instead, b"\\\n" * lines]
        reached = end
    return b"".join([*pieces, module.text[reached:]]).decode()


def docstrings(module: Module) -> Iterator[Cut]:
    """Those of the module, of its classes and of its functions."""
    for node in module.nodes:
        match node:
            case ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_]):
                yield module.begin(text), module.end(text), IN_A_CLASS
            case ast.Module() | ast.FunctionDef() | ast.AsyncFunctionDef():
                match node.body[:1]:
                    case [ast.Expr(value=ast.Constant(value=str()) as text)]:
                        yield module.begin(text), module.end(text), b'""'


def annotations(module: Module) -> Iterator[Cut]:
    """Those of functions, and of names to which the module itself gives a value."""
    for node in module.nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _of_a_function(module, node)
            case ast.Module():
                for statement in node.body:
                    match statement:
                        case ast.AnnAssign(target=ast.Name() as name, annotation=said, value=ast.expr()):
                            yield from _between(module, b":", module.end(name), said, b"=")


def _of_a_function(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Cut]:
    takes = function.args
    for one in (*takes.posonlyargs, *takes.args, takes.vararg, *takes.kwonlyargs, takes.kwarg):
        if one and one.annotation:
            yield module.begin(one) + len(one.arg.encode()), module.end(one), b""
    if function.returns:
        arrow = module.text.rfind(b"->", 0, module.begin(function.returns))
        yield from _between(module, b"->", arrow, function.returns, b":")


def _between(module: Module, sign: bytes, begin: int, said: ast.expr, follows: bytes) -> Iterator[Cut]:
    """From the sign to the annotation's end, if nothing else is there, such as brackets around it or a comment."""
    end = module.end(said)
    is_alone = module.text[begin : module.begin(said)].split() == [sign]
    if is_alone and module.text[end : end + 80].lstrip(b" ").startswith(follows):
        yield begin, end, b""
