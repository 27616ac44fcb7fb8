"""What an executable holds, so that nothing gets in unnoticed."""

import difflib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent
KEPT = ROOT / "build" / "contents-linux.txt"
BUILT = ROOT / "dist" / "contents.txt"


@pytest.fixture(scope="module")
def nuitka_options() -> ModuleType:
    spec = importlib.util.spec_from_file_location("nuitka_options", ROOT / "build" / "nuitka_options.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if sys.platform == "linux":  # the list of another system is another one

    @pytest.mark.slow
    def test_the_build_holds_what_is_written_down_and_nothing_else() -> None:
        assert BUILT.exists(), "there is no build: run python3 build/dev.py build --standalone"
        kept, built = (path.read_text("utf-8").splitlines() for path in (KEPT, BUILT))
        changed = "\n".join(difflib.unified_diff(kept, built, "written down", "built", n=0, lineterm=""))
        assert not changed, f"the contents changed; if that is meant, copy {BUILT} to {KEPT}:\n{changed}"


def test_nothing_that_only_developers_need_is_written_down() -> None:
    modules = {line.removeprefix("module ") for line in KEPT.read_text("utf-8").splitlines() if line.startswith("module ")}
    assert {"copilot_api", "aiohttp", "orjson", "tiktoken", "typer", "PIL", "jeepney"} <= modules
    assert not modules & {
        "pytest",
        "nuitka",
        "pydantic",
        "pydantic_core",
        "rich",
        "cryptography",
        "numpy",
        "setuptools",
        "tkinter",
        "pystray",
        "six",
        "Xlib",
    }


def test_the_parts_in_c_that_make_it_fast_are_written_down() -> None:
    files = {line.removeprefix("file ") for line in KEPT.read_text("utf-8").splitlines() if line.startswith("file ")}
    needed = {"aiohttp/_http_parser.so", "aiohttp/_http_writer.so", "orjson/orjson.so", "tiktoken/_tiktoken.so"}
    assert needed <= files
    ranks = {f"copilot_api/tokens/data/{name}.ranks" for name in ("o200k_base", "cl100k_base", "p50k_base")}
    assert ranks <= files


def test_the_pictures_of_the_tray_are_written_down() -> None:
    assert "file copilot_api/desktop/data/faces.bin" in KEPT.read_text("utf-8").splitlines()


def test_each_system_leaves_the_trays_of_the_others_out(nuitka_options: ModuleType) -> None:
    trays = {"linux": "linux_tray", "win32": "windows_tray", "darwin": "mac_tray"}
    modules = {path.stem for path in (ROOT / "copilot_api" / "desktop").glob("*.py")}
    for system, left_out in nuitka_options.LEFT_OUT_BY_SYSTEM.items():
        ours = {name.rpartition(".")[2] for name in left_out if name.startswith("copilot_api.")}
        assert ours <= modules, "a name that is no module"
        assert ours & set(trays.values()) == set(trays.values()) - {trays[system]}
        assert ("pystray" in left_out, "six" in left_out) == (system == "linux", system == "linux")
        assert ("jeepney" in left_out) == (system != "linux")
