"""A folder as the compiler makes it on Windows, by its names."""

from pathlib import Path

import pytest

from installers.job import Job


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job with that folder, in a project that lives somewhere."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    folder = tmp_path / "copilot-api.dist"
    (folder / "inner" / "deep").mkdir(parents=True)
    (folder / "copilot-api.exe").write_bytes(b"MZ" * 2000)
    (folder / "LICENCES.txt").write_text("of others", "utf-8")
    (folder / "inner" / "deep" / "pri$e.pyd").write_bytes(b"library")
    out = tmp_path / "out"
    out.mkdir()
    return Job(folder=folder, file=folder / "copilot-api.exe", out=out)
