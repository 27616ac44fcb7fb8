"""Where a release's files are: told by the workflow that runs, and never made up."""

import hashlib
from pathlib import Path

import pytest

from copilot_api import __version__
from installers import product, release
from installers.job import CannotMake


def test_the_repository_of_the_workflow_is_where_files_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    assert release.owner() == "owner"
    assert release.url("a.zip") == f"https://github.com/owner/name/releases/download/v{__version__}/a.zip"


def test_a_manifest_that_would_lead_nowhere_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "homepage", lambda: "")
    with pytest.raises(CannotMake) as told:
        release.url("a.zip")
    assert "GITHUB_REPOSITORY=OWNER/NAME" in told.value.hint


def test_the_checksum_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"content")
    assert release.sha256(path, target="zip") == hashlib.sha256(b"content").hexdigest()


def test_a_package_that_is_missing_is_named_with_its_target(tmp_path: Path) -> None:
    with pytest.raises(CannotMake) as told:
        release.sha256(tmp_path / "a.zip", target="zip")
    assert told.value.hint == "python -m installers zip makes it"
