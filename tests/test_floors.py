"""Imports only point down: design rule of the house, enforced on the syntax tree."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "copilot_api"

# Rooms by floor. A module imports its own room and lower floors, nothing else.
FLOORS = {
    "": 0,
    "errors": 0,
    "settings": 0,
    "settings_file": 0,
    "log": 0,
    "thrift": 0,
    "form": 0,
    "keys": 0,
    "own_process": 0,
    "leftovers": 0,
    "private_files": 0,
    "https": 1,
    "race": 0,
    "session": 0,
    "ready": 0,
    "dialects": 1,
    "translate": 2,
    "tokens": 2,
    "upstream": 3,
    "ledger": 3,
    "sandbox": 3,
    "machine": 3,
    "server": 4,
    "account": 4,
    "service": 5,
    "remote": 5,
    "desktop": 6,
    "setup": 6,
    "doctor": 6,
    "console": 7,
    "cli": 8,
    "__main__": 9,
}
PURE_ROOMS = {"dialects", "translate"}
IMPURE = {"asyncio", "aiohttp", "time", "datetime", "os", "pathlib", "random", "uuid", "logging", "threading"}
ONLY_IN = {
    "orjson": {"copilot_api/dialects/codec.py"},
    "keyring": {"copilot_api/upstream/secrets.py"},
    "jeepney": {"copilot_api/upstream/secret_service.py", "copilot_api/machine/logind.py", "copilot_api/desktop/"},
    "tiktoken": {"copilot_api/tokens/"},
    "pystray": {"copilot_api/desktop/"},
    "truststore": {"copilot_api/upstream/system_store.py"},
    "PIL": {"copilot_api/server/picture_scale.py", "copilot_api/desktop/"},
}
LATE_IMPORTERS = {"cli", "desktop", "__main__", "console"}
LATE_LIBRARIES = {"keyring", "tiktoken", "tiktoken_ext", "platformdirs", "PIL", "fcntl", "msvcrt", "resource"}
"""Heavy, and needed by few runs; or not there on every system."""
LATE_MODULES = {
    "copilot_api.upstream.secret_service",
    "copilot_api.upstream.system_store",
    "copilot_api.machine.logind",
    "copilot_api.machine.rtnetlink",
    "copilot_api.sandbox",
}
"""Ours: those that cannot be imported on every system, and one that a server with an account never needs."""

TASKS = ("service.py", "desktop/host.py")
"""The two that live as long as the program: each holds its tasks, and ends and awaits them when it ends."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


@cache
def tree_of(path: Path) -> ast.Module:
    """One tree per module, so that a node found in it twice is the same node."""
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node


def at(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_point_down(path: Path) -> None:
    here = room(path)
    for name, node in imports(path):
        if not name.startswith("copilot_api."):
            continue
        there = name.split(".")[1]
        there = "" if there in {"__version__", "RELEASES_URL"} else there
        assert there in FLOORS, f"{at(path, node)}: {there} has no floor"
        assert there == here or FLOORS[there] < FLOORS[here] or FLOORS[here] == FLOORS[there] == 0, (
            f"{at(path, node)}: {here} may not import {there}"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_each_library_has_one_door(path: Path) -> None:
    relative = path.relative_to(ROOT).as_posix()
    for name, node in imports(path):
        top = name.split(".")[0]
        if room(path) in PURE_ROOMS:
            assert top not in IMPURE, f"{at(path, node)}: {room(path)} is pure, it may not import {top}"
        allowed = ONLY_IN.get(top)
        assert allowed is None or any(relative.startswith(place) for place in allowed), (
            f"{at(path, node)}: {top} has another door"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_environment_print_and_tasks_have_one_home(path: Path) -> None:
    relative = path.relative_to(PACKAGE).as_posix()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}:
            assert relative in {"settings.py", "session.py"}, f"{at(path, node)}: the environment is read in settings.py"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            assert relative == "console.py", f"{at(path, node)}: only the console prints"
        if isinstance(node, ast.Attribute) and node.attr in {"create_task", "ensure_future"}:
            assert relative in TASKS, f"{at(path, node)}: tasks are born where they are owned, {TASKS}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_command_line_and_the_desktop_import_late(path: Path) -> None:
    if room(path) in LATE_IMPORTERS:
        return
    tree = tree_of(path)
    allowed = {id(node) for node in tree.body} | {
        id(child)
        for node in tree.body
        if isinstance(node, ast.If)
        for child in [*node.body, *node.orelse]
        if {"TYPE_CHECKING", "sys.version_info"} & {ast.unparse(part) for part in ast.walk(node.test)}
    }
    for name, node in imports(path):
        if id(node) not in allowed:
            is_late = name.split(".")[0] in LATE_LIBRARIES or name.rpartition(".")[0] in LATE_MODULES
            assert is_late, f"{at(path, node)}: imports sit at the top"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_hangs_on_when_a_display_is_unpacked(path: Path) -> None:
    """Python unpacks `*lazy` before it evaluates what stands after it; compiled by Nuitka (4.3), it does so after all of it."""
    for node in ast.walk(tree_of(path)):
        elements: list[ast.expr] = node.args if isinstance(node, ast.Call) else getattr(node, "elts", [])
        starred = {place: element.value for place, element in enumerate(elements) if isinstance(element, ast.Starred)}
        lazy = [place for place, value in starred.items() if isinstance(value, ast.Call | ast.GeneratorExp)]
        later = [element for element in elements[min(lazy, default=len(elements)) :] if not isinstance(element, ast.Starred)]
        called = [call for element in later for call in ast.walk(element) if isinstance(call, ast.Call | ast.Await)]
        assert not called, f"{at(path, node)}: evaluate what stands after the starred part on a line of its own"
