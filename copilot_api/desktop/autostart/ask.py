"""What the system's own programs say, such as systemctl and launchctl: asked by name, with a limit of time."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from copilot_api.errors import SystemRefused

LIMIT_S = 180.0
"""Longer than a server takes that lets open streams finish and is started again."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended, and what it said."""

    code: int
    out: str
    err: str


def ask(*command: str) -> Said:
    """Runs `command` to its end. Blocks. Raises SystemRefused where that program is not, or does not end."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed names, no shell
            _found(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SystemRefused(f"{' '.join(command)} did not end within {LIMIT_S:g} s") from error
    return Said(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace").strip())


def tell(*command: str) -> str:
    """The same where only success will do: what it printed. Raises SystemRefused, with what it said."""
    said = ask(*command)
    if said.code:
        raise SystemRefused(f"{' '.join(command)} failed: {said.err or f'exit code {said.code}'}")
    return said.out


def stream(*command: str) -> Iterator[str]:
    """What it prints, line by line, until it ends or nobody wants more; what it complains about goes where we complain.

    Raises SystemRefused where that program is not, or ends with a complaint.
    """
    nothing, piped = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(_found(command), stdin=nothing, stdout=piped) as running:  # noqa: S603 - fixed names, no shell
        try:
            assert running.stdout is not None  # noqa: S101 - asked for
            for line in running.stdout:
                yield line.decode("utf-8", "replace").rstrip("\n")
            code = running.wait()
        finally:
            running.terminate()
    if code:
        raise SystemRefused(f"{command[0]} ended with exit code {code}", hint="what it said stands above")


def _found(command: Sequence[str]) -> list[str]:
    path = shutil.which(command[0])
    if path is None:
        raise SystemRefused(f"there is no {command[0]} here", hint="check PATH")
    return [path, *command[1:]]
