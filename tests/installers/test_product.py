"""Each fact about the product is the one that the program and the project tell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from installers import product


def test_the_version_is_the_one_that_the_program_tells() -> None:
    told = subprocess.run([sys.executable, "-m", "copilot_api", "--version"], capture_output=True, text=True, check=True)
    assert told.stdout == f"{product.NAME} {product.version()}\n"


def test_the_summary_fits_a_line_of_every_package_manager() -> None:
    assert len(product.SUMMARY) <= 60
    assert not product.SUMMARY.endswith(".")


def test_the_time_is_the_one_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert product.epoch() == 1_700_000_000


def test_without_a_wish_it_is_that_of_the_commit_or_of_the_last_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    committed = product.epoch()
    assert committed > 1_600_000_000
    monkeypatch.setenv("GIT_DIR", os.devnull)
    assert product.epoch() == int((product.ROOT / "CHANGELOG.md").stat().st_mtime)


def test_the_homepage_is_the_repository_whose_workflow_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/copilot-api")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example.com")
    assert product.homepage() == "https://git.example.com/somebody/copilot-api"


@pytest.mark.parametrize(
    ("urls", "expected"), [("", ""), ('[project.urls]\nHomepage = "https://example.com"\n', "https://example.com")]
)
def test_elsewhere_it_is_what_the_project_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, urls: str, expected: str
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.setattr(product, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "copilot-api-local"\n{urls}', "utf-8")
    assert product.homepage() == expected


def test_a_program_without_a_version_is_no_product(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(product, "ROOT", tmp_path)
    (tmp_path / "copilot_api").mkdir()
    (tmp_path / "copilot_api" / "__init__.py").write_text("", "utf-8")
    with pytest.raises(ValueError, match="names no version"):
        product.version()
