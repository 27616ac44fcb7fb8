"""Frames, however the bytes are cut."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects import sse
from copilot_api.dialects.sse import Sse, SseDecoder
from copilot_api.errors import UpstreamBroke
from tests.builders.answers import chunked

STREAM = (
    b'event: a\ndata: {"x":1}\n\n: note\n\ndata: one\r\ndata: two\r\n\r\n'
    b"data:tight\n\nid: 7\nevent: b\ndata: \xf0\x9f\x91\x8b\n\n"
)
READ = [(b'{"x":1}', "a"), (b"", ""), (b"one\ntwo", ""), (b"tight", ""), (b"\xf0\x9f\x91\x8b", "b")]


def read(chunks: list[bytes]) -> list[Sse]:
    decoder = SseDecoder()
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    return [*frames, *decoder.close()]


@pytest.mark.parametrize("chunks", [[STREAM], [bytes([byte]) for byte in STREAM]], ids=["whole", "byte by byte"])
def test_frames_do_not_depend_on_chunks(chunks: list[bytes]) -> None:
    frames = read(chunks)
    assert [(frame.data, frame.event) for frame in frames] == READ
    assert b"".join(frame.raw for frame in frames) == STREAM


@given(lines=st.lists(st.sampled_from([b"data: x", b"event: e", b"", b": c", b"data", b"junk"])), seed=st.integers())
def test_every_byte_is_in_exactly_one_frame(lines: list[bytes], seed: int) -> None:
    rnd = random.Random(seed)
    stream = b"".join(line + rnd.choice([b"\n", b"\r\n"]) for line in lines)
    whole, cut = read([stream]), read(chunked(stream, rnd))
    assert b"".join(frame.raw for frame in cut) == stream
    assert cut == whole


def test_a_last_frame_without_its_blank_line_is_read_at_the_end() -> None:
    assert [frame.data for frame in read([b"data: a\n\ndata: b\n"])] == [b"a", b"b"]


@pytest.mark.parametrize("raw", [b"event: ping\n\n", b"event: a\nid: 1\ndata: b\n\n", b"event: a\ndata: b\ndata: c\n\n"])
def test_an_event_that_is_not_followed_by_its_data_alone_is_read_line_by_line(raw: bytes) -> None:
    [frame] = read([raw])
    data = [line.removeprefix(b"data: ") for line in raw.splitlines() if line.startswith(b"data: ")]
    assert (frame.event, frame.data, frame.raw) == (raw[7 : raw.index(b"\n")].decode(), b"\n".join(data), raw)


def test_a_frame_without_end_is_not_collected_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "FRAME_LIMIT_BYTES", 1000)
    decoder = SseDecoder()
    with pytest.raises(UpstreamBroke):
        for _ in range(20):
            list(decoder.feed(b"x" * 100))


def test_a_large_frame_in_small_chunks_is_read_in_linear_time() -> None:
    decoder = SseDecoder()
    chunks = [b"data: " + b"y" * 1000, *[b"z" * 1000] * 2000, b"\n\n"]
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    assert [len(frame.data) for frame in frames] == [2_001_000]


def test_encoding_writes_what_decoding_reads() -> None:
    written = sse.encode(b'{"a":1}', "named") + sse.encode(b"{}") + sse.comment("still here")
    assert [(frame.data, frame.event) for frame in read([written])] == [(b'{"a":1}', "named"), (b"{}", ""), (b"", "")]


def test_a_long_line_in_small_pieces_is_read_in_time_that_grows_no_faster_than_it() -> None:
    decoder, piece, began = SseDecoder(), b"x" * 64, time.process_time()
    for _ in range(8 * 1024 * 1024 // 64):
        assert not list(decoder.feed(piece))
    assert decoder.held_bytes == 8 * 1024 * 1024
    [frame] = decoder.feed(b"\n\n")
    assert len(frame.raw) == 8 * 1024 * 1024 + 2
    assert decoder.held_bytes == 0
    assert time.process_time() - began < 10
