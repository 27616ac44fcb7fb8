"""One thing after the other, calls side by side, and an output that says what the events said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Refused, Text, Thought, ToolInput, ToolOpened
from copilot_api.dialects.responses_items import Content, Items, item_id


def drawn(*events: Content, is_cut: bool = False) -> tuple[list[Json], list[Json]]:
    """The stream's events and the output."""
    items = Items("s")
    told = [*(told for event in events for told in items.feed(event)), *items.close(is_cut=is_cut)]
    return told, items.output


def built(*events: Content, is_cut: bool = False) -> list[str]:
    """Each item of the output as one short text."""
    return [_short(item) for item in drawn(*events, is_cut=is_cut)[1]]


def order(*events: Content) -> list[str]:
    """What opens and closes, in order: +0 -0 +1 -1."""
    signs = {"response.output_item.added": "+", "response.output_item.done": "-"}
    told, _ = drawn(*events)
    return [f"{signs[event['type']]}{event['output_index']}" for event in told if event["type"] in signs]


def _short(item: Json) -> str:
    match item["type"]:
        case "message":
            words = "|".join(part.get("text") or f"no:{part['refusal']}" for part in item["content"])
        case "reasoning":
            words = "".join(part["text"] for part in item["summary"]) + (item["encrypted_content"] or "")
        case _:
            words = item["name"] + item.get("arguments", "") + item.get("input", "")
    return f"{item['type']}:{words}" + ("" if item["status"] == "completed" else f" {item['status']}")


def tool(index: int, name: str = "f", **more: Any) -> ToolOpened:
    return ToolOpened(index=index, id=f"t{index}", name=name, **more)


def given_input(index: int, json: str) -> ToolInput:
    return ToolInput(index=index, json=json)


def test_pieces_of_one_part_are_one_part_and_parts_side_by_side_are_one_message() -> None:
    assert built(Text(text="a"), Text(text="b"), Text(text="c", part=1)) == ["message:ab|c"]


def test_the_words_of_a_refusal_are_a_part_of_their_own() -> None:
    assert built(Text(text="a"), Refused(text="b"), Refused(text="c")) == ["message:a|no:bc"]


def test_a_message_told_piece_by_piece() -> None:
    told, output = drawn(Text(text="He"), Text(text="y"))
    at = {"item_id": "msg_s_0", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    item = {"type": "message", "id": "msg_s_0", "role": "assistant", "status": "in_progress", "content": []}
    done = item | {"status": "completed", "content": [part | {"text": "Hey"}]}
    assert told == [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **at, "part": part},
        {"type": "response.output_text.delta", **at, "delta": "He", "logprobs": []},
        {"type": "response.output_text.delta", **at, "delta": "y", "logprobs": []},
        {"type": "response.output_text.done", **at, "text": "Hey", "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part | {"text": "Hey"}},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
    ]
    assert output == [done]


def test_a_refusal_told_piece_by_piece() -> None:
    told, _ = drawn(Refused(text="No."))
    assert [event["type"] for event in told[2:5]] == [
        "response.refusal.delta",
        "response.refusal.done",
        "response.content_part.done",
    ]
    assert (told[2]["delta"], told[3]["refusal"], "logprobs" in told[3]) == ("No.", "No.", False)


def test_reasoning_told_piece_by_piece() -> None:
    told, output = drawn(Thought(text="h"), Thought(text="m"), Thought(signature="!"))
    at = {"item_id": "rs_s_0", "output_index": 0, "summary_index": 0}
    part = {"type": "summary_text", "text": ""}
    item: Json = {"type": "reasoning", "id": "rs_s_0", "summary": [], "encrypted_content": None, "status": "in_progress"}
    done = item | {"summary": [part | {"text": "hm"}], "encrypted_content": "!", "status": "completed"}
    assert told == [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.reasoning_summary_part.added", **at, "part": part},
        {"type": "response.reasoning_summary_text.delta", **at, "delta": "h"},
        {"type": "response.reasoning_summary_text.delta", **at, "delta": "m"},
        {"type": "response.reasoning_summary_text.done", **at, "text": "hm"},
        {"type": "response.reasoning_summary_part.done", **at, "part": part | {"text": "hm"}},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
    ]
    assert output == [done]


@pytest.mark.parametrize(
    ("opened", "stem", "field", "more"),
    [
        (tool(0), "function_call_arguments", "arguments", {"name": "f"}),
        (tool(0, custom=True), "custom_tool_call_input", "input", {}),
    ],
)
def test_a_call_told_piece_by_piece(opened: ToolOpened, stem: str, field: str, more: Json) -> None:
    told, output = drawn(opened, given_input(0, '{"a"'), given_input(0, ":1}"))
    kind, prefix = ("custom_tool_call", "ctc") if opened.custom else ("function_call", "fc")
    item = {"type": kind, "id": f"{prefix}_s_0", "call_id": "t0", "name": "f", field: "", "status": "in_progress"}
    done = item | {field: '{"a":1}', "status": "completed"}
    at = {"item_id": f"{prefix}_s_0", "output_index": 0}
    assert told == [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": f"response.{stem}.delta", **at, "delta": '{"a"'},
        {"type": f"response.{stem}.delta", **at, "delta": ":1}"},
        {"type": f"response.{stem}.done", **at, field: '{"a":1}', **more},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
    ]
    assert output == [done]


def test_a_namespace_is_kept_and_none_is_made_up() -> None:
    _, output = drawn(tool(0, namespace="functions"), tool(1))
    assert [item.get("namespace") for item in output] == ["functions", None]
    assert "namespace" not in output[1]


def test_whatever_begins_closes_the_message_before_it() -> None:
    assert order(Text(text="a"), tool(0), given_input(0, "{}"), Text(text="b")) == ["+0", "-0", "+1", "-1", "+2", "-2"]
    assert order(Text(text="a"), Thought(text="b"), Refused(text="c")) == ["+0", "-0", "+1", "-1", "+2", "-2"]


def test_interleaved_calls_stand_open_side_by_side() -> None:
    events: list[Content] = [tool(0), tool(1), given_input(1, "{"), given_input(0, "{}"), given_input(1, "}")]
    assert order(*events) == ["+0", "+1", "-0", "-1"]
    assert built(*events) == ["function_call:f{}", "function_call:f{}"]


def test_a_call_is_closed_when_its_arguments_are_whole_and_something_else_comes() -> None:
    assert order(tool(0), given_input(0, "{}"), tool(1), given_input(1, "{}")) == ["+0", "-0", "+1", "-1"]
    assert order(tool(0), given_input(0, "{"), tool(1), given_input(0, "}")) == ["+0", "+1", "-0", "-1"]


def test_free_text_is_whole_only_at_the_end() -> None:
    assert order(tool(0, custom=True), given_input(0, "{}"), Text(text="a")) == ["+0", "+1", "-1", "-0"]


def test_what_comes_after_a_closed_call_or_for_none_is_left_out() -> None:
    events: list[Content] = [tool(0), given_input(0, "{}"), tool(1), given_input(0, "{}"), given_input(7, "{}")]
    assert built(*events) == ["function_call:f{}", "function_call:f{}"]


def test_a_call_without_arguments_has_empty_ones_that_clients_can_read() -> None:
    assert built(tool(0), tool(1, custom=True)) == ["function_call:f{}", "custom_tool_call:f"]


def test_what_was_cut_is_marked_and_what_was_whole_is_not() -> None:
    events: list[Content] = [tool(0), tool(1), given_input(1, "{}"), tool(2), given_input(2, '{"a'), Text(text="b")]
    assert built(*events, is_cut=True) == [
        "function_call:f incomplete",
        "function_call:f{}",
        'function_call:f{"a incomplete',
        "message:b incomplete",
    ]
    assert built(Thought(text="a"), is_cut=True) == ["reasoning:a incomplete"]
    assert built(tool(0), given_input(0, "{}"), is_cut=True) == ["function_call:f{}"]


def test_the_output_before_the_end_is_incomplete() -> None:
    items = Items("s")
    for event in (Thought(text="a"), Text(text="b"), tool(0)):
        list(items.feed(event))
    assert [item["status"] for item in items.output] == ["completed", "completed", "incomplete"]


def test_reasoning_after_a_seal_or_of_another_part_is_a_new_item() -> None:
    assert built(Thought(text="a"), Thought(signature="!"), Thought(text="b")) == ["reasoning:a!", "reasoning:b"]
    assert built(Thought(text="a"), Thought(text="b", part=1)) == ["reasoning:a", "reasoning:b"]


def test_text_and_seal_in_one_event_are_one_item() -> None:
    assert built(Thought(text="a", signature="!")) == ["reasoning:a!"]


def test_a_seal_alone_is_an_item_where_it_stands() -> None:
    assert built(Text(text="t"), Thought(signature="!", part=1), Text(text="u", part=2)) == [
        "message:t",
        "reasoning:!",
        "message:u",
    ]


def test_redacted_reasoning_is_an_item_that_shows_nothing() -> None:
    assert built(Text(text="t"), Thought(redacted="x", part=1), tool(0)) == [
        "message:t",
        "reasoning:x",
        "function_call:f{}",
    ]


def test_a_late_seal_comes_last_where_the_turn_goes_on() -> None:
    events: list[Content] = [Thought(text="a"), Text(text="t"), Thought(signature="!"), Text(text="u"), tool(0)]
    assert built(*events) == ["reasoning:a", "message:tu", "function_call:f{}", "reasoning:!"]


def test_a_late_seal_is_left_out_where_the_turn_ends_with_words() -> None:
    assert built(Text(text="t"), Thought(signature="!"), Text(text="u")) == ["message:tu"]


@pytest.mark.parametrize(
    ("kind", "id_"),
    [("reasoning", "rs_r_3"), ("compaction", "cmp_r_3"), ("brand_new", "item_r_3"), ("web_search_call", "ws_r_3")],
)
def test_an_id_tells_the_kind_of_its_item(kind: str, id_: str) -> None:
    assert item_id(kind, "r", 3) == id_


CONTENT = st.one_of(
    st.builds(Text, text=st.text(min_size=1, max_size=3), part=st.integers(0, 2)),
    st.builds(Refused, text=st.text(min_size=1, max_size=3)),
    st.builds(Thought, text=st.text(min_size=1, max_size=3), part=st.integers(0, 2)),
    st.builds(Thought, signature=st.text(min_size=1, max_size=3), part=st.integers(0, 2)),
    st.builds(Thought, redacted=st.text(min_size=1, max_size=3), part=st.integers(0, 2)),
    st.builds(ToolInput, index=st.integers(0, 3), json=st.sampled_from(['{"a":', "1}", "{}", " "])),
)


@given(st.lists(CONTENT, max_size=20), st.lists(st.booleans(), max_size=4), st.booleans(), st.randoms(use_true_random=False))
def test_any_content_gives_items_that_open_and_close_once(
    contents: list[Content], customs: list[bool], cut: bool, rnd: Any
) -> None:
    events = [*contents]
    for index, custom in enumerate(customs):
        events.insert(rnd.randrange(len(events) + 1), tool(index, custom=custom))
    told, output = drawn(*events, is_cut=cut)
    is_open: dict[int, str] = {}
    finished: dict[int, Json] = {}
    for event in told:
        at = event["output_index"]
        match event["type"]:
            case "response.output_item.added":
                assert at == len(is_open) + len(finished)
                is_open[at] = event["item"]["id"]
            case "response.output_item.done":
                assert is_open.pop(at) == event["item"]["id"]
                finished[at] = event["item"]
            case _:
                assert is_open[at] == event["item_id"]
        alone = [id_ for id_ in is_open.values() if id_.startswith(("msg", "rs"))]
        assert len(alone) <= 1
    assert not is_open
    assert [finished[at] for at in sorted(finished)] == output
