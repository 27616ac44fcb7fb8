"""Copilot streams, the client wants the whole."""

import random

import pytest

from copilot_api.dialects.codec import loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.sse import SseDecoder
from copilot_api.errors import UpstreamBroke
from copilot_api.translate.assembled import AssembledMessages
from tests.builders.answers import Answer, messages_stream, messages_whole

ANSWER = Answer(text="hello", prompt=9, cached=4, extra={"context_management": {"applied_edits": []}})
STAMP = Stamp(id="7", created=99, model="claude-x-20260101")
STREAM = messages_stream(ANSWER, random.Random(3))


def test_nothing_is_said_until_all_is_there() -> None:
    watch = AssembledMessages(STAMP)
    assert b"".join(map(watch.frame, SseDecoder().feed(STREAM))) == b""
    assert loads(watch.close()) == messages_whole(ANSWER)
    assert watch.usage == Counted(prompt=9, cached=4, output=7)


def test_half_an_answer_is_none() -> None:
    watch = AssembledMessages(STAMP)
    for frame in SseDecoder().feed(STREAM[: len(STREAM) // 2]):
        watch.frame(frame)
    with pytest.raises(UpstreamBroke):
        watch.close()


def test_an_answer_that_came_whole_after_all_is_passed_on() -> None:
    answer = messages_whole(ANSWER)
    assert AssembledMessages(STAMP).whole(answer) is answer
