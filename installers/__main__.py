"""`python -m installers TARGET...`: each target is one row of the table."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from installers.carried import carried
from installers.job import CannotMake, Job, say
from installers.linux.appimage import appimage
from installers.linux.archive import archive
from installers.linux.deb import deb
from installers.linux.rpm import rpm
from installers.macos.bundle import bundle
from installers.macos.cask import cask
from installers.macos.image import image
from installers.windows.portable import portable
from installers.windows.scoop import scoop
from installers.windows.setup import setup
from installers.windows.winget import winget

# A target makes its package out of what the job names, and gives the path of the package.
TARGETS: dict[str, Callable[[Job], Path]] = {
    "deb": deb,
    "rpm": rpm,
    "appimage": appimage,
    "tar": archive,
    "licences": carried,
    "setup": setup,
    "zip": portable,
    "winget": winget,
    "scoop": scoop,
    "app": bundle,
    "dmg": image,
    "cask": cask,
}

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def make(
    targets: Annotated[list[str], typer.Argument(help=f"What to make: {', '.join(TARGETS)}")],
    folder: Annotated[Path, typer.Option(help="The standalone folder")] = Path("dist/copilot-api.dist"),
    file: Annotated[Path, typer.Option(help="The program in one file")] = Path("dist/copilot-api"),
    out: Annotated[Path, typer.Option(help="Where packages go")] = Path("dist"),
) -> None:
    """Make packages out of what build/build.py made. Installs nothing; says what is missing."""
    job = Job(folder=folder.resolve(), file=file.resolve(), out=out.resolve())
    try:
        for number, target in enumerate(targets, 1):
            say(f"[{number}/{len(targets)}] {target}")
            made = _called(target)(job)
            say(f"[{number}/{len(targets)}] {target}: {made} ({made.stat().st_size / 1e6:.1f} MB)")
    except CannotMake as problem:
        say(f"error: {problem.message}" + (f"\nhint: {problem.hint}" if problem.hint else ""))
        sys.exit(1)


def _called(target: str) -> Callable[[Job], Path]:
    if target not in TARGETS:
        raise CannotMake(f"there is no target {target!r}", hint=f"there are {', '.join(TARGETS)}")
    return TARGETS[target]


if __name__ == "__main__":
    app()
