"""The clipboard takes the text where there is one, and is never in the way where there is none."""

import sys
from pathlib import Path

import pytest

from copilot_api.desktop import clipboard

if sys.platform == "linux":

    @pytest.fixture
    def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The only folder on PATH; a desk with both kinds of display."""
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
        monkeypatch.setenv("DISPLAY", ":0")
        return tmp_path

    def program(folder: Path, name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (folder / name).chmod(0o755)

    @pytest.mark.parametrize(
        ("name", "arguments"), [("wl-copy", ""), ("xclip", "-selection clipboard"), ("xsel", "--clipboard --input")]
    )
    def test_each_program_gets_the_text_and_its_own_words(programs: Path, name: str, arguments: str) -> None:
        program(programs, name, f'echo "$*" > {programs}/arguments; /bin/cat > {programs}/text')
        assert clipboard.copy("ABCD-1234 é")
        assert (programs / "arguments").read_text("utf-8").strip() == arguments
        assert (programs / "text").read_text("utf-8") == "ABCD-1234 é"

    def test_without_a_program_nothing_is_copied(programs: Path) -> None:
        assert not clipboard.copy("ABCD-1234")

    def test_without_a_display_no_program_is_tried(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("wl-copy", "xclip", "xsel"):
            program(programs, name, f"echo ran > {programs}/ran")
        monkeypatch.delenv("WAYLAND_DISPLAY")
        monkeypatch.delenv("DISPLAY")
        assert not clipboard.copy("ABCD-1234")
        assert not (programs / "ran").exists()

    def test_a_failing_program_gives_way_to_the_next(programs: Path) -> None:
        program(programs, "wl-copy", "exit 1")
        program(programs, "xclip", f"/bin/cat > {programs}/text")
        assert clipboard.copy("ABCD-1234")
        assert (programs / "text").read_text("utf-8") == "ABCD-1234"

    def test_a_program_that_hangs_is_given_up(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(clipboard, "TIME_LIMIT_S", 0.2)
        program(programs, "wl-copy", "exec /bin/sleep 20")
        assert not clipboard.copy("ABCD-1234")

    def test_a_program_that_cannot_run_is_given_up(programs: Path) -> None:
        program(programs, "xsel", "")
        (programs / "xsel").write_bytes(b"\x7fELF nonsense")
        assert not clipboard.copy("ABCD-1234")

    @pytest.mark.parametrize(("system", "name", "encoding"), [("darwin", "pbcopy", "utf-8"), ("win32", "clip", "utf-16-le")])
    def test_macos_and_windows_have_one_program_each(
        programs: Path, monkeypatch: pytest.MonkeyPatch, system: str, name: str, encoding: str
    ) -> None:
        program(programs, name, f"/bin/cat > {programs}/text")
        # The module asks for the system each time; shutil would look for other endings on the foreign one.
        monkeypatch.setattr("shutil.which", lambda wanted: str(programs / wanted) if wanted == name else None)
        monkeypatch.setattr(sys, "platform", system)
        assert clipboard.copy("ABCD-1234 é")
        assert (programs / "text").read_bytes().decode(encoding) == "ABCD-1234 é"
