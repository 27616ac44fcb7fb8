"""The zip holds the folder as it is, and is the same each time."""

import zipfile

import pytest

from installers.job import CannotMake, Job
from installers.windows.portable import portable


def test_it_holds_every_file_of_the_folder(job: Job) -> None:
    with zipfile.ZipFile(portable(job)) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            path.relative_to(job.folder).as_posix(): path.read_bytes() for path in job.folder.rglob("*") if path.is_file()
        }


def test_two_of_one_commit_are_alike(job: Job) -> None:
    first = portable(job).read_bytes()
    (job.folder / "LICENCES.txt").touch()
    assert portable(job).read_bytes() == first


def test_a_folder_without_the_licences_of_others_is_not_packed(job: Job) -> None:
    (job.folder / "LICENCES.txt").unlink()
    with pytest.raises(CannotMake, match=r"holds no LICENCES\.txt"):
        portable(job)


def test_a_program_for_another_system_is_not_packed(job: Job) -> None:
    (job.folder / "copilot-api.exe").rename(job.folder / "copilot-api")
    with pytest.raises(CannotMake, match="is not a program for Windows"):
        portable(job)
