"""The setup program for Windows, compiled from setup.nsi by makensis, which runs on every system."""

import os
from pathlib import Path

from installers import carried, product
from installers.icons.draw import write_ico
from installers.job import CannotMake, Job, need, run

SCRIPT = Path(__file__).with_name("setup.nsi")
HINT = "on Debian and Ubuntu: sudo apt-get install nsis"


def setup(job: Job) -> Path:
    """Makes copilot-api-VERSION-windows-x64-setup.exe out of the standalone folder. Raises CannotMake."""
    makensis = need("makensis", hint=HINT)
    if job.program.suffix != ".exe":
        raise CannotMake(f"{job.folder} is not a program for Windows", hint="make the folder on Windows, then pass --folder")
    carried.demand(job)
    work = job.fresh("setup")
    files, icon, path = work / "files.nsh", work / "icon.ico", job.out / name()
    files.write_text(listing(job.folder), "utf-8")
    write_ico(icon)
    run(makensis, "-V2", "-WX", "-INPUTCHARSET", "UTF8", *definitions(job.folder, files=files, icon=icon, out=path), SCRIPT)
    return path


def name() -> str:
    """What the setup program is called."""
    return f"{product.NAME}-{product.version()}-windows-x64-setup.exe"


def definitions(folder: Path, *, files: Path, icon: Path, out: Path) -> list[str]:
    """What the script is told. COPILOT_API_SIGN is a command that signs the file named after it, such as signtool's."""
    kibibytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024
    told = {
        "NAME": product.NAME,
        "TITLE": product.TITLE,
        "VERSION": product.version(),
        "NUMBERS": numbers(product.version()),
        "PUBLISHER": product.AUTHORS,
        "LICENCE": product.LICENCE,
        "LICENCE_FILE": product.ROOT / "LICENSE",
        "KIBIBYTES": kibibytes,
        "HOMEPAGE": product.homepage(),
        "SIGN": os.environ.get("COPILOT_API_SIGN", ""),
        "FILES": files,
        "ICON": icon,
        "OUT": out,
    }
    return [f"-D{key}={value}" for key, value in told.items() if value != ""]


def numbers(version: str) -> str:
    """A version as Windows wants it of a file: four numbers. What follows a release's three (rc1, .dev2) is left out."""
    parts = [part for part in version.split(".") if part.isdecimal()]
    return ".".join([*parts, "0", "0", "0", "0"][:4])


def listing(folder: Path) -> str:
    """The folder as two macros: what puts every file into place, and what takes away just these, the deepest first."""
    folders = sorted({path.relative_to(folder).parent for path in folder.rglob("*") if path.is_file()})
    put, take = [], []
    for inner in folders:
        put.append(f'  SetOutPath "{_inside(inner)}"')
        for path in sorted(path for path in (folder / inner).iterdir() if path.is_file()):
            put.append(f'  File "/oname={_escaped(path.name)}" "{path}"')
            take.append(f'  Delete "{_inside(inner / path.name)}"')
    between = {parent for inner in folders for parent in (inner, *inner.parents)} - {Path()}
    take += [f'  RMDir "{_inside(inner)}"' for inner in sorted(between, key=lambda inner: (-len(inner.parts), inner))]
    return "\n".join(
        ["!macro InstallFiles", *put, '  SetOutPath "$INSTDIR"', "!macroend", "!macro RemoveFiles", *take, "!macroend", ""]
    )


def _inside(path: Path) -> str:
    return "\\".join(["$INSTDIR", *(_escaped(part) for part in path.parts)])


def _escaped(text: Path | str) -> str:
    """A name in a string of NSIS, where $ begins a variable."""
    return str(text).replace("$", "$$")
