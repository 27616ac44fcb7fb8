"""The tree as .tar.gz, to be unpacked into ~/.local or /usr/local by hand."""

import gzip
import io
import tarfile
from pathlib import Path

from installers import notices, product
from installers.job import Job, say
from installers.linux import elf, tree

# Unpacked into ~/.local, all of this is where a desktop and systemd look.
PLACES = tree.Places(unit="share/systemd/user", program=f"%h/.local/bin/{product.NAME}")


def archive(job: Job) -> Path:
    """Makes copilot-api-VERSION-linux-MACHINE.tar.gz. Raises CannotMake."""
    root = job.fresh("tar")
    needs = elf.needs(job.folder, job.program)
    name = f"{product.NAME}-{product.version()}-linux-{needs.machine}"
    tree.plant(job, root / name, PLACES)
    documents = root / name / "share" / "doc" / product.NAME
    documents.mkdir(parents=True)
    (documents / "LICENCES.txt").write_text(notices.plain(job.folder, job.report), "utf-8")
    (documents / "CHANGELOG.md").write_bytes((product.ROOT / "CHANGELOG.md").read_bytes())
    tree.settle(root)
    say("  packing with gzip")
    path = job.out / f"{name}.tar.gz"
    path.write_bytes(packed(root))
    return path


def packed(root: Path) -> bytes:
    """All below `root` in the order of names, owned by number 0, as gzip without name and time."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            entry = tar.gettarinfo(str(path), str(path.relative_to(root)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mtime = product.epoch()
            if entry.isreg():
                with path.open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)
    return gzip.compress(plain.getvalue(), 9, mtime=0)
