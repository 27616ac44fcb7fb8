"""The tree of files that every Linux package holds, below a prefix such as /usr."""

import gzip
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from installers import product
from installers.icons import draw
from installers.job import Job, say
from installers.linux import completions, texts
from installers.linux.elf import is_elf
from installers.linux.manual import manual

PROGRAM_FOLDER = f"lib/{product.NAME}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What differs between packages: where things go below the prefix, and how the unit calls the program."""

    zsh: str = "share/zsh/site-functions"
    unit: str = "lib/systemd/user"
    program: str = f"/usr/bin/{product.NAME}"


def plant(job: Job, prefix: Path, places: Places) -> None:
    """Writes the tree. Raises CannotMake."""
    say(f"  {job.folder.name} -> {PROGRAM_FOLDER}")
    _ = job.program
    shutil.copytree(job.folder, prefix / PROGRAM_FOLDER, symlinks=True)
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / product.NAME).symlink_to(f"../{PROGRAM_FOLDER}/{product.NAME}")
    say("  menu entries, icons, manual, completions, unit, metadata")
    share = prefix / "share"
    _write(share / "applications" / f"{product.NAME}.desktop", texts.desktop())
    _write(share / "applications" / f"{product.NAME}-terminal.desktop", texts.terminal())
    _write(share / "metainfo" / f"{product.APP_ID}.metainfo.xml", texts.metainfo())
    _write(prefix / places.unit / f"{product.NAME}.service", texts.unit(places.program))
    write_gzip(share / "man" / "man1" / f"{product.NAME}.1.gz", manual())
    _write(share / "bash-completion" / "completions" / product.NAME, completions.bash())
    _write(prefix / places.zsh / f"_{product.NAME}", completions.zsh())
    _write(share / "fish" / "vendor_completions.d" / f"{product.NAME}.fish", completions.fish())
    icons(share / "icons" / "hicolor")


def icons(theme: Path) -> None:
    """The icon in every size of the theme that all desktops fall back to."""
    for size in draw.SIZES:
        path = theme / f"{size}x{size}" / "apps" / f"{product.NAME}.png"
        path.parent.mkdir(parents=True)
        draw.write_png(path, size)
    _write(theme / "scalable" / "apps" / f"{product.NAME}.svg", draw.svg())


def write_gzip(path: Path, text: str) -> None:
    """`text` packed without name and time, so that it is the same each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def settle(root: Path) -> None:
    """Modes and times of all files as a package has them, whatever the machine's umask and clock."""
    made = product.epoch()
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            runs = path.is_dir() or (is_elf(path) and path.name == product.NAME)
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (made, made), follow_symlinks=False)
    root.chmod(0o755)
    os.utime(root, (made, made))


def installed_kib(root: Path) -> int:
    """What the tree takes on disk, in KiB as dpkg counts it: each file rounded up, one for each folder and link."""
    return sum(-(-path.stat().st_size // 1024) if path.is_file() and not path.is_symlink() else 1 for path in root.rglob("*"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
