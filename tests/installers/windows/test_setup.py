"""What the script of the setup program is told. What the program then does, test_setup_run.py tries."""

from pathlib import Path

import pytest

from copilot_api import __version__
from installers import product
from installers.job import CannotMake, Job
from installers.windows.setup import SCRIPT, definitions, listing, numbers, setup


def test_every_file_is_put_into_place_and_taken_away_again(job: Job) -> None:
    text = listing(job.folder)
    put, take = text.split("!macro RemoveFiles\n")
    assert put.count("  File ") == take.count("  Delete ") == 3
    assert f'  SetOutPath "$INSTDIR\\inner\\deep"\n  File "/oname=pri$$e.pyd" "{job.folder}/inner/deep/pri$e.pyd"\n' in put
    assert '  Delete "$INSTDIR\\inner\\deep\\pri$$e.pyd"\n' in take


def test_folders_go_after_what_is_in_them_and_only_if_nothing_else_is(job: Job) -> None:
    take = listing(job.folder).split("!macro RemoveFiles\n")[1]
    assert [line for line in take.splitlines() if "RMDir" in line] == [
        '  RMDir "$INSTDIR\\inner\\deep"',
        '  RMDir "$INSTDIR\\inner"',
    ]
    assert "/r" not in take


@pytest.mark.parametrize(
    ("version", "expected"), [("1.2.3", "1.2.3.0"), ("1.2", "1.2.0.0"), ("1.2.3rc1", "1.2.0.0"), ("1.2.3.dev4", "1.2.3.0")]
)
def test_windows_gets_four_numbers(version: str, expected: str) -> None:
    assert numbers(version) == expected


def test_the_script_is_told_version_size_and_home(job: Job) -> None:
    told = definitions(job.folder, files=Path("f"), icon=Path("i"), out=Path("o"))
    assert {f"-DVERSION={__version__}", "-DKIBIBYTES=3", "-DHOMEPAGE=https://github.com/owner/name"} <= set(told)


def test_what_is_not_known_is_not_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY")
    monkeypatch.delenv("COPILOT_API_SIGN", raising=False)
    told = definitions(job.folder, files=Path("f"), icon=Path("i"), out=Path("o"))
    assert not [one for one in told if one.startswith(("-DSIGN", "-DHOMEPAGE"))]


def test_a_command_that_signs_is_handed_on(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_API_SIGN", "signtool sign /fd sha256")
    assert "-DSIGN=signtool sign /fd sha256" in definitions(job.folder, files=Path("f"), icon=Path("i"), out=Path("o"))


def test_without_makensis_the_way_to_get_it_is_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(job.out))
    with pytest.raises(CannotMake) as told:
        setup(job)
    assert told.value.hint == "on Debian and Ubuntu: sudo apt-get install nsis"


@pytest.mark.parametrize("switch", ["/ALLUSERS", "/NOPATH", "/DESKTOP"])
def test_switches_that_readme_names_are_read(switch: str) -> None:
    assert f"`{switch}`" in (product.ROOT / "README.md").read_text("utf-8")
    assert f'${{GetOptions}} $2 "{switch}" $3' in SCRIPT.read_text("utf-8")
