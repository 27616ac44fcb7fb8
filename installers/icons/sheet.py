"""All pictures of the tray icon on one sheet, to be looked at: `python -m installers.icons.sheet [FILE]`.

Each as large as it is, and below it the smallest ones enlarged, on light and on dark.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from copilot_api.desktop.face import Face
from installers.icons import draw, faces

SIZES = (16, 22, 24, 32, 48, 64)
GROUNDS = ("#f2f2f2", "#ffffff", "#2b2b2b", "#000000")
ENLARGED = (16, 22)
TIMES = 5
_GAP = 10
_LABEL = 90


def sheet() -> Image.Image:
    """The picture of the pictures."""
    block = sum(SIZES) + _GAP * (len(SIZES) + 1)
    large = sum(size * TIMES + _GAP for size in ENLARGED) + _GAP
    apple = 18 + 36 + 3 * _GAP
    row = max(ENLARGED) * TIMES + 2 * _GAP
    width = _LABEL + block * len(GROUNDS) + large * 2 + 2 * apple
    paper = Image.new("RGB", (width, row * len(Face)), "#ffffff")
    pencil = ImageDraw.Draw(paper)
    for place, face in enumerate(Face):
        y = place * row
        pencil.text((4, y + row // 2 - 6), face.value, fill="#000000")
        x = _LABEL
        for ground in GROUNDS:
            _strip(paper, x, y, block, row, ground, [draw.image(size, faces.tile(face, size)) for size in SIZES])
            x += block
        for ground in (GROUNDS[0], GROUNDS[2]):
            enlarged = [_enlarged(draw.image(size, faces.tile(face, size))) for size in ENLARGED]
            _strip(paper, x, y, large, row, ground, enlarged)
            x += large
        for ground, ink in ((GROUNDS[0], "#000000"), (GROUNDS[2], "#ffffff")):
            _strip(
                paper,
                x,
                y,
                apple,
                row,
                ground,
                [_inked(draw.image(size, faces.template(face, size)), ink) for size in (18, 36)],
            )
            x += apple
    return paper


def _strip(paper: Image.Image, x: int, y: int, width: int, height: int, ground: str, pictures: list[Image.Image]) -> None:
    ImageDraw.Draw(paper).rectangle((x, y, x + width - 1, y + height - 1), fill=ground)
    for picture in pictures:
        x += _GAP
        paper.paste(picture, (x, y + (height - picture.height) // 2), picture)
        x += picture.width


def _enlarged(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width * TIMES, picture.height * TIMES), Image.Resampling.NEAREST)


def _inked(picture: Image.Image, ink: str) -> Image.Image:
    """A template picture as macOS shows it."""
    coloured = Image.new("RGBA", picture.size, ink)
    coloured.putalpha(picture.getchannel("A"))
    return coloured


def main(arguments: list[str]) -> int:
    """Draws the sheet into the file that is named, or into `out/faces.png`."""
    path = Path(arguments[0] if arguments else "out/faces.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet().save(path)
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
