"""The licences of all that the program carries, put into its folder by the machine that built it, which alone has them all."""

from pathlib import Path

from installers import notices
from installers.job import CannotMake, Job

NAME = "LICENCES.txt"


def carried(job: Job) -> Path:
    """Writes LICENCES.txt into the standalone folder. Raises CannotMake."""
    path = job.program.with_name(NAME)
    path.write_text(notices.plain(job.folder, job.report), "utf-8")
    return path


def demand(job: Job) -> None:
    """For packages that may be made elsewhere. Raises CannotMake when the folder has no LICENCES.txt."""
    if not job.program.with_name(NAME).is_file():
        raise CannotMake(
            f"{job.folder} holds no {NAME}", hint="python -m installers licences makes it where the folder was built"
        )
