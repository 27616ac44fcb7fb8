"""All pictures on one sheet, for a person to look at."""

from pathlib import Path

import pytest
from PIL import Image

from copilot_api.desktop.face import Face
from installers.icons import faces, sheet


def test_every_face_is_on_the_sheet_in_its_colour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out" / "faces.png"
    assert sheet.main([str(path)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    with Image.open(path) as drawn:
        height = drawn.height // len(Face)
        for place, face in enumerate(Face):
            strip = drawn.crop((0, place * height, drawn.width, (place + 1) * height))
            colours = strip.getcolors(maxcolors=1 << 24) or []
            count = {colour: count for count, colour in colours}[tuple(bytes.fromhex(faces.COLOURS[face][1:]))]
            assert count > 5000
