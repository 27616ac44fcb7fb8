"""What desktops, systemd and package managers read of the program, judged by their own checkers."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from installers import product
from installers.linux import texts


def judged(*command: str | Path, environ: dict[str, str] | None = None) -> str:
    """What a checker prints about a file, nothing being wrong."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(environ or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A CHANGELOG.md with a release behind it."""
    text = "# Changes\n\n## 1.1.0 (not released yet)\n\n### Added\n\n- A thing with 100 % `more`\n  of it & < so.\n\n"
    (tmp_path / "CHANGELOG.md").write_text(text + "## 1.0.0 (2026-11-30)\n\n- The first.\n", "utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", "utf-8")
    monkeypatch.setattr(product, "ROOT", tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")


@pytest.mark.usefixtures("changes")
def test_releases_are_read_newest_first() -> None:
    newest, oldest = texts.releases()
    assert (newest.version, oldest.version) == ("1.1.0", "1.0.0")
    assert newest.day == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    assert oldest.day.date().isoformat() == "2026-11-30"
    assert newest.changes == ("A thing with 100 % `more` of it & < so.",)


def test_the_newest_release_is_this_version() -> None:
    assert texts.releases()[0].version == product.version()
    assert len(texts.releases()[0].changes) > 5


@pytest.mark.parametrize("text", [texts.desktop(), texts.terminal()])
def test_desktops_accept_the_menu_entries(tmp_path: Path, text: str) -> None:
    path = tmp_path / "copilot-api.desktop"
    path.write_text(text, "utf-8")
    assert judged("desktop-file-validate", path) == ""


def test_the_menu_starts_the_tray_and_what_needs_a_terminal_gets_one() -> None:
    assert "\nExec=copilot-api tray\n" in texts.desktop()
    assert "\nTerminal=false\n" in texts.desktop()
    assert "\nExec=copilot-api start\n" in texts.terminal()
    assert "\nTerminal=true\n" in texts.terminal()


def test_software_centres_accept_the_metadata(tmp_path: Path) -> None:
    path = tmp_path / f"{product.APP_ID}.metainfo.xml"
    path.write_text(texts.metainfo(), "utf-8")
    said = judged("appstreamcli", "validate", "--no-net", "--no-color", "--pedantic", path)
    # <developer> is younger (AppStream 1.0) than the checker of Debian 12; the older form is deprecated by the newer ones.
    assert {line.rpartition(" ")[0].split()[-1] for line in said.splitlines() if line.startswith("I:")} <= {"unknown-tag"}
    assert not [line for line in said.splitlines() if line.startswith(("E:", "W:", "P:"))]


@pytest.mark.usefixtures("changes")
def test_the_metadata_tells_the_changes_of_each_release() -> None:
    told = texts.metainfo()
    assert '<release version="1.1.0" date="2027-01-15">' in told
    assert "<li>A thing with 100 % more of it &amp; &lt; so.</li>" in told


def test_the_metadata_names_the_page_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/copilot-api")
    assert '<url type="homepage">https://github.com/somebody/copilot-api</url>' in texts.metainfo()


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "copilot-api.service"
    path.write_text(texts.unit("/bin/true"), "utf-8")
    assert judged("systemd-analyze", "--user", "--man=no", "verify", path, environ={"XDG_RUNTIME_DIR": str(tmp_path)}) == ""


@pytest.mark.parametrize("program", ["/usr/bin/copilot-api", "%h/.local/bin/copilot-api"])
def test_the_unit_starts_the_server_by_the_path_of_the_package(program: str) -> None:
    assert f"\nExecStart={program} start --patient\n" in texts.unit(program)


@pytest.mark.usefixtures("changes")
def test_debian_reads_the_changelog(tmp_path: Path) -> None:
    path = tmp_path / "changelog"
    path.write_text(texts.debian_changelog(), "utf-8")
    read = judged("dpkg-parsechangelog", "--all", "-l", path)
    assert "Version: 1.1.0\n" in read
    assert "Date: Fri, 15 Jan 2027 08:00:00 +0000" in read
    assert " copilot-api (1.0.0) unstable; urgency=medium\n" in read
    assert "warning" not in read


@pytest.mark.usefixtures("changes")
def test_a_spec_file_takes_no_percent_of_the_changelog_for_its_own() -> None:
    first, _, _ = texts.rpm_changelog().partition("\n\n")
    assert first == f"* Fri Jan 15 2027 {product.MAINTAINER} - 1.1.0-1\n- A thing with 100 %% `more` of it & < so."
