"""Libraries lose their symbols, but not one that could then no longer be loaded; of those that go nobody speaks any more."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# In a process of its own, because Nuitka changes the one that it is imported into.
SLIM = "from third_party_bytecode import slim; from pathlib import Path; slim(Path({!r}))"
ASK = "from third_party_bytecode import is_loadable; from pathlib import Path; print(is_loadable(Path({!r})))"
FORGET = """
from pathlib import Path
from nuitka.freezer.IncludedEntryPoints import makeDllEntryPoint, standalone_entry_points
from nuitka.Tracing import general
from third_party_bytecode import forget_what_went

folder = Path({!r})
for name in ("ours.so", "gone.so"):
    standalone_entry_points.append(makeDllEntryPoint(general, str(folder / "ours.so"), name, None, None, "a test"))
forget_what_went(folder)
print([library.dest_path for library in standalone_entry_points if "copy" in library.tags])
"""

pytestmark = pytest.mark.usefixtures("compiler")


def run(code: str, path: Path) -> str:
    command = [sys.executable, "-c", code.format(str(path))]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT / "build").stdout.strip()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A small library with symbols for a debugger."""
    (tmp_path / "ours.c").write_text(
        "static int hidden(int x) { return x * 2; }\nint ours(int x) { return hidden(x); }\n", "utf-8"
    )
    subprocess.run(["gcc", "-g", "-O0", "-shared", "-fPIC", "ours.c", "-o", "ours.so"], cwd=tmp_path, check=True)
    return tmp_path / "ours.so"


def loads(library: Path) -> int:
    """What the library answers, loaded by a fresh process."""
    code = "import ctypes; print(ctypes.CDLL({!r}).ours(21))"
    return int(run(code, library))


def shift_a_part(library: Path) -> None:
    """What strip makes of a library that patchelf has added a part to: the offset of that part leaves its page."""
    data = bytearray(library.read_bytes())
    begin, size, count = (int.from_bytes(data[at : at + width], "little") for at, width in ((32, 8), (54, 2), (56, 2)))
    last = max(head for head in range(begin, begin + size * count, size) if data[head : head + 4] == b"\1\0\0\0")
    data[last + 8] ^= 0x08
    library.write_bytes(data)


def test_symbols_for_a_debugger_go(library: Path) -> None:
    before = library.stat().st_size
    run(SLIM, library.parent)
    assert library.stat().st_size < before
    assert loads(library) == 42
    assert list(library.parent.glob("*.stripped")) == []


def test_a_library_that_would_be_damaged_stays_as_it_is(tmp_path: Path) -> None:
    # Pillow's wheel was made with patchelf, and Nuitka uses it again: then strip moves a part off its page.
    found, library = importlib.util.find_spec("PIL._imaging"), tmp_path / "_imaging.so"
    assert found is not None
    assert found.origin is not None
    shutil.copy(found.origin, library)
    subprocess.run(
        ["patchelf", "--force-rpath", "--set-rpath", "$ORIGIN:$ORIGIN/..:$ORIGIN/../pillow.libs", library], check=True
    )
    run(SLIM, tmp_path)
    assert run(ASK, library) == "True"
    assert list(tmp_path.glob("*.stripped")) == []


def test_a_damaged_library_is_known_by_its_head(library: Path) -> None:
    assert run(ASK, library) == "True"
    shift_a_part(library)
    assert run(ASK, library) == "False"
    with pytest.raises(subprocess.CalledProcessError):
        loads(library)


def test_what_was_taken_out_is_not_missed_when_the_one_file_is_made(library: Path) -> None:
    assert run(FORGET, library.parent) == "['ours.so']"
