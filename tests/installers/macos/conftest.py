"""A folder as the compiler makes it on a Mac, by its names."""

from pathlib import Path

import pytest

from installers.job import Job


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job with that folder, in a project that lives somewhere."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    folder = tmp_path / "copilot-api.dist"
    (folder / "inner").mkdir(parents=True)
    # A stand-in that tells what it was asked, which the launcher's command can be tried with.
    (folder / "copilot-api").write_text('#!/bin/sh\necho "asked for: $*"\n', "utf-8")
    (folder / "copilot-api").chmod(0o755)
    (folder / "LICENCES.txt").write_text("of others", "utf-8")
    (folder / "inner" / "module.so").write_bytes(b"\xcf\xfa\xed\xfe library")
    out = tmp_path / "out"
    out.mkdir()
    return Job(folder=folder, file=folder / "copilot-api", out=out)
