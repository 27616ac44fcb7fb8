"""Items that keep their names, and what is bound to the names they had."""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Stamp
from copilot_api.translate.repair import Fired
from copilot_api.translate.repair_answers import RESPONSES_ANSWERS
from copilot_api.translate.sealed import unseal
from copilot_api.translate.watch_responses_items import OwnItems
from tests.builders.models import model

STAMP = Stamp(id="7", created=99, model="asked")
MODEL = model("gpt-5-mini")
NAMES = {("mcp_files", "read_1"): ("mcp.files", "read.1"), ("", "files_read"): ("", "files.read")}
FREED = frozenset({("", "apply_patch"), ("functions", "exec")})


def fed(*events: Json) -> tuple[list[Json], OwnItems, set[str]]:
    fired = Fired(RESPONSES_ANSWERS)
    items = OwnItems(STAMP, MODEL, FREED, NAMES, fired)
    return [told for event in events for told in items.feed(event["type"], event)], items, fired.names


def added(at: int, **item: object) -> Json:
    return {"type": "response.output_item.added", "output_index": at, "item": {"id": "blob1", **item}}


def done(at: int, **item: object) -> Json:
    return {"type": "response.output_item.done", "output_index": at, "item": {"id": "blob2", **item}}


def delta(at: int, kind: str, **fields: object) -> Json:
    return {"type": f"response.{kind}", "output_index": at, "item_id": "blob3", **fields}


def test_an_item_has_one_id_in_all_its_events() -> None:
    told, items, repairs = fed(
        added(0, type="message"), delta(0, "output_text.delta", delta="a", obfuscation="x"), done(0, type="message")
    )
    assert told == [
        {"type": "response.output_item.added", "output_index": 0, "item": {"id": "msg_7_0", "type": "message"}},
        {
            "type": "response.output_text.delta",
            "output_index": 0,
            "item_id": "msg_7_0",
            "delta": "a",
            "obfuscation": "x",
        },
        {"type": "response.output_item.done", "output_index": 0, "item": {"id": "msg_7_0", "type": "message"}},
    ]
    assert items.finished == [{"id": "msg_7_0", "type": "message"}]
    assert items.whole([{"id": "blob4", "type": "message"}]) == [{"id": "msg_7_0", "type": "message"}]
    assert repairs == {"ids-steadied"}


def test_each_kind_of_item_has_its_own_beginning() -> None:
    kinds = ["reasoning", "message", "function_call", "custom_tool_call", "compaction", "brand_new"]
    _, items, _ = fed(*(done(at, type=kind) for at, kind in enumerate(kinds)))
    assert [item["id"] for item in items.finished] == ["rs_7_0", "msg_7_1", "fc_7_2", "ctc_7_3", "cmp_7_4", "item_7_5"]


def test_ids_that_are_ours_already_are_left_alone() -> None:
    event: Json = {"type": "response.output_item.done", "output_index": 0, "item": {"id": "msg_7_0", "type": "message"}}
    told, items, repairs = fed(event)
    assert told[0] is event
    assert items.whole([event["item"]])[0] is event["item"]
    assert repairs == set()


def test_an_event_of_an_item_that_never_began_still_gets_a_steady_name() -> None:
    told, _, _ = fed(delta(3, "output_text.delta"), delta(3, "output_text.done"))
    assert {event["item_id"] for event in told} == {"item_7_3"}


def test_an_event_that_names_no_item_is_left_alone() -> None:
    event = {"type": "response.brand_new", "output_index": 0}
    assert fed(event)[0][0] is event


def test_the_output_is_matched_by_place_where_some_items_were_never_told_of() -> None:
    _, items, _ = fed(done(0, type="message"))
    whole = items.whole([{"type": "message", "id": "x"}, {"type": "message", "id": "y"}])
    assert [item["id"] for item in whole] == ["msg_7_0", "msg_7_1"]


def test_the_output_is_matched_in_order_where_places_have_gaps() -> None:
    _, items, _ = fed(done(2, type="message"), done(5, type="reasoning"))
    whole = items.whole([{"type": "message", "id": "x"}, {"type": "reasoning", "id": "y"}])
    assert [item["id"] for item in whole] == ["msg_7_2", "rs_7_5"]


def test_a_call_has_the_clients_name_in_all_its_events() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "read_1", "namespace": "mcp_files"}
    told, items, repairs = fed(
        added(0, **call, arguments=""),
        delta(0, "function_call_arguments.done", name="read_1", arguments="{}"),
        delta(0, "function_call_arguments.done", arguments="{}"),
        done(0, **call, arguments="{}"),
    )
    for event in (told[0], told[3]):
        assert (event["item"]["namespace"], event["item"]["name"]) == ("mcp.files", "read.1")
    assert (told[1]["name"], "name" in told[2]) == ("read.1", False)
    assert items.whole([call])[0]["name"] == "read.1"
    assert repairs == {"ids-steadied", "tool-names-restored"}


def test_the_same_name_in_another_namespace_is_another() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "read_1", "namespace": "other", "arguments": "{}"}
    told, _, repairs = fed(done(0, **call), delta(0, "function_call_arguments.done", name="read_1"), done(1, type="message"))
    assert (told[0]["item"]["name"], told[1]["name"]) == ("read_1", "read_1")
    assert repairs == {"ids-steadied"}


def test_what_is_encrypted_is_sealed_with_the_id_it_was_written_under() -> None:
    told, items, repairs = fed(
        added(0, type="reasoning", encrypted_content=""), done(0, type="reasoning", encrypted_content="RU5D")
    )
    assert told[0]["item"]["encrypted_content"] == ""
    sealed = told[1]["item"]["encrypted_content"]
    assert unseal(sealed, MODEL) == ("blob2", "RU5D")
    whole = items.whole([{"type": "reasoning", "id": "blob4", "encrypted_content": "RU5D"}])
    assert whole[0]["encrypted_content"] == sealed
    assert repairs == {"ids-steadied", "reasoning-sealed"}


def test_a_compaction_is_sealed_too() -> None:
    told, _, _ = fed(done(0, type="compaction", encrypted_content="RU5D"))
    assert unseal(told[0]["item"]["encrypted_content"], MODEL) == ("blob2", "RU5D")


def test_what_is_sealed_already_or_no_reasoning_is_left_alone() -> None:
    told, _, repairs = fed(
        done(0, type="reasoning", encrypted_content="cap1.m.x.QQ"), done(1, type="function_call_output", encrypted_content="x")
    )
    assert [event["item"]["encrypted_content"] for event in told] == ["cap1.m.x.QQ", "x"]
    assert repairs == {"ids-steadied"}


def test_free_text_is_unwrapped_when_all_of_it_is_there() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "exec", "namespace": "functions", "status": "completed"}
    arguments = '{"input":"ls -l"}'
    told, items, repairs = fed(
        added(0, **call, arguments=""),
        delta(0, "function_call_arguments.delta", delta='{"input":'),
        delta(0, "function_call_arguments.delta", delta='"ls -l"}'),
        delta(0, "function_call_arguments.done", arguments=arguments),
        done(0, **call, arguments=arguments),
    )
    place = {"item_id": "ctc_7_0", "output_index": 0}
    item = call | {"type": "custom_tool_call", "id": "ctc_7_0"}
    assert told == [
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"input": ""}},
        {"type": "response.custom_tool_call_input.delta", **place, "delta": "ls -l"},
        {"type": "response.custom_tool_call_input.done", **place, "input": "ls -l"},
        {"type": "response.output_item.done", "output_index": 0, "item": item | {"input": "ls -l"}},
    ]
    assert items.finished == items.whole([call | {"arguments": arguments}]) == [item | {"input": "ls -l"}]
    assert repairs == {"ids-steadied", "free-text-unwrapped"}


def test_free_text_that_comes_only_with_its_item_is_told_before_it() -> None:
    told, _, _ = fed(done(0, type="function_call", name="apply_patch", arguments="*** Begin Patch"))
    assert [event["type"] for event in told] == [
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
        "response.output_item.done",
    ]
    assert told[2]["item"]["input"] == "*** Begin Patch"


def test_a_function_of_the_same_name_elsewhere_stays_a_function() -> None:
    told, _, _ = fed(added(0, type="function_call", name="exec", arguments=""))
    assert told[0]["item"]["type"] == "function_call"
