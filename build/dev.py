"""Everything a developer needs, from a fresh clone: makes `.venv`, fills it from the lock, then runs the program or its tests.

    python3 build/dev.py start --sandbox    the server against the simulated Copilot; any copilot-api command works here
    python3 build/dev.py test [...]         the tests, on all cores; or with whatever pytest takes
    python3 build/dev.py check              ruff and mypy
    python3 build/dev.py build [...]        the native executable, with whatever build/build.py takes
    python3 build/dev.py lock [--upgrade]   writes requirements.lock anew (needs uv)

Needs nothing but Python. It installs again only when requirements.lock or pyproject.toml has changed.
"""

import sys

# Nothing above or below may be younger than Python 3.6 in its grammar, or this is never reached.
if sys.version_info < (3, 11):  # noqa: UP036 - this is the check that keeps older ones out
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    sys.exit(f"error: Python 3.11 or newer is needed, this is {this}\nhint: get it from https://www.python.org/downloads/")

import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "installed"


def main(arguments: list[str]) -> int:
    """Prepares the environment and runs what `arguments` ask for; gives the exit code."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in {"-h", "--help"}:
        print(__doc__)
        return 0
    if verb == "lock":
        return lock(rest)
    if verb == "test":
        return prepare() or run([["-m", "pytest", *(rest or ["-n", "auto"])]])
    if verb == "check":
        tools = [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], *map(elsewhere, ("win32", "darwin"))]
        return prepare() or run([["-m", *tool] for tool in tools])
    if verb == "build":
        return prepare() or become([str(ROOT / "build" / "build.py"), *rest])
    return prepare() or become(["-m", "copilot_api", *arguments])


def elsewhere(platform: str) -> list[str]:
    """The program's types as another system has them, of which this one would leave out what it does not run."""
    return ["mypy", "--platform", platform, "--no-warn-unreachable", "--cache-dir", f".mypy_cache/{platform}", "copilot_api"]


def prepare() -> int:
    """Makes `.venv` as the lock says, if it is not so already."""
    wanted = hashlib.sha256((ROOT / "requirements.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text("utf-8") == wanted:
        return 0
    return make_venv() or install() or stamp(wanted)


def make_venv() -> int:
    """A virtual environment with pip in it; tells what is missing where the system's Python cannot make one."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return 0
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        here = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        say(f"error: this Python has no {' and no '.join(missing)}, and so cannot make a virtual environment")
        say(f"hint: on Debian and Ubuntu run: sudo apt-get install {here}")
        return 1
    say("making .venv")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
    if made.returncode:
        say(f"error: the virtual environment {VENV} could not be made; the reason stands above")
    return made.returncode


def install() -> int:
    """The locked packages by their hashes, then this project itself, as it stands in this folder.

    The lock names everything, so nothing is left to resolve. Left to resolve it, older pips take `coverage[toml]` for a package
    that the lock does not pin, and fail as soon as there is a newer coverage.
    """
    say("installing what requirements.lock names (once; a minute or two)")
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    failed = run(
        [
            [*pip, "--require-hashes", "--requirement", str(ROOT / "requirements.lock")],
            [*pip, "--no-build-isolation", "--editable", str(ROOT)],
        ]
    )
    if failed:
        say("error: the installation failed; pip's reason stands above")
        say("hint: behind a company proxy pip needs its own settings: https://pip.pypa.io/en/stable/topics/configuration/")
    return failed


def stamp(wanted: str) -> int:
    """Remembers what was installed."""
    STAMP.write_text(wanted, "utf-8")
    return 0


def lock(arguments: list[str]) -> int:
    """requirements.lock from pyproject.toml, for every system and for the oldest Python that is supported."""
    uv = shutil.which("uv")
    if uv is None:
        say("error: uv is needed to write requirements.lock\nhint: https://docs.astral.sh/uv/getting-started/installation/")
        return 1
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate"]
    command += ["--custom-compile-command", "python3 build/dev.py lock", "--extra", "dev", *arguments]
    return subprocess.run([*command, "pyproject.toml", "-o", "requirements.lock"], cwd=ROOT, check=False).returncode


def run(commands: list[list[str]]) -> int:
    """Runs Python with each of `commands` in turn, up to the first that fails; gives its exit code."""
    for command in commands:
        code = subprocess.run([PYTHON, *command], cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


def become(command: list[str]) -> int:
    """Turns into Python with `command`, so that Ctrl-C and a terminate signal reach the program itself."""
    if os.name != "nt":
        os.execv(PYTHON, [str(PYTHON), *command])  # noqa: S606 - no shell is what is wanted
    with subprocess.Popen([PYTHON, *command]) as program:
        while True:
            try:
                return program.wait()
            except KeyboardInterrupt:  # it went to the program too, which ends when it is done
                continue


def say(text: str) -> None:
    """A line for the person."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
