"""What the program carries is what is drawn now."""

from pathlib import Path

import pytest
from PIL import Image

from copilot_api.desktop import icons
from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import Icons
from installers.icons import bundle


def test_the_bundled_pictures_are_what_the_source_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    carried = Icons()
    assert bundle.main(tmp_path / "data" / "faces.pixels") == 0
    assert "faces.pixels: 11 faces" in capsys.readouterr().out
    monkeypatch.setattr(icons, "FILE", tmp_path / "data" / "faces.pixels")
    drawn = Icons()
    for face in Face:
        assert carried.argb(face) == drawn.argb(face), "run: python -m installers.icons.bundle"
        assert carried.template(face) == drawn.template(face)


def test_pixels_stand_in_the_order_of_the_network() -> None:
    assert bundle.argb(Image.new("RGBA", (1, 1), (1, 2, 3, 4))) == bytes((4, 1, 2, 3))
