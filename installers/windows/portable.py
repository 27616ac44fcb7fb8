"""The standalone folder as .zip: what scoop unpacks, and what a person may unpack anywhere."""

import time
import zipfile
from pathlib import Path

from installers import carried, product
from installers.job import CannotMake, Job


def portable(job: Job) -> Path:
    """Makes copilot-api-VERSION-windows-x64.zip, the same bytes each time. Raises CannotMake."""
    if job.program.suffix != ".exe":
        raise CannotMake(f"{job.folder} is not a program for Windows", hint="make the folder on Windows, then pass --folder")
    carried.demand(job)
    job.out.mkdir(parents=True, exist_ok=True)
    path = job.out / name()
    made = time.gmtime(max(product.epoch(), 315_532_800))[:6]  # zip knows no time before 1980
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(file for file in job.folder.rglob("*") if file.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(job.folder).as_posix(), made)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, file.read_bytes())
    return path


def name() -> str:
    """What the archive is called."""
    return f"{product.NAME}-{product.version()}-windows-x64.zip"
