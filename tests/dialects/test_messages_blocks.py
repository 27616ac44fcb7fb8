"""One block open at a time, none opened twice, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Refused, Text, Thought, ToolInput, ToolOpened
from copilot_api.dialects.messages_blocks import Blocks, Content, Step


def steps(*events: Content) -> list[Step]:
    blocks = Blocks()
    return [*(step for event in events for step in blocks.feed(event)), *blocks.close()]


def built(*events: Content) -> list[str]:
    """Each block as one short text, in order; fails when blocks overlap or are opened twice."""
    drawn: list[str] = []
    is_open = False
    for step in steps(*events):
        assert step.index == len(drawn) - (step.kind != "start")
        assert is_open is (step.kind != "start")
        is_open = step.kind != "stop"
        if step.kind == "start":
            drawn.append(_draw(step.value))
        drawn[-1] += "".join(str(text) for key, text in step.value.items() if step.kind == "delta" and key != "type")
    assert not is_open
    return drawn


def _draw(block: Json) -> str:
    return f"{block['type']}:{block.get('name', '')}{block.get('data', '')}"


def tool(index: int, name: str) -> ToolOpened:
    return ToolOpened(index=index, id=f"t{index}", name=name)


def given_input(index: int, json: str) -> ToolInput:
    return ToolInput(index=index, json=json)


def test_pieces_of_one_part_are_one_block_and_parts_are_blocks() -> None:
    assert built(Text(text="a"), Text(text="b"), Text(text="c", part=1)) == ["text:ab", "text:c"]


def test_thinking_is_sealed_by_its_signature() -> None:
    assert built(Thought(text="hm"), Thought(signature="!"), Text(text="a")) == ["thinking:hm!", "text:a"]


def test_reasoning_after_a_seal_is_a_new_block() -> None:
    assert built(Thought(text="a"), Thought(signature="!"), Thought(text="b")) == ["thinking:a!", "thinking:b"]


def test_a_late_signature_gets_a_block_of_its_own_where_the_turn_goes_on() -> None:
    events: list[Content] = [
        Thought(text="a"),
        Text(text="t"),
        Thought(signature="1"),
        Thought(signature="2", part=1),
        tool(0, "f"),
        given_input(0, "{}"),
    ]
    assert built(*events) == ["thinking:a", "text:t", "thinking:2", "tool_use:f{}", "thinking:1"]


def test_a_late_signature_is_left_out_where_the_turn_ends_with_words() -> None:
    events: list[Content] = [Thought(text="a"), Text(text="t"), Thought(signature="!"), Text(text="u")]
    assert built(*events) == ["thinking:a", "text:tu"]


def test_a_signature_of_new_reasoning_is_a_block_before_what_it_led_to() -> None:
    events: list[Content] = [
        Thought(signature="0"),
        Text(text="t"),
        Thought(signature="1", part=1),
        tool(0, "f"),
        given_input(0, "{}"),
    ]
    assert built(*events) == ["thinking:0", "text:t", "thinking:1", "tool_use:f{}"]


def test_a_signature_of_new_reasoning_that_led_to_nothing_is_left_out_of_a_turn_without_calls() -> None:
    assert built(Text(text="t"), Thought(signature="1", part=1)) == ["text:t"]


def test_a_signature_of_new_reasoning_comes_last_where_nothing_follows_it_but_the_turn_goes_on() -> None:
    events: list[Content] = [tool(0, "f"), given_input(0, "{}"), Thought(signature="1", part=1)]
    assert built(*events) == ["tool_use:f{}", "thinking:1"]


def test_late_content_of_every_kind_keeps_its_order() -> None:
    events: list[Content] = [
        tool(0, "f"),
        given_input(0, "{"),
        Text(text="t"),
        Thought(signature="!"),
        Refused(text="no"),
        given_input(0, "}"),
    ]
    assert built(*events) == ["tool_use:f{}", "text:t", "thinking:!", "text:no"]


def test_text_after_a_complete_call_closes_it() -> None:
    assert built(tool(0, "f"), given_input(0, "{}"), Text(text="t"), tool(1, "g")) == ["tool_use:f{}", "text:t", "tool_use:g"]


def test_a_second_call_waits_for_the_first() -> None:
    events: list[Content] = [
        tool(0, "f"),
        given_input(0, '{"a":'),
        tool(1, "g"),
        given_input(1, '{"b"'),
        given_input(0, "1}"),
        given_input(1, ":2}"),
    ]
    assert built(*events) == ['tool_use:f{"a":1}', 'tool_use:g{"b":2}']


def test_waiting_calls_follow_as_soon_as_they_may() -> None:
    blocks = Blocks()
    for event in (tool(0, "f"), tool(1, "g"), given_input(1, "{}"), tool(2, "h"), given_input(2, '{"x')):
        list(blocks.feed(event))
    kinds = [step.kind for step in blocks.feed(given_input(0, "{}"))]
    assert kinds == ["delta", "stop", "start", "delta", "stop", "start", "delta"]


def test_a_call_without_any_arguments_holds_the_others_until_the_end() -> None:
    assert built(tool(0, "f"), tool(1, "g"), given_input(1, "{}")) == ["tool_use:f", "tool_use:g{}"]


def test_input_for_a_call_that_is_closed_is_not_written_into_another() -> None:
    assert built(tool(0, "f"), given_input(0, "{}"), Text(text="t"), given_input(0, " ")) == ["tool_use:f{}", "text:t"]


def test_a_redacted_block_closes_what_is_open() -> None:
    assert built(Text(text="t"), Thought(redacted="r"), Text(text="u")) == ["text:t", "redacted_thinking:r", "text:u"]


PIECES = st.sampled_from(["{", "}", '{"a":1}', '"', " ", ""])
CONTENT: st.SearchStrategy[Content] = st.one_of(
    st.builds(Text, text=st.just("t"), part=st.integers(0, 1)),
    st.builds(Thought, text=st.just("h"), part=st.integers(0, 1)),
    st.builds(Thought, signature=st.just("s"), part=st.integers(0, 1)),
    st.builds(Thought, redacted=st.just("r")),
    st.builds(Refused, text=st.just("n")),
    st.builds(ToolInput, index=st.integers(0, 3), json=PIECES),
)


@given(st.lists(CONTENT, max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_blocks_never_overlap_whatever_comes(events: list[Content], first: int, second: int) -> None:
    events = [*events]
    events.insert(first, tool(0, "f"))
    events.insert(second, tool(1, "g"))
    built(*events)


@pytest.mark.parametrize("text", ["t", "long text"])
def test_no_text_is_lost(text: str) -> None:
    assert text in "".join(built(tool(0, "f"), given_input(0, '{"'), Text(text=text)))


def test_the_block_that_can_be_added_to_is_known() -> None:
    blocks = Blocks()

    def after(event: Content) -> tuple[int, str] | None:
        list(blocks.feed(event))
        return blocks.open_block

    assert blocks.open_block is None
    assert after(Thought(text="a")) == (0, "thinking")
    assert after(Thought(signature="!")) is None
    assert after(Text(text="b")) == (1, "text")
    assert after(Refused(text="c")) == (2, "text")
    assert after(tool(0, "f")) == (3, "tool_use")
    assert after(Text(text="waits for the tool")) == (3, "tool_use")
    list(blocks.close())
    assert blocks.open_block is None
