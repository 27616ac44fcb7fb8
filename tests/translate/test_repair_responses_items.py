"""Items of a conversation as Copilot takes them on /responses."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier
from copilot_api.translate import repair_responses_items as items
from copilot_api.translate.repair import Target
from copilot_api.translate.sealed import seal
from tests.builders.models import model

MODEL = model("gpt-5-mini")
TARGET = Target(model=MODEL, stream=True)
SAID: Json = {"type": "message", "role": "user", "content": "q"}
SUMMARY = [{"type": "summary_text", "text": "hm"}]


def reasoning(encrypted: object, **more: object) -> Json:
    return {"type": "reasoning", "id": "rs_7_0", "summary": SUMMARY, "encrypted_content": encrypted, **more}


def compaction(encrypted: str) -> Json:
    return {"type": "compaction", "id": "cmp_7_0", "encrypted_content": encrypted}


def test_reasoning_goes_back_as_it_was_written() -> None:
    body: Json = {"input": [reasoning(seal("blob", "RU5D", MODEL), content=None, status="completed"), SAID]}
    restored = {"type": "reasoning", "id": "blob", "summary": SUMMARY, "encrypted_content": "RU5D"}
    assert items.reasoning(body, TARGET) == {"input": [restored, SAID]}


def test_reasoning_written_without_an_id_goes_back_without_one() -> None:
    body: Json = {"input": [reasoning(seal("", "RU5D", MODEL), summary=None)]}
    assert items.reasoning(body, TARGET)["input"] == [{"type": "reasoning", "summary": [], "encrypted_content": "RU5D"}]


@pytest.mark.parametrize(
    "encrypted",
    [
        None,
        "",
        7,
        "gAAAA-of-openai",
        seal("blob", "RU5D", model("gpt-5.3-codex")),
        carrier.pack("sig", origin="m", family="claude-opus-5"),
    ],
)
def test_reasoning_that_the_model_cannot_read_is_left_out(encrypted: object) -> None:
    assert items.reasoning({"input": [SAID, reasoning(encrypted)]}, TARGET) == {"input": [SAID]}


def test_reasoning_that_was_put_right_already_is_left_alone() -> None:
    body: Json = {"input": [reasoning("RU5D") | {"id": "blob"}, SAID]}
    assert items.reasoning(body, TARGET) is body
    assert items.reasoning({"input": "q"}, TARGET) == {"input": "q"}


def test_the_newest_compaction_goes_back_alone_and_as_it_was_written() -> None:
    first, second = compaction(seal("blob1", "QUFB", MODEL)), compaction(seal("blob2", "QkJC", MODEL))
    restored = {"type": "compaction", "id": "blob2", "encrypted_content": "QkJC"}
    assert items.compaction({"input": [first, SAID, second, SAID]}, TARGET) == {"input": [SAID, restored, SAID]}
    assert items.compaction({"input": [SAID, second]}, TARGET) == {"input": [SAID, restored]}


def test_a_compaction_that_nobody_sealed_is_left_to_upstream() -> None:
    body: Json = {"input": [compaction("RU5D"), SAID]}
    assert items.compaction(body, TARGET) is body
    assert items.compaction({"input": [compaction("A"), compaction("B")]}, TARGET) == {"input": [compaction("B")]}


def test_another_models_compaction_is_refused_for_it_holds_the_conversation() -> None:
    sealed = seal("blob", "RU5D", model("gpt-5.3-codex"))
    with pytest.raises(ClientMistake, match="gpt-5-mini cannot read a conversation that another model has compacted"):
        items.compaction({"input": [compaction(sealed)]}, TARGET)


@pytest.mark.parametrize("given", ["q", [SAID], None, ["odd"]])
def test_a_conversation_that_was_not_compacted_is_left_alone(given: object) -> None:
    body = {"input": given}
    assert items.compaction(body, TARGET) is body
    assert items.references(body, TARGET) is body


def test_ids_of_items_go_but_for_what_is_bound_to_one() -> None:
    sealed = reasoning("RU5D") | {"id": "blob"}
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    body: Json = {"input": [SAID | {"id": "msg_1"}, sealed, call | {"id": "fc_1"}, compaction("RU5D")]}
    assert items.ids(body, TARGET) == {"input": [SAID, sealed, call, compaction("RU5D")]}
    assert items.ids({"input": [SAID]}, TARGET)["input"] == [SAID]


def test_a_reference_to_a_stored_item_is_refused() -> None:
    with pytest.raises(ClientMistake, match="there is no stored item 'rs_9'") as caught:
        items.references({"input": [SAID, {"type": "item_reference", "id": "rs_9"}]}, TARGET)
    assert caught.value.param == "input"


@pytest.mark.parametrize("kind", ["web_search_call", "mcp_call", "local_shell_call", "image_generation_call"])
def test_calls_that_nobody_can_make_here_are_left_out(kind: str) -> None:
    assert items.hosted({"input": [SAID, {"type": kind}]}, TARGET) == {"input": [SAID]}
    body: Json = {"input": [SAID, {"type": "function_call"}]}
    assert items.hosted(body, TARGET) is body


def test_searches_of_the_web_are_kept_where_the_person_wants_them() -> None:
    body: Json = {"input": [{"type": "web_search_call"}]}
    assert items.hosted(body, Target(model=MODEL, stream=True, web_search=True)) is body


def test_what_the_sdks_note_in_answers_is_not_sent_back() -> None:
    """The `openai` package for JavaScript adds both to the items of a streamed response."""
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    noted = said | {"content": [{"type": "output_text", "text": "a", "parsed": None}]}
    body: Json = {"input": [noted, call | {"parsed_arguments": {}}]}
    assert items.parsed(body, TARGET) == {"input": [said, call]}
    assert items.parsed({"input": [said, call]}, TARGET) == {"input": [said, call]}
