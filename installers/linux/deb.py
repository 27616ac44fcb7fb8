"""The package for Debian, Ubuntu and their kin."""

import hashlib
import lzma
import textwrap
from collections.abc import Iterator
from pathlib import Path

from installers import notices, product
from installers.job import CannotMake, Job, need, run, say
from installers.linux import elf, texts, tree
from installers.linux.copyright import debian_copyright

# Libraries that are not in the folder, by the package that brings them.
PACKAGES = {
    "ld-linux-aarch64.so.1": "libc6",
    "ld-linux-x86-64.so.2": "libc6",
    "libc.so.6": "libc6",
    "libdl.so.2": "libc6",
    "libgcc_s.so.1": "libgcc-s1",
    "libm.so.6": "libc6",
    "libpthread.so.0": "libc6",
    "librt.so.1": "libc6",
    "libstdc++.so.6": "libstdc++6",
    "libutil.so.1": "libc6",
    "libz.so.1": "zlib1g",
}
_AR = b"!<arch>\n"
# What lintian says and why it stays so; the program is a folder of its own, not one of Debian's own packages.
_OVERRIDES = """\
# The program brings its Python and libraries along, so that it runs where there is no Python, on any distribution.
{name}: embedded-library *
# Private modules of that Python, loaded by the program alone and never linked to.
{name}: shared-library-lacks-prerequisites *
{name}: library-not-linked-against-libc *
# patchelf has been at Pillow's libraries; stripped after that, they can no longer be loaded.
{name}: unstripped-binary-or-object [usr/lib/{name}/PIL/*]
"""


def deb(job: Job) -> Path:
    """Makes copilot-api_VERSION_ARCHITECTURE.deb. Raises CannotMake."""
    dpkg_deb = need("dpkg-deb", hint="on Debian and Ubuntu it is there; on Fedora run: sudo dnf install dpkg")
    root = job.fresh("deb")
    tree.plant(job, root / "usr", tree.Places(zsh="share/zsh/vendor-completions"))
    documents = root / "usr" / "share" / "doc" / product.NAME
    tree.write_gzip(documents / "changelog.gz", texts.debian_changelog())
    (documents / "copyright").write_text(debian_copyright(notices.parts(job.folder, job.report)), "utf-8")
    overrides = root / "usr" / "share" / "lintian" / "overrides" / product.NAME
    overrides.parent.mkdir(parents=True)
    overrides.write_text(_OVERRIDES.format(name=product.NAME), "utf-8")
    needs = elf.needs(job.folder, job.program)
    size = tree.installed_kib(root)
    _control(root, needs, size)
    tree.settle(root)
    path = job.out / f"{product.NAME}_{product.version()}_{needs.debian}.deb"
    say(f"  packing {size // 1024} MiB with xz")
    run(dpkg_deb, "--root-owner-group", "-Znone", "--build", root, path)
    path.write_bytes(packed(path.read_bytes(), needs.debian))
    return path


def packed(package: bytes, architecture: str) -> bytes:
    """A package that dpkg-deb made without packing it, packed.

    dpkg-deb knows no filters: with that for x86, which makes calls of one function alike wherever they stand, the package is a
    twentieth smaller. What reads packages reads whatever xz has written; it has had that filter from the start.
    """
    lzma2: dict[str, int] = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}
    filters = [{"id": lzma.FILTER_X86}, lzma2] if architecture == "amd64" else [lzma2]
    made = [_AR]
    for head, name, data in _members(package):
        is_packed = name.endswith(".tar")
        told = lzma.compress(data, check=lzma.CHECK_CRC32, filters=filters) if is_packed else data
        shown = f"{name}.xz" if is_packed else name
        size = str(len(told)).encode()
        made += [shown.encode().ljust(16), head[16:48], size.ljust(10), head[58:], told, b"\n" * (len(told) % 2)]
    return b"".join(made)


def _members(package: bytes) -> Iterator[tuple[bytes, str, bytes]]:
    """Head, name and data of each file in an ar archive, which is what a package is."""
    at = len(_AR)
    while at < len(package):
        head = package[at : at + 60]
        size = int(head[48:58])
        yield head, head[:16].decode().rstrip(" /"), package[at + 60 : at + 60 + size]
        at += 60 + size + size % 2


def _control(root: Path, needs: elf.Needs, size: int) -> None:
    description = "\n .\n".join(
        textwrap.fill(paragraph, 78, initial_indent=" ", subsequent_indent=" ", break_on_hyphens=False)
        for paragraph in product.DESCRIPTION
    )
    page = product.homepage()
    fields = {
        "Package": product.NAME,
        "Version": product.version(),
        "Architecture": needs.debian,
        "Maintainer": product.MAINTAINER,
        "Installed-Size": str(size),
        "Depends": ", ".join(depends(needs)),
        "Suggests": "gnome-keyring | kwalletmanager | keepassxc",
        "Section": "net",
        "Priority": "optional",
        **({"Homepage": page} if page else {}),
        "Description": f"{product.SUMMARY}\n{description}",
    }
    folder = root / "DEBIAN"
    sums = "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(root)}\n"
        for path in sorted((root / "usr").rglob("*"))
        if path.is_file() and not path.is_symlink()
    )
    folder.mkdir()
    (folder / "control").write_text("".join(f"{name}: {value}\n" for name, value in fields.items()), "utf-8")
    (folder / "md5sums").write_text(sums, "utf-8")


def depends(needs: elf.Needs) -> list[str]:
    """The packages that must be there. Raises CannotMake for a library that nobody said where to get."""
    strangers = [library for library in needs.libraries if library not in PACKAGES]
    if strangers:
        raise CannotMake(
            f"the program needs {', '.join(strangers)} of the system",
            hint="pack it along, or add it to installers/linux/deb.py",
        )
    packages = {PACKAGES[library] for library in needs.libraries} - {"libc6"}
    return [f"libc6 (>= {needs.glibc})", "ca-certificates", *sorted(packages)]
