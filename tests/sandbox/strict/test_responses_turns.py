"""What /responses refuses in the conversation, each rule over the wire: pairs, ids, encrypted content."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox, blobs

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Got

MINI, CODEX, SOL, GROK = "gpt-5-mini", "gpt-5.3-codex", "gpt-5.6-sol", "grok-4.7"
USER = {"role": "user", "content": "Hello"}
STRANGE = "The encrypted content {} could not be verified. Reason: Encrypted content could not be decrypted or parsed."
MISPLACED = (
    "The encrypted content for item {} could not be verified. "
    "Reason: Encrypted content item_id did not match the target item id."
)
ELSEWHERE = "input item ID does not belong to this connection"


def call(call_id: str = "c1", kind: str = "function_call", **more: Any) -> Json:
    key = "input" if kind == "custom_tool_call" else "arguments"
    return {"type": kind, "call_id": call_id, "name": "f", key: "{}"} | more


def output(call_id: str = "c1", kind: str = "function_call_output") -> Json:
    return {"type": kind, "call_id": call_id, "output": "done"}


CUSTOM, CUSTOM_OUTPUT = "custom_tool_call", "custom_tool_call_output"


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([call()], "No tool output found for function call c1."),
        ([call(), call("c2"), output()], "No tool output found for function call c2."),
        ([output()], "No tool call found for function call output with call_id c1."),
        ([output(), call()], "No tool call found for function call output with call_id c1."),
        ([call(kind=CUSTOM)], "No tool output found for custom tool call c1."),
        ([call(), output(kind=CUSTOM_OUTPUT)], "No tool call found for custom tool call output with call_id c1."),
        ([output(kind=CUSTOM_OUTPUT)], "No tool call found for custom tool call output with call_id c1."),
        ([{"type": "compaction_trigger"}, USER], "Invalid 'input': a 'compaction_trigger' item must be the last one."),
    ],
)
async def test_calls_and_outputs_come_in_pairs(client: "Client", items: list[Json], message: str) -> None:
    got = await client.responses([USER, *items], model=CODEX)
    assert (got.status, got.message) == (400, message)


async def test_a_search_for_tools_is_answered_too(client: "Client") -> None:
    search = {"type": "tool_search_call", "call_id": "s1", "execution": "client", "arguments": {}}
    got = await client.responses([USER, search], model=SOL)
    assert got.message == "No tool output found for tool search call s1."
    by_server = {k: v for k, v in search.items() if k != "call_id"} | {"execution": "server"}
    assert (await client.responses([USER, by_server], model=SOL)).status == 200


async def test_outputs_may_come_late_and_in_any_order(client: "Client") -> None:
    items = [USER, call(), call("c2", CUSTOM), USER, output("c2", CUSTOM_OUTPUT), output(), output()]
    assert (await client.responses(items, model=CODEX)).status == 200


@pytest.mark.parametrize(
    ("item", "prefix"),
    [
        ({"type": "message", "role": "user", "content": "x"}, "msg"),
        ({"type": "reasoning", "summary": [], "encrypted_content": "x"}, "rs"),
        (call(), "fc"),
        (call(kind=CUSTOM), "ctc"),
        ({"type": "compaction", "encrypted_content": "x"}, "cmp"),
    ],
)
async def test_ids_begin_as_they_should(client: "Client", item: Json, prefix: str) -> None:
    got = await client.responses([item | {"id": "item_1"}])
    assert got.status == 400
    assert got.message == f"Invalid 'input[0].id': 'item_1'. Expected an ID that begins with '{prefix}'."
    assert got.json["error"]["code"] == "invalid_request_body"


async def test_ids_are_short_unless_they_are_copilots(client: "Client") -> None:
    got = await client.responses([USER | {"id": "msg_" + "x" * 61}])
    assert got.message == (
        "Invalid 'input[0].id': string too long. Expected a string with maximum length 64, "
        "but got a string with length 65 instead."
    )
    assert (await client.responses([USER | {"id": "msg_" + "x" * 60}])).status == 200


async def answered(client: "Client", sandbox: Sandbox, model: str = MINI, **fields: Any) -> "Got":
    """An answer with reasoning, a message and a call in it."""
    sandbox.script.answer("Hei.", thinking="Hm.", tools=[("f", {})])
    got = await client.responses(model=model, include=["reasoning.encrypted_content"], **fields)
    assert got.status == 200, got.text
    return got


def done(got: "Got") -> list[Json]:
    return [event["item"] for event in got.events if event["type"] == "response.output_item.done"]


def last(got: "Got") -> list[Json]:
    items: list[Json] = got.events[-1]["response"]["output"]
    return items


def bare(item: Json) -> Json:
    return {k: v for k, v in item.items() if k != "id"}


async def test_ids_of_an_earlier_answer_mean_nothing_here(client: "Client", sandbox: Sandbox) -> None:
    reasoning, message, used = done(await answered(client, sandbox, stream=True))
    result = output(used["call_id"])
    for items in ([reasoning, message, bare(used), result], [reasoning, bare(message), used, result]):
        got = await client.responses([USER, *items])
        assert (got.status, got.message) == (400, ELSEWHERE)
    assert (await client.responses([USER, reasoning, bare(message), bare(used), result])).status == 200


async def test_references_mean_nothing_here(client: "Client", sandbox: Sandbox) -> None:
    given = (await answered(client, sandbox)).json["output"][0]["id"]
    for id_ in (given, "rs_1", "msg_1"):
        got = await client.responses([USER, {"type": "item_reference", "id": id_}])
        assert (got.status, got.message) == (400, ELSEWHERE)


@pytest.mark.parametrize("model", [MINI, CODEX, SOL])
async def test_reasoning_comes_back_under_the_id_it_was_finished_with_or_none(
    client: "Client", sandbox: Sandbox, model: str
) -> None:
    got = await answered(client, sandbox, model, stream=True)
    reasoning, opened = done(got)[0], got.events[2]["item"]
    for good in (reasoning, bare(reasoning), reasoning | {"id": None}):
        assert (await client.responses([USER, good], model=model)).status == 200
    for id_ in (last(got)[0]["id"], opened["id"], "rs_local1"):
        refused = await client.responses([USER, reasoning | {"id": id_}], model=model)
        assert (refused.status, refused.message) == (400, MISPLACED.format(id_))


async def test_reasoning_of_a_whole_answer_comes_back_under_its_id(client: "Client", sandbox: Sandbox) -> None:
    reasoning = (await answered(client, sandbox)).json["output"][0]
    assert (await client.responses([USER, reasoning])).status == 200


async def test_reasoning_belongs_to_its_family(client: "Client", sandbox: Sandbox) -> None:
    reasoning = (await answered(client, sandbox)).json["output"][0]
    sealed = reasoning["encrypted_content"]
    for strange, model in ((sealed, SOL), ("gAAAAABoqw==", MINI), (blobs.encrypt("compaction", "x", MINI), MINI)):
        got = await client.responses([USER, bare(reasoning) | {"encrypted_content": strange}], model=model)
        assert (got.status, got.message) == (400, STRANGE.format(f"{strange[:4]}...{strange[-4:]}"))


async def test_reasoning_that_was_not_encrypted_is_lost(client: "Client") -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    assert (await client.responses([USER, item])).message == (
        "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. "
        "Try again with `store` set to true, or remove this item from your input."
    )
    assert (await client.responses([USER, bare(item)])).message == "Missing required parameter: 'input[1].encrypted_content'."


async def test_some_find_out_late_that_they_cannot_read_it(client: "Client") -> None:
    item = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAAABoqw=="}
    got = await client.responses([USER, item], model=GROK, stream=True)
    assert [event["type"] for event in got.events] == ["response.created", "response.in_progress", "response.failed"]
    failed = got.events[-1]["response"]
    assert (failed["status"], failed["output"], failed["error"]) == (
        "failed",
        [],
        {"code": "server_error", "message": "Encrypted function output content could not be decrypted or decoded"},
    )
    whole = await client.responses([USER, item], model=GROK)
    assert (whole.status, whole.json["status"], whole.json["error"]["code"]) == (200, "failed", "server_error")


async def test_a_compaction_comes_back_like_reasoning(client: "Client") -> None:
    got = await client.responses([USER, {"type": "compaction_trigger"}], stream=True)
    compaction = done(got)[0]
    for good in (compaction, bare(compaction)):
        assert (await client.responses([good, USER])).status == 200
    refused = await client.responses([compaction | {"id": "cmp_1"}, USER])
    assert refused.message == MISPLACED.format("cmp_1")
    assert (await client.responses([bare(compaction), USER], model=SOL)).status == 400
