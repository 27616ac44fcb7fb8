"""What an executable holds, so that nothing gets in unnoticed."""

import difflib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from contents import broken, data_in, lost

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


REPORT = """<nuitka-compilation-report>
  <module name="copilot_api.cli"><module_usages>
    <module_usage name="multiprocessing.pool" finding="excluded" line="7" reason="import"/>
    <module_usage name="keyring" finding="excluded" line="8" reason="import"/>
    <module_usage name="json" finding="absolute" line="9" reason="import"/>
    <module_usage name="cmd" finding="excluded" reason="stdlib"/>
  </module_usages></module>
  <module name="other"><module_usages>
    <module_usage name="cmd" finding="excluded" line="1" reason="import"/>
  </module_usages></module>
</nuitka-compilation-report>"""


def test_what_we_import_although_it_is_left_out_is_named(tmp_path: Path) -> None:
    """Not what stands in for something on another system, what others may do without, nor what nobody asked for."""
    report = tmp_path / "report.xml"
    report.write_text(REPORT, "utf-8")
    found = broken(report, "copilot_api", {"multiprocessing", "cmd"})
    assert found == ["copilot_api.cli, line 7, imports multiprocessing.pool"]


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


def test_every_file_of_data_that_the_program_reads_is_written_down() -> None:
    """The pictures of the tray, the ranks of the tokenizers, the models of the sandbox."""
    data = {f"copilot_api/{name.as_posix()}" for name in data_in(ROOT / "copilot_api")}
    assert {"copilot_api/desktop/data/faces.pixels", "copilot_api/tokens/data/o200k_base.ranks"} <= data
    written = KEPT.read_text("utf-8").splitlines()
    assert [name for name in sorted(data) if f"file {name}" not in written] == []


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with code and data, and a build beside it that holds the data."""
    for top in ("copilot_api", "built/copilot_api"):
        (tmp_path / top / "data").mkdir(parents=True)
        (tmp_path / top / "data" / "faces.bin").write_bytes(b"pixels")
    (tmp_path / "copilot_api" / "__init__.py").touch()
    (tmp_path / "copilot_api" / "py.typed").touch()
    return tmp_path / "copilot_api"


def test_a_build_with_all_data_lacks_nothing(package: Path) -> None:
    assert lost(package, package.parent / "built") == []


def test_data_that_did_not_come_along_is_named(package: Path) -> None:
    (package.parent / "built" / "copilot_api" / "data" / "faces.bin").unlink()
    assert lost(package, package.parent / "built") == ["copilot_api/data/faces.bin"]


def test_data_that_came_along_otherwise_is_named(package: Path) -> None:
    (package.parent / "built" / "copilot_api" / "data" / "faces.bin").write_bytes(b"old")
    assert lost(package, package.parent / "built") == ["copilot_api/data/faces.bin"]


def test_each_system_leaves_the_trays_of_the_others_out(nuitka_options: ModuleType) -> None:
    trays = {"linux": "linux_tray", "win32": "windows_tray", "darwin": "mac_tray"}
    modules = {path.stem for path in (ROOT / "copilot_api" / "desktop").glob("*.py")}
    for system, left_out in nuitka_options.LEFT_OUT_BY_SYSTEM.items():
        ours = {name.rpartition(".")[2] for name in left_out if name.startswith("copilot_api.")}
        assert ours <= modules, "a name that is no module"
        assert ours & set(trays.values()) == set(trays.values()) - {trays[system]}
        assert ("pystray" in left_out, "six" in left_out) == (system == "linux", system == "linux")
        assert ("jeepney" in left_out) == (system != "linux")
