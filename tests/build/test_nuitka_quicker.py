"""Nuitka writes the same, whether it is spared work or not."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

LOOKS = 3
"""As in build/nuitka_quicker.py, which changes the Nuitka of whoever imports it."""

BUILD = Path(__file__).parent.parent.parent / "build"

PLUGIN = f"""
import os, sys
sys.path.insert(0, {str(BUILD)!r})
import nuitka_quicker as quicker
from nuitka.plugins.PluginBase import NuitkaPluginBase

if "QUICKLY" in os.environ:
    quicker.keep_garbage()

class Plugin(NuitkaPluginBase):
    plugin_name = "small"
    plugin_desc = "All but the program is bytecode."

    @staticmethod
    def isAlwaysEnabled():
        return True

    def onCompilationStartChecks(self):
        if "QUICKLY" in os.environ:
            quicker.answer_once()
            quicker.look_briefly()
            quicker.remember_bytecode()

    def decideCompilation(self, module_name):
        name = module_name.asString()
        return None if name.startswith("__") or "-" in name or name.startswith("small") else "bytecode"
"""
PROGRAM = {
    "__init__.py": "",
    "__main__.py": "from small.other import answer\nif __name__ == '__main__':\n    print(answer())\n",
    "other.py": """
import json, sys
from dataclasses import dataclass

@dataclass
class Answer:
    value: int

def answer():
    if sys.platform == "win32":
        import winreg
        return winreg
    return json.dumps([Answer(i).value for i in range(3)])
""",
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a small program, and the plugin."""
    (tmp_path / "small").mkdir()
    for name, text in PROGRAM.items():
        (tmp_path / "small" / name).write_text(text)
    (tmp_path / "plugin.py").write_text(PLUGIN)
    return tmp_path


def written(program: Path, name: str, **environ: str) -> dict[str, bytes]:
    """What Nuitka writes for the C compiler: the program as C, and the rest as bytecode."""
    command = [sys.executable, "-m", "nuitka", "--mode=standalone", "--generate-c-only", "--quiet", "--python-flag=-m"]
    command += [
        "--nofollow-import-to=encodings.*",
        f"--output-dir={program / name}",
        f"--report={program / name}.xml",
        "--user-plugin=plugin.py",
        "small",
    ]
    told = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "0", "NUITKA_CACHE_DIR": str(program / "cache")}
    subprocess.run(command, check=True, cwd=program, env={**os.environ, **told, **environ})
    found = {path.name: path.read_bytes() for path in (program / name).glob("small.build/*") if path.suffix in {".c", ".const"}}
    assert {"module.small.other.c", "__loader.c", "__bytecode.const"} <= found.keys()
    return found


def looks(program: Path, name: str) -> int:
    """How often Nuitka looked at the module of others that it looked at most often."""
    modules = ET.parse(program / f"{name}.xml").iter("module")  # noqa: S314 - Nuitka wrote it just now
    others = (module for module in modules if not module.get("name", "").startswith("small"))
    return max(int(time.get("micro_passes", "0")) for module in others for time in module.iter("optimization-time"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_writes_the_same_quickly_and_from_memory(program: Path) -> None:
    slowly = written(program, "slowly")
    quickly = written(program, "quickly", QUICKLY="1", NUITKA_CACHE_DIR=str(program / "another cache"))
    assert quickly == slowly
    assert (looks(program, "quickly"), looks(program, "slowly") > LOOKS) == (LOOKS, True)
    kept = list((program / "another cache" / "remembered").iterdir())
    assert len(kept) > 50
    assert written(program, "again", QUICKLY="1", NUITKA_CACHE_DIR=str(program / "another cache")) == slowly
    assert list((program / "another cache" / "remembered").iterdir()) == kept
