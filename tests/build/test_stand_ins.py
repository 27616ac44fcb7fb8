"""Stand-ins have what is asked of the libraries that they replace, and nothing that only those needed stays."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest
from stand_ins import put_stand_ins

pytestmark = pytest.mark.usefixtures("compiler")

TIFF, LZMA, JPEG = "libtiff-0123abcd.so.6", "liblzma-4567abcd.so.5", "libjpeg-89ababcd.so.62"


def compile_(folder: Path, name: str, code: str, *needs: str, versions: str = "") -> Path:
    (folder / "versions").write_text(versions, "utf-8")
    command = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(folder / name), f"-Wl,-soname={name}", "-Wl,-z,now"]
    command += [f"-Wl,--version-script={folder / 'versions'}"] if versions else []
    command += ["-x", "none", "-L", str(folder), "-Wl,-rpath,$ORIGIN", *(f"-l:{need}" for need in needs)]
    subprocess.run(command, input=code, text=True, check=True)
    (folder / "versions").unlink()
    return folder / name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An extension that needs libtiff and libjpeg, of which the former needs liblzma."""
    compile_(tmp_path, LZMA, "int unpack(void) { return 5; }")
    compile_(tmp_path, JPEG, "int draw(void) { return 7; }")
    code = """
        extern int unpack(void);
        int TIFFOpen(void) { return unpack(); }
        int TIFFOther(void) { return unpack(); }
        const char *TIFFGetVersion(void) { return "4.7"; }
    """
    compile_(tmp_path, TIFF, code, LZMA, versions="LIBTIFF_4.0 { TIFF*; };")
    code = """
        extern int TIFFOpen(void), draw(void);
        extern const char *TIFFGetVersion(void);
        int opened(void) { return TIFFOpen(); }
        int drawn(void) { return draw(); }
        const char *version(void) { return TIFFGetVersion(); }
    """
    compile_(tmp_path, "extension.so", code, TIFF, JPEG)
    return tmp_path


ASK = """
import ctypes, sys
extension = ctypes.CDLL(sys.argv[1])
extension.version.restype = ctypes.c_char_p
print(extension.opened(), extension.drawn(), extension.version().decode())
"""


def told(folder: Path) -> str:
    """What the extension gives to a fresh process, and what the loader complains of: it misses versions, for one."""
    command = [sys.executable, "-c", ASK, str(folder / "extension.so")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return str(done.stdout).strip()


def test_what_is_asked_of_a_stand_in_fails_and_the_rest_works(folder: Path) -> None:
    assert told(folder) == "5 7 4.7"
    put_stand_ins(folder)
    assert told(folder) == "0 7 none"


def test_what_only_the_replaced_library_needed_is_gone(folder: Path) -> None:
    before = (folder / TIFF).stat().st_size
    put_stand_ins(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["extension.so", JPEG, TIFF])
    assert (folder / TIFF).stat().st_size < before / 2


def test_a_stand_in_has_what_is_asked_and_no_more(folder: Path) -> None:
    put_stand_ins(folder)
    library = ctypes.CDLL(str(folder / TIFF))
    assert library.TIFFOpen() == 0
    assert not hasattr(library, "TIFFOther")


def test_two_runs_give_the_same_bytes(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    for path in folder.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    put_stand_ins(folder)
    put_stand_ins(other)
    assert (other / TIFF).read_bytes() == (folder / TIFF).read_bytes()


def test_the_systems_own_library_of_that_name_stays(folder: Path) -> None:
    compile_(folder, "libtiff.so.6", "int TIFFOpen(void) { return 9; }")
    before = (folder / "libtiff.so.6").read_bytes()
    put_stand_ins(folder)
    assert (folder / "libtiff.so.6").read_bytes() == before
