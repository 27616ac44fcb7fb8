"""Every module has its test file, at the same place in the tree."""

from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "copilot_api"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py" or len(p.read_text("utf-8").splitlines()) > 10)


def mirror(module: Path) -> Path:
    relative = module.relative_to(PACKAGE)
    name = f"test_{relative.parent.name or 'package'}" if relative.name == "__init__.py" else f"test_{relative.stem.strip('_')}"
    return ROOT / "tests" / relative.parent / f"{name}.py"


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_has_a_test_file(module: Path) -> None:
    path = mirror(module)
    assert path.exists(), f"{module.relative_to(ROOT)} needs {path.relative_to(ROOT)}"
    assert "def test_" in path.read_text("utf-8")


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    folders = {folder.name for path in (ROOT / "tests").rglob("test_*.py") for folder in path.relative_to(ROOT).parents}
    passed_over = pytestconfig.getini("norecursedirs")
    assert {"build", "cli"} <= folders
    assert [name for name in folders if any(fnmatch(name, pattern) for pattern in passed_over)] == []


def test_the_mirror_is_not_empty() -> None:
    assert len(MODULES) > 5
