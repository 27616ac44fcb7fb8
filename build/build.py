"""Turns a clone into a native executable: `python build/build.py`; `python3 build/dev.py build` installs what it needs, too.

--onefile     one file to download: dist/copilot-api (the default)
--standalone  a folder for installers: dist/copilot-api.dist
--check       then measures what was built, side by side with the program run from source

It installs nothing and downloads nothing; it says what is missing and how to get it.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

if importlib.util.find_spec("typer") is None:
    sys.exit("error: this Python has no typer\nhint: run python3 build/dev.py build, which installs all that is needed")

import typer

# Found beside this file, which Python puts first where it looks.
from contents import broken, contents, lost
from nuitka_options import BEFORE_EACH_FILE, LEFT_OUT, PACKAGE, PROGRAM, ROOT, options, speaks_utf8

SUFFIX = ".exe" if os.name == "nt" else ""
EVERY_S = 5.0
"""How often a step that takes long says that it is still at it."""

NEEDED = ("nuitka", "zstandard", "aiohttp", "orjson", "platformdirs", "tiktoken", "PIL")
"""Modules that go into the executable or make it."""


def build(
    *,
    onefile: Annotated[bool, typer.Option("--onefile", help="Make one file (the default)")] = False,
    standalone: Annotated[bool, typer.Option("--standalone", help="Make a folder, as installers carry it")] = False,
    target_cpu: Annotated[str, typer.Option(help="Oldest processor to run on, such as x86-64-v3 (default: any)")] = "",
    out: Annotated[Path, typer.Option(help="Where to put it")] = ROOT / "dist",
    cache: Annotated[bool, typer.Option(help="Use what earlier builds compiled")] = True,
    check: Annotated[bool, typer.Option("--check", help="Measure the result side by side with a run from source")] = False,
) -> None:
    """Make a native executable of copilot-api."""
    missing = list(lacking())
    for what, how in missing:
        say(f"error: {what}\nhint: {how}")
    if missing:
        raise typer.Exit(1)
    forms = [True] * (onefile or not standalone) + [False] * standalone
    made = [_made(is_onefile=form, out=out.resolve(), target_cpu=target_cpu, is_cached=cache) for form in forms]
    if check:
        from measure import compare

        compare([sys.executable, "-m", PACKAGE], {path.name: path / PROGRAM if path.is_dir() else path for path in made})


def lacking() -> Iterator[tuple[str, str]]:
    """What this machine lacks for a build, and how to get it."""
    for module in NEEDED:
        if importlib.util.find_spec(module) is None:
            yield f"this Python has no {module}", "run python3 build/dev.py build, which installs what requirements.lock names"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        yield "the headers of this Python are missing", "on Debian and Ubuntu: sudo apt-get install python3-dev libpython3-dev"
    if sys.platform == "linux":
        for tool, package in (("gcc", "gcc libc6-dev"), ("patchelf", "patchelf")):
            if shutil.which(tool) is None:
                yield f"{tool} is missing", f"on Debian and Ubuntu: sudo apt-get install {package}"
        if shutil.which("ccache") is None:
            say("ccache would make the next build four times as fast: sudo apt-get install ccache")
    if sys.platform == "darwin" and shutil.which("clang") is None:
        yield "clang is missing", "run xcode-select --install"


def _made(*, is_onefile: bool, out: Path, target_cpu: str, is_cached: bool) -> Path:
    """Builds one form and puts it where it belongs. Gives its path."""
    form = "one file" if is_onefile else "folder"
    scratch = out / "scratch" / ("onefile" if is_onefile else "standalone")
    scratch.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "nuitka"]
    command += options(
        version=_version(), commit=_commit(), onefile=is_onefile, scratch=scratch, target_cpu=target_cpu, is_cached=is_cached
    )
    started = time.monotonic()
    _run(command, form)
    built = scratch / (PROGRAM + SUFFIX) if is_onefile else scratch / f"{PACKAGE}.dist"
    target = out / built.name.replace(PACKAGE, PROGRAM)
    folder = scratch / f"{PACKAGE}.dist"
    if missed := broken(scratch / "report.xml", PACKAGE, LEFT_OUT):
        say("\n".join(f"error: {line}, which build/nuitka_options.py leaves out" for line in missed))
        raise typer.Exit(1)
    if missed := lost(ROOT / PACKAGE, folder):
        say("\n".join(f"error: {name} did not come along as it is; does its name end as one of a library?" for name in missed))
        raise typer.Exit(1)
    (out / "contents.txt").write_text(contents(scratch / "report.xml", folder), "utf-8")
    _replace(built, target)
    size = sum(path.stat().st_size for path in ([target] if is_onefile else target.rglob("*")) if path.is_file())
    say(f"built {target}: {form}, {size / 1e6:.1f} MB, {time.monotonic() - started:.0f} s")
    return target


def _run(command: list[str], form: str) -> None:
    """Runs Nuitka from the clone's root, and says each few seconds that it still runs. Ends the program when it fails."""
    environ = {
        **os.environ,
        # Found by its name alone: the flags are split at blanks, which the clone's path may hold.
        "CPPFLAGS": _more("CPPFLAGS", f"-include {BEFORE_EACH_FILE}"),
        "CPATH": os.pathsep.join(filter(None, [os.environ.get("CPATH"), str(ROOT / "build")])),
        # Where in a line of other people's modules something happened is of use only to who has that line.
        "PYTHONNODEBUGRANGES": "1",
        # What unwinds the stack after an exception of C++ would be a fortieth of the file, and there are none.
        **({"CFLAGS": _more("CFLAGS", "-fno-asynchronous-unwind-tables")} if sys.platform == "linux" else {}),
        # Nuitka hands on to the program what holds for itself.
        **({"PYTHONUTF8": "1"} if speaks_utf8(sys.platform) else {}),
        # What is written into files is the time of the commit and not of the build, so that two builds are alike.
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct") or "0",
    }
    started = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=environ) as nuitka:
        while True:
            try:
                code = nuitka.wait(EVERY_S)
                break
            except subprocess.TimeoutExpired:
                say(f"building the {form}: {time.monotonic() - started:.0f} s", is_passing=True)
    if code:
        say(f"error: Nuitka failed with exit code {code}; its reason stands above")
        raise typer.Exit(1)


def _more(flags: str, flag: str) -> str:
    return f"{os.environ.get(flags, '')} {flag}".strip()


def _replace(built: Path, target: Path) -> None:
    """Moves what was built over what an earlier build left."""
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)  # not written over: the old file may be running
    shutil.move(built, target)


def _version() -> str:
    text = (ROOT / PACKAGE / "__init__.py").read_text("utf-8")
    _, _, rest = text.partition('__version__ = "')
    return rest.partition('"')[0]


def _commit() -> str:
    """What tells this build's cache folder from another's: the commit, and how the clone differs from it."""
    changes = _git("status", "--porcelain") + _git("diff", "HEAD")
    mark = f"-{hashlib.sha256(changes.encode()).hexdigest()[:8]}" if changes else ""
    return (_git("rev-parse", "--short=12", "HEAD") or "unknown") + mark


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def say(text: str, *, is_passing: bool = False) -> None:
    """A line for the person; one that passes is written over by the next where that is possible."""
    on_terminal = sys.stderr.isatty()
    print(text, file=sys.stderr, flush=True, end="\r" if is_passing and on_terminal else "\n")


if __name__ == "__main__":
    typer.run(build)
