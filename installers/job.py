"""What a target is given, and how it calls the system's own programs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installers import product


class CannotMake(Exception):
    """A package cannot be made here; the hint says what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Where the program lies in both of its forms, and where packages go."""

    folder: Path
    file: Path
    out: Path

    @property
    def program(self) -> Path:
        """The executable in the folder. Raises CannotMake."""
        for name in (product.NAME, f"{product.NAME}.exe"):
            if (self.folder / name).is_file():
                return self.folder / name
        raise CannotMake(f"{self.folder} holds no {product.NAME}", hint="python build/build.py --standalone makes it")

    @property
    def report(self) -> Path:
        """What the compiler says of the folder, where build/build.py leaves it; a folder from elsewhere has none."""
        return self.folder.parent / "scratch" / "standalone" / "report.xml"

    def fresh(self, name: str) -> Path:
        """An empty folder to work in, beside the packages."""
        path = self.out / "work" / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path


def say(text: str) -> None:
    """A line of progress for the person."""
    print(text, file=sys.stderr, flush=True)


def need(program: str, *, hint: str) -> str:
    """The path of a program of the system. Raises CannotMake."""
    found = shutil.which(program)
    if found is None:
        raise CannotMake(f"{program} is needed and not installed", hint=hint)
    return found


def run(*command: str | Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Runs a program; gives what it printed. Raises CannotMake with its last words."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **reproducible(), **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        say(done.stdout)
        raise CannotMake(f"{Path(command[0]).name} ended with exit code {done.returncode}; what it said stands above")
    return done.stdout


def reproducible() -> dict[str, str]:
    """The environment in which two runs give the same bytes."""
    return {"SOURCE_DATE_EPOCH": str(product.epoch()), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
