"""What a connection remembers, and for how long."""

import json
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.server.items import Items
from copilot_api.server.memory import Memory, Room
from copilot_api.server.relay import Question
from tests.builders.clocks import Hand

ASK: Json = {"type": "response.create", "model": "gpt-5-mini", "input": "q"}


def memory(limit_bytes: int = 10_000, room: Room | None = None) -> Memory:
    return Memory(Items(limit_bytes, Hand()), limit_bytes, room or Room(10_000))


def read(memory: Memory, **fields: Any) -> Question:
    return memory.read(json.dumps(ASK | fields).encode())[0]


def test_a_request_is_streamed_and_without_what_belongs_to_the_connection() -> None:
    question = read(memory(), stream=False, background=True, initiator="user", metadata={"a": "b"})
    assert question.body == {"model": "gpt-5-mini", "input": "q", "metadata": {"a": "b"}, "stream": True}
    assert json.loads(question.raw) == question.body
    assert question.ask.stream


@pytest.mark.parametrize(("fields", "is_warm_up"), [({}, False), ({"generate": True}, False), ({"generate": False}, True)])
def test_a_warm_up_is_known(fields: Json, is_warm_up: bool) -> None:
    assert memory().read(json.dumps(ASK | fields).encode())[1] is is_warm_up


def test_only_a_warm_up_needs_no_input() -> None:
    read(memory(), input=[], generate=False)
    with pytest.raises(ClientMistake, match="input"):
        read(memory(), input=[])


def test_what_was_said_goes_before_what_is_new() -> None:
    known = memory()
    known.heard(read(known), {"id": "resp_1", "output": [{"type": "message", "id": "a"}]})
    question = read(known, previous_response_id="resp_1", input=[{"role": "user", "content": "new"}])
    first, second, third = question.body["input"]
    assert (first["content"][0]["text"], second["id"], third["content"]) == ("q", "a", "new")


@pytest.mark.parametrize("previous", ["resp_0", 5, ["resp_1"]])
def test_another_response_is_not_known(previous: Any) -> None:
    known = memory()
    known.heard(read(known), {"id": "resp_1", "output": []})
    with pytest.raises(ClientMistake) as caught:
        read(known, previous_response_id=previous)
    assert caught.value.code == "previous_response_not_found"
    read(known, previous_response_id="resp_1")


def test_a_request_that_led_to_nothing_is_forgotten() -> None:
    known = memory()
    known.heard(read(known), {"id": "resp_1", "output": []})
    known.heard(read(known), {})
    with pytest.raises(ClientMistake):
        read(known, previous_response_id="resp_1")


@pytest.mark.parametrize(("store", "is_kept"), [(None, True), (True, True), (False, False)])
def test_items_are_kept_for_clients_that_count_on_it(store: bool | None, is_kept: bool) -> None:
    items = Items(10_000, Hand())
    known = Memory(items, 10_000, Room(10_000))
    known.heard(read(known, store=store), {"id": "resp_1", "output": [{"type": "message", "id": "a"}]})
    assert (items.size_bytes > 0) is is_kept


def test_memory_has_an_end() -> None:
    known = memory(1000)
    request = json.dumps(ASK).encode()
    question, _ = known.read(request)
    known.heard(question, {"id": "resp_1", "output": [{"type": "message", "id": "a"}]})
    following = json.dumps(ASK | {"previous_response_id": "resp_1", "input": "y" * 400}).encode()
    question, _ = known.read(following)
    assert [item.get("id") for item in question.body["input"]] == [None, "a", None]
    known.heard(question, {"id": "resp_2", "output": [{"type": "message", "id": "b"}]})
    following = json.dumps(ASK | {"previous_response_id": "resp_2", "input": "z" * 400}).encode()
    question, _ = known.read(following)
    known.heard(question, {"id": "resp_3", "output": []})
    with pytest.raises(ClientMistake, match="resp_3"):
        known.read(json.dumps(ASK | {"previous_response_id": "resp_3"}).encode())
    assert known.size_bytes == 0


# All connections together


def talked(known: Memory, size: int = 400) -> int:
    """Has the connection remember an answer of about that size, which it can go on from; how much it is."""
    known.heard(read(known), {"id": "resp_1", "output": [{"type": "message", "text": "x" * size}]})
    return known.size_bytes


def goes_on(known: Memory) -> bool:
    """Whether it remembers; one that does not says it in the words at which clients send the whole."""
    if known.size_bytes:
        read(known, previous_response_id="resp_1")
        return True
    with pytest.raises(ClientMistake) as caught:
        read(known, previous_response_id="resp_1")
    assert caught.value.code == "previous_response_not_found"
    return False


def test_all_connections_together_have_an_end_and_the_longest_unused_is_forgotten_first() -> None:
    room = Room(1600)
    first, second, third, fourth = (memory(room=room) for _ in range(4))
    sizes = [talked(known) for known in (first, second, third)]
    assert sizes[0] > 400
    assert room.size_bytes == sum(sizes) <= 1600
    talked(first)
    talked(fourth)
    assert [goes_on(known) for known in (first, second, third, fourth)] == [True, False, True, True]
    assert room.size_bytes <= 1600


def test_a_conversation_is_counted_once_however_long_it_lasts() -> None:
    room = Room(10_000)
    known = memory(room=room)
    for _ in range(5):
        assert talked(known) == room.size_bytes


def test_what_there_is_no_room_for_is_not_remembered() -> None:
    room = Room(100)
    known = memory(room=room)
    assert talked(known) == room.size_bytes == 0
    assert not goes_on(known)


def test_what_is_forgotten_takes_no_room() -> None:
    room = Room(10_000)
    known, other = memory(room=room), memory(room=room)
    talked(known)
    size = talked(other)
    known.forget()
    assert room.size_bytes == size
    known.forget()
    assert room.size_bytes == size


def test_what_is_forgotten_while_it_is_read_is_read_whole() -> None:
    """A request is read in a thread, while another connection may need the room."""
    room = Room(10_000)
    known = memory(room=room)
    talked(known)
    question = read(known, previous_response_id="resp_1", input="new")
    known.forget()
    assert len(question.body["input"]) == 3
    known.heard(question, {"id": "resp_2", "output": []})
    assert len(read(known, previous_response_id="resp_2").body["input"]) == 4
