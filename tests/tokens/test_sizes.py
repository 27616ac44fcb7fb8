import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.tokens.sizes import of_base64, of_bytes

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
SOF = struct.pack(">BBHBHH", 0xFF, 0xC0, 17, 8, 480, 640)
PROGRESSIVE = struct.pack(">BBHBHH", 0xFF, 0xC2, 17, 8, 480, 640)


def segment(marker: int, length: int) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, length + 2) + bytes(length)


def webp(kind: bytes, payload: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(payload) + 12) + b"WEBP" + kind + struct.pack("<I", len(payload)) + payload


PICTURES = {
    "png": PNG,
    "gif 87": b"GIF87a" + struct.pack("<HH", 640, 480),
    "gif 89": b"GIF89a" + struct.pack("<HH", 640, 480),
    "jpeg baseline": b"\xff\xd8" + segment(0xE0, 14) + segment(0xDB, 65) + SOF,
    "jpeg progressive": b"\xff\xd8" + segment(0xE1, 30) + PROGRESSIVE,
    "jpeg with huffman tables first": b"\xff\xd8" + segment(0xC4, 20) + SOF,
    "jpeg with fill bytes": b"\xff\xd8" + b"\xff\xff" + segment(0xE0, 14) + b"\xff" + SOF,
    "jpeg with a bare marker": b"\xff\xd8" + b"\xff\x01" + SOF,
    "webp lossy": webp(b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 640 | 0x4000, 480)),
    "webp lossless": webp(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14 | 1 << 28)),
    "webp extended": webp(b"VP8X", b"\x10\0\0\0" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")),
}
# Whole pictures of one pixel, as real encoders write them.
REAL = {
    "png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "gif": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    "webp lossy": "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA",
    "webp lossless": "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==",
    "webp extended": "UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDgg"
    "GAAAABQBAJ0BKgEAAQAAAP4AAA3AAP7mtQAAAA==",
}


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_the_size_is_read_from_the_header(data: bytes) -> None:
    assert of_bytes(data) == (640, 480)
    assert of_base64(base64.b64encode(data).decode()) == (640, 480)


@pytest.mark.parametrize("data", REAL.values(), ids=REAL)
def test_real_pictures(data: str) -> None:
    assert of_base64(data) == (1, 1)


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_a_picture_cut_short_has_no_size_and_raises_nothing(data: bytes) -> None:
    assert {of_bytes(data[:length]) for length in range(len(data))} <= {None, (640, 480)}
    assert of_bytes(data[:9]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BM" + bytes(40),
        b"<svg width='640' height='480'/>",
        b"RIFF\0\0\0\0WAVEfmt " + bytes(30),
        b"\xff\xd8\x00\x00\x00\x00",
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 0),
    ],
    ids=["nothing", "bmp", "svg", "wave", "broken jpeg", "no height"],
)
def test_what_is_no_picture_we_know_has_no_size(data: bytes) -> None:
    assert of_bytes(data) is None


@given(st.binary(max_size=200), st.sampled_from([b"", *(data[:12] for data in PICTURES.values())]))
def test_garbage_raises_nothing(garbage: bytes, head: bytes) -> None:
    size = of_bytes(head + garbage)
    assert size is None or (size[0] > 0 and size[1] > 0)


@given(st.text(max_size=50))
def test_text_that_is_not_base64_raises_nothing(text: str) -> None:
    of_base64(text)


def test_base64_may_be_broken_into_lines() -> None:
    lines = base64.encodebytes(PNG + bytes(100)).decode()
    assert lines.count("\n") > 1
    assert of_base64(lines) == (640, 480)


def test_a_jpeg_with_large_metadata_is_read_to_its_frame() -> None:
    metadata = segment(0xE1, 65_000) * 2
    assert of_base64(base64.b64encode(b"\xff\xd8" + metadata + SOF).decode()) == (640, 480)


def test_only_the_beginning_of_a_large_picture_is_decoded() -> None:
    assert of_base64(base64.b64encode(PNG).decode()[:32] + "AAAA" * 30_000 + "broken ü") == (640, 480)
