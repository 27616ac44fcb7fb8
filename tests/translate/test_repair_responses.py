"""What /responses refuses, and what we send instead. Each test names the row of the table it proves."""

from typing import Any

import pytest
from hypothesis import given

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Stamp
from copilot_api.errors import ClientMistake
from copilot_api.translate.repair import Target, mended
from copilot_api.translate.repair_responses import RESPONSES
from copilot_api.translate.sealed import seal
from copilot_api.translate.watch_responses import ResponsesWatch
from tests.builders.answers import Answer, answers, responses_whole
from tests.builders.models import model

ASK: Json = {"input": "q", "store": False}
SAID = {"role": "user", "content": "q"}
TOOL = {"type": "function", "name": "f"}
ENCRYPTED = "reasoning.encrypted_content"
NEAREST = [("gpt-5-mini", "minimal", "low"), ("gpt-5-mini", "xhigh", "high"), ("gpt-5-mini", "none", "low")]


def repaired(id_: str = "gpt-5-mini", *, web_search: bool = False, **fields: Any) -> tuple[Json, tuple[str, ...]]:
    return mended(ASK | fields, Target(model=model(id_), stream=True, web_search=web_search), RESPONSES)


def test_a_plain_request_passes_untouched() -> None:
    body = ASK | {
        "model": "gpt-5-mini",
        "stream": True,
        "prompt_cache_key": "k",
        "instructions": "Be brief.",
        "truncation": "auto",
    }
    assert mended(body, Target(model=model("gpt-5-mini"), stream=True), RESPONSES) == (body, ())
    target = Target(model=model("gpt-5-mini"), stream=True)
    assert mended(body, target, RESPONSES)[0] is body


@pytest.mark.parametrize("fields", [{"store": True}, {"store": None}])
def test_store_off_keeps_the_reasoning_of_who_counted_on_it(fields: Json) -> None:
    assert repaired(**fields) == (ASK | {"include": [ENCRYPTED]}, ("store-off",))
    assert repaired(**fields, include=[ENCRYPTED]) == (ASK | {"include": [ENCRYPTED]}, ("store-off",))


def test_store_off_asks_for_no_reasoning_of_a_model_that_has_none() -> None:
    assert repaired("gpt-4.1", store=True) == (ASK, ("store-off",))


def test_fields_dropped_that_copilot_does_not_know() -> None:
    unknown: Json = {
        "client_metadata": {"session_id": "s"},
        "service_tier": "priority",
        "metadata": {},
        "user": "u",
        "safety_identifier": "u",
        "stream_options": {"include_obfuscation": False},
        "previous_response_id": None,
        "prompt": None,
        "prompt_cache_retention": "24h",
    }
    assert repaired(**unknown) == (ASK, ("fields-dropped",))


def test_compaction_on_the_server_is_dropped_where_it_is_not_known() -> None:
    asked: Json = {"context_management": [{"type": "compaction", "compact_threshold": 9}]}
    assert repaired(**asked) == (ASK, ("fields-dropped",))
    assert repaired("gpt-5.3-codex", **asked) == (ASK | asked, ())


def test_a_stored_prompt_is_refused() -> None:
    with pytest.raises(ClientMistake, match="prompt: stored prompts are not available"):
        repaired(prompt={"id": "pmpt_1"})


@pytest.mark.parametrize(
    ("id_", "given", "sent"),
    [
        ("gpt-5-mini", [ENCRYPTED], [ENCRYPTED]),
        ("gpt-5-mini", [ENCRYPTED, "message.output_text.logprobs"], [ENCRYPTED]),
        ("gpt-5-mini", ["web_search_call.action.sources"], None),
        ("gpt-5-mini", [], []),
        ("gpt-5-mini", None, None),
        ("gpt-4.1", [ENCRYPTED], None),
    ],
)
def test_include_fitted_to_what_there_is(id_: str, given: Any, sent: Any) -> None:
    body, fired = repaired(id_, include=given)
    assert body.get("include") == sent
    assert fired == (() if given == sent and given is not None else ("include-fitted",))


def test_include_keeps_the_sources_of_a_search_that_is_wanted() -> None:
    asked = ["web_search_call.action.sources", "file_search_call.results"]
    assert repaired(web_search=True, include=asked)[0]["include"] == asked[:1]


@pytest.mark.parametrize(("given", "sent"), [(1, 16), (16, 16), (64_000, 64_000), (128_000, 64_000), (None, None)])
def test_cap_fitted_to_the_model(given: int | None, sent: int | None) -> None:
    body, fired = repaired(max_output_tokens=given)
    assert (body["max_output_tokens"], fired) == (sent, () if given == sent else ("cap-fitted",))


@pytest.mark.parametrize(
    ("id_", "given", "sent"),
    [*NEAREST, ("gpt-5.6-sol", "none", "none"), ("gpt-5.6-sol", "max", "max"), ("gpt-5-mini", "odd", None)],
)
def test_effort_fitted_to_what_the_model_lists(id_: str, given: str, sent: str | None) -> None:
    body, fired = repaired(id_, reasoning={"effort": given, "summary": "auto"})
    assert body["reasoning"] == {"summary": "auto"} | ({"effort": sent} if sent else {})
    assert fired == (() if given == sent else ("effort-fitted",))


@pytest.mark.parametrize("given", ["none", "high", None])
def test_effort_fitted_goes_where_nothing_is_listed(given: str | None) -> None:
    assert repaired("gpt-4.1", reasoning={"effort": given}) == (ASK, ("effort-fitted",))
    assert repaired(reasoning={"summary": "auto"}) == (ASK | {"reasoning": {"summary": "auto"}}, ())
    assert repaired(reasoning=None) == (ASK | {"reasoning": None}, ())


def test_sampling_dropped_even_the_default() -> None:
    assert repaired(temperature=1, top_p=0.9) == (ASK, ("sampling-dropped",))


@pytest.mark.parametrize(
    ("fields", "fired"),
    [
        ({"tools": [{"type": "tool_search"}, {"type": "function", "name": "f"}]}, "tools-settled"),
        ({"tools": [{"type": "web_search"}, {"type": "function", "name": "f"}]}, "hosted-tools-dropped"),
        ({"tools": [{"type": "custom", "name": "f"}]}, "free-text-wrapped"),
        ({"tools": [{"type": "namespace", "name": "n", "description": "", "tools": [TOOL]}]}, "namespaces-described"),
        ({"tools": [TOOL, {"type": "namespace", "name": "n", "description": "d", "tools": []}]}, "tools-completed"),
        ({"tools": []}, "tools-completed"),
        ({"input": [SAID, {"type": "function_call", "call_id": "c", "name": "f"}]}, "tool-results-paired"),
        ({"input": [SAID, {"type": "web_search_call"}]}, "hosted-items-dropped"),
        ({"input": [SAID, {"type": "reasoning", "summary": []}]}, "reasoning-restored"),
        ({"input": [SAID | {"id": "msg_1"}]}, "ids-dropped"),
        (
            {"input": [{"type": "compaction", "encrypted_content": seal("b", "RU5D", model("gpt-5-mini"))}]},
            "compaction-restored",
        ),
    ],
)
def test_each_rule_for_tools_and_items_has_its_row(fields: Json, fired: str) -> None:
    assert repaired(**fields)[1] == (fired,)


def test_a_stored_item_is_refused() -> None:
    with pytest.raises(ClientMistake, match="there is no stored item 'rs_1'"):
        repaired(input=[{"type": "item_reference", "id": "rs_1"}])


@given(answer=answers())
def test_what_the_client_was_given_goes_back_as_copilot_wrote_it(answer: Answer) -> None:
    whole = responses_whole(answer)
    target = Target(model=model("gpt-5-mini"), stream=True)
    told = ResponsesWatch(Stamp(id="7", created=9, model="m"), target.model, request={}).whole(whole)["output"]
    results = [{"type": "function_call_output", "call_id": tool.id, "output": "done"} for tool in answer.tools]
    sent = mended({"input": [*told, *results, SAID], "store": False}, target, RESPONSES)[0]["input"]
    written = whole["output"] if answer.signature else [item for item in whole["output"] if item["type"] != "reasoning"]
    plain = [item if item["type"] == "reasoning" else {k: v for k, v in item.items() if k != "id"} for item in written]
    assert sent == [*plain, *results, SAID]


@pytest.mark.parametrize("instructions", [None, "Be kind."])
def test_format_worded_for_models_that_know_no_schema(instructions: str | None) -> None:
    wanted = {"type": "json_schema", "name": "place", "schema": {"type": "object", "title": "Place"}}
    body, fired = repaired("grok-4.7", text={"format": wanted, "verbosity": "low"}, instructions=instructions)
    assert (body["text"], fired) == ({"verbosity": "low"}, ("format-worded",))
    assert '"title":"Place"' in body["instructions"]
    assert body["instructions"].startswith("Be kind.\n\n" if instructions else "Answer")
    assert "text" not in repaired("grok-4.7", text={"format": wanted})[0]
    assert repaired("gpt-5-mini", text={"format": wanted})[1] == ()
    assert repaired("grok-4.7", text={"format": {"type": "text"}})[1] == ()
