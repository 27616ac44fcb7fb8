"""The AppImage: one file with a desktop entry and icon inside, that desktops and AppImage tools can read.

A type 2 AppImage is a program, "AI\\2" at its byte 8, and a squashfs image behind it. appimagetool and the project's own head
are only published as downloads, in no package registry, and that head mounts the image with FUSE, which containers and WSL
lack. So runtime.c is ours: 200 lines that unpack the image once, into the cache folder, with libsquashfuse (BSD) as the reader
of the format. That needs no FUSE, and from the second start on it is as fast as the installed program. Tools that look into an
AppImage see what they expect, because the image is the standard one.
"""

import hashlib
import os
import shutil
from pathlib import Path

from installers import notices, product
from installers.job import Job, need, run, say
from installers.linux import elf, tree

RUNTIME = Path(__file__).parent / "runtime.c"
_LIBRARIES = "on Debian and Ubuntu run: sudo apt-get install gcc libc6-dev libsquashfuse-dev libzstd-dev zlib1g-dev"
# What is linked into the head.
_INSIDE = (
    ("squashfuse", "BSD-2-Clause", "squashfuse.txt"),
    ("zstd", "BSD-3-Clause", "zstd.txt"),
    ("zlib", "Zlib", "zlib.txt"),
    ("GNU C Library", "LGPL-2.1-or-later", "glibc.txt"),
)
_MAGIC_AT, _MAGIC = 8, b"AI\x02"


def appimage(job: Job) -> Path:
    """Makes copilot-api-VERSION-MACHINE.AppImage. Raises CannotMake."""
    mksquashfs = need("mksquashfs", hint="on Debian, Ubuntu and Fedora it is in the package squashfs-tools")
    work = job.fresh("appimage")
    root = work / "AppDir"
    _plant(job, root)
    image = work / "image"
    # One processor, or the order in which blocks are packed would depend on who is quicker.
    layout = (
        "-comp",
        "zstd",
        "-Xcompression-level",
        "19",
        "-b",
        "256K",
        "-root-owned",
        "-noappend",
        "-no-xattrs",
        "-no-exports",
    )
    say("  packing with squashfs and zstd")
    run(mksquashfs, root, image, *layout, "-processors", "1", "-quiet", "-no-progress")
    head = compile_head(work, hashlib.sha256(image.read_bytes()).hexdigest()[:16])
    needs = elf.needs(job.folder, job.program)
    path = job.out / f"{product.NAME}-{product.version()}-{needs.machine}.AppImage"
    path.write_bytes(head + image.read_bytes())
    path.chmod(0o755)
    return path


def _plant(job: Job, root: Path) -> None:
    tree.plant(job, root / "usr", tree.Places())
    # A unit would have to name where the person keeps this file, which nobody knows here.
    shutil.rmtree(root / "usr" / "lib" / "systemd")
    share = root / "usr" / "share"
    documents = share / "doc" / product.NAME
    documents.mkdir(parents=True)
    told = notices.plain(job.folder, job.report, tuple(notices.apart(*row) for row in _INSIDE))
    (documents / "LICENCES.txt").write_text(told, "utf-8")
    shutil.copy(share / "applications" / f"{product.NAME}.desktop", root)
    shutil.copy(share / "icons" / "hicolor" / "256x256" / "apps" / f"{product.NAME}.png", root)
    (root / ".DirIcon").symlink_to(f"{product.NAME}.png")
    (root / "AppRun").symlink_to(f"usr/bin/{product.NAME}")
    tree.settle(root)


def compile_head(work: Path, digest: str) -> bytes:
    """runtime.c as a program that needs no library, with the mark of an AppImage in its head. Raises CannotMake."""
    gcc = need(os.environ.get("CC", "gcc"), hint=_LIBRARIES)
    program = work / "runtime"
    release = f'-DRELEASE="{product.version()}-{digest}"'
    options = (
        "-std=gnu11",
        "-Os",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-static",
        "-s",
        "-ffile-prefix-map=" + f"{RUNTIME.parent}=.",
    )
    say("  compiling the head")
    run(gcc, *options, release, RUNTIME, "-o", program, "-lsquashfuse", "-lzstd", "-lz")
    head = bytearray(program.read_bytes())
    head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] = _MAGIC
    return bytes(head)
