"""Programs of the system are found or asked for, run without surprises, and heard when they fail."""

import sys
from pathlib import Path

import pytest

from installers.job import CannotMake, Job, need, run


def job(tmp_path: Path) -> Job:
    return Job(folder=tmp_path / "dist", file=tmp_path / "copilot-api", out=tmp_path / "out")


def test_a_missing_program_is_asked_for_with_what_to_type() -> None:
    with pytest.raises(CannotMake) as problem:
        need("no-such-program", hint="install it")
    assert problem.value.message == "no-such-program is needed and not installed"
    assert problem.value.hint == "install it"


def test_a_program_that_is_there_is_found() -> None:
    assert Path(need(sys.executable, hint="")).exists()


def test_a_program_that_fails_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CannotMake, match="ended with exit code 3"):
        run(sys.executable, "-c", "print('no space left'); raise SystemExit(3)")
    assert "no space left" in capfd.readouterr().err


def test_programs_run_at_the_time_of_the_product_and_in_no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    code = "import os; print(os.environ['SOURCE_DATE_EPOCH'], os.environ['LC_ALL'], os.environ['TZ'], os.environ['MORE'])"
    assert run(sys.executable, "-c", code, environ={"MORE": "yes"}) == "1700000000 C.UTF-8 UTC yes\n"


def test_a_folder_without_the_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotMake) as problem:
        _ = job(tmp_path).program
    assert "holds no copilot-api" in problem.value.message
    assert problem.value.hint == "python build/build.py --standalone makes it"


@pytest.mark.parametrize("name", ["copilot-api", "copilot-api.exe"])
def test_the_program_is_found_on_every_system(tmp_path: Path, name: str) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / name).write_bytes(b"")
    assert job(tmp_path).program.name == name


def test_a_working_folder_is_empty_each_time(tmp_path: Path) -> None:
    (job(tmp_path).fresh("deb") / "left").write_text("", "utf-8")
    assert list(job(tmp_path).fresh("deb").iterdir()) == []
