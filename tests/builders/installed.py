"""Programs that tests pin, each set in a folder of its own beside the developer's, made anew when what is pinned changes."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LIMIT_S = 300


def with_packages(folder: Path, lock: Path) -> None:
    """Makes a virtual environment there, with what that file pins by hash."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=LIMIT_S)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", lock], check=True, timeout=LIMIT_S)


def installed(name: str, pinned: Iterable[Path], install: Callable[[Path], None]) -> Path:
    """The folder of that name, filled by `install` if it is not yet as `pinned` says. Processes of one run take turns."""
    import fcntl  # which Windows has not; none of these programs is used there

    folder, stamp = ROOT / ".venv" / name, ROOT / ".venv" / f"{name}.installed"
    state = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(pinned))).hexdigest()
    with stamp.open("a+", encoding="utf-8") as said:
        fcntl.flock(said, fcntl.LOCK_EX)
        said.seek(0)
        if said.read() == state and folder.is_dir():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        said.truncate(0)
        install(folder)
        said.write(state)
    return folder
