"""What is sent after a refusal. That each row fires, and what for, is in the table's own test; here is what it must not do."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import UpstreamRefused
from copilot_api.translate.repair import Endpoint, Target
from copilot_api.translate.retries import RETRIES, Again, Sent, again
from tests.builders.models import model

USER: Json = {"role": "user", "content": "q"}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "of another model"}
CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
ANSWERED: Json = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
NO_PREFILL = "This model does not support assistant message prefill."
NO_SIGNATURE = "messages.1.content.0: Invalid `signature` in `thinking` block"


def after(
    body: Json,
    message: str,
    *,
    endpoint: Endpoint = "/v1/messages",
    code: str = "",
    status: int = 400,
    betas: tuple[str, ...] = (),
    tried: tuple[str, ...] = (),
) -> Again | None:
    served = model("claude-sonnet-4.6" if endpoint == "/v1/messages" else "gpt-4.1")
    sent = Sent(body=body, endpoint=endpoint, target=Target(model=served, stream=True, betas=betas), tried=tried)
    return again(sent, UpstreamRefused(message, status=status, code=code))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": [USER]}, NO_PREFILL),
        ({"messages": []}, NO_PREFILL),
        ({"messages": [USER]}, NO_SIGNATURE),
        ({"messages": [USER]}, "Expected `thinking` or `redacted_thinking`, but found `text`"),
        ({"messages": [USER]}, '"thinking.type.enabled" is not supported for this model.'),
        ({"messages": [USER]}, "output_config.format: structured outputs are not supported on this model"),
        ({"messages": [USER]}, "Use 'max_completion_tokens' instead of 'max_tokens'"),
        ({"messages": [USER]}, "'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
        ({"messages": [USER], "tool_choice": "auto"}, "Invalid 'tool_choice'"),
        ({"messages": [USER]}, "input item a does not belong to this connection"),
        ({"messages": [USER]}, "the encrypted_content is odd"),
        ({"messages": [USER]}, "Unexpected value(s) `a-2026-01-01` for the `anthropic-beta` header."),
        ({"messages": [USER], "temperature": 1}, "the temperature of this room"),
        ({"messages": [USER], "tools": []}, "Unsupported parameter: 'tools' is not supported"),
    ],
)
def test_a_refusal_that_nothing_can_be_done_about_stands(body: Json, message: str) -> None:
    assert after(body, message) is None


@pytest.mark.parametrize("endpoint", ["/v1/messages", "/chat/completions", "/responses"])
def test_only_a_bad_request_can_be_made_better(endpoint: Endpoint) -> None:
    body = {"messages": [USER], "temperature": 1}
    for status in (401, 402, 403, 422, 429, 500):
        assert after(body, "`temperature` is deprecated", endpoint=endpoint, status=status, code="model_not_supported") is None


def test_the_clients_own_body_is_not_changed() -> None:
    prefill = [USER, {"role": "assistant", "content": "{"}]
    body: Json = {"messages": prefill, "temperature": 1}
    found = after(body, NO_PREFILL)
    assert found is not None
    assert found.body["messages"] == [*prefill, {"role": "user", "content": "Continue."}]
    assert body == {"messages": prefill, "temperature": 1}


def test_a_row_is_used_up() -> None:
    for row in RETRIES:
        assert 1 <= row.most <= 8
    body = {"a": 1, "b": 2, "c": 3, "d": 4}
    spent = ("refused-field-dropped",) * 2
    assert after(body, "a: Extra inputs are not permitted", tried=spent) is not None
    assert after(body, "a: Extra inputs are not permitted", tried=(*spent, "refused-field-dropped")) is None
    assert after(body, "no", code="model_not_supported", tried=("rollout-retried",) * 7) is not None
    assert after(body, "no", code="model_not_supported", tried=("rollout-retried",) * 8) is None


def test_a_model_that_is_served_elsewhere_is_not_asked_here_again_whatever_code_it_has() -> None:
    """The code changed in August 2026."""
    message = 'model "gpt-5.4" is not accessible via the /chat/completions endpoint'
    found = after({"messages": [USER]}, message, endpoint="/chat/completions", code="model_not_supported")
    assert found is not None
    assert (found.name, found.elsewhere, found.later) == ("endpoint-corrected", True, False)


def test_thinking_ends_where_its_thoughts_are_forgotten() -> None:
    """A call without the thoughts behind it and thinking do not go together; a turn of thoughts alone is none."""
    messages = [
        USER,
        {"role": "assistant", "content": [THOUGHT]},
        USER,
        {"role": "assistant", "content": [THOUGHT, CALL]},
        ANSWERED,
    ]
    body: Json = {"max_tokens": 9000, "messages": messages, "tools": [TOOL]} | {
        "thinking": {"type": "enabled", "budget_tokens": 2000}
    }
    found = after(body, NO_SIGNATURE)
    assert found is not None
    assert found.body["messages"] == [USER, USER, {"role": "assistant", "content": [CALL]}, ANSWERED]
    assert "thinking" not in found.body


def test_reasoning_of_another_model_is_forgotten_in_chat() -> None:
    said = {"role": "assistant", "content": "a"}
    body = {"messages": [USER, said | {"reasoning_text": "hm", "reasoning_opaque": "s"}, USER]}
    found = after(body, "Corrupted thought signature.", endpoint="/chat/completions")
    assert found is not None
    assert (found.name, found.body["messages"]) == ("thinking-forgotten", [USER, said, USER])


@pytest.mark.parametrize("system", [None, "Be kind.", [{"type": "text", "text": "Be kind."}]])
def test_a_format_that_the_model_does_not_know_is_asked_for_in_words(system: object) -> None:
    wanted = {"format": {"type": "json_schema", "schema": {"type": "object", "title": "Place"}}}
    body: Json = {"messages": [USER], "output_config": wanted} | ({"system": system} if system else {})
    found = after(body, "output_config.format: structured outputs are not supported on this model")
    assert found is not None
    assert "output_config" not in found.body
    assert [block["text"] for block in found.body["system"][:-1]] == (["Be kind."] if system else [])
    assert '"title":"Place"' in found.body["system"][-1]["text"]


@pytest.mark.parametrize(
    "message",
    [
        "input item ID does not belong to this connection",
        "Invalid 'input[1].id': 'blob'. Expected an ID that begins with 'rs'.",
        "The encrypted content could not be verified. Reason: item_id did not match the target item id.",
    ],
)
def test_ids_that_upstream_does_not_know_go_first_and_the_reasoning_next(message: str) -> None:
    said = {"role": "user", "content": "q"}
    body = {"input": [said | {"id": "msg_1"}, {"type": "reasoning", "id": "blob", "encrypted_content": "RU5D"}]}
    first = after(body, message, endpoint="/responses")
    assert first is not None
    assert first.name == "ids-forgotten"
    assert first.body["input"] == [said, {"type": "reasoning", "encrypted_content": "RU5D"}]
    second = after(first.body, message, endpoint="/responses", tried=(first.name,))
    assert second is not None
    assert (second.name, second.body["input"]) == ("reasoning-forgotten", [said])
    assert after(second.body, message, endpoint="/responses", tried=(first.name, second.name)) is None


def test_tools_that_are_refused_go_unless_one_of_them_has_to_be_called() -> None:
    refused = "The requested tool image_generation is not supported."
    image = {"type": "image_generation"}
    body = {"input": "q", "tools": [image, {"type": "function", "name": "f"}], "tool_choice": "auto"}
    found = after(body, refused, endpoint="/responses")
    assert found is not None
    assert found.body == body | {"tools": [{"type": "function", "name": "f"}]}
    only = after(body | {"tools": [image], "parallel_tool_calls": True}, refused, endpoint="/responses")
    assert only is not None
    assert only.body == {"input": "q"}
    assert after(body | {"tool_choice": {"type": "image_generation"}}, refused, endpoint="/responses") is None
    assert after({"input": "q"}, refused, endpoint="/responses") is None
    assert after({"input": "q"}, "The requested tool custom is not supported.", endpoint="/responses") is None
    assert after(body, refused, endpoint="/chat/completions") is None


def test_a_refused_search_of_the_web_goes_with_all_that_is_left_of_it() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}}
    said = {"type": "message", "role": "user", "content": "q"}
    body: Json = {
        "input": [search, said],
        "store": False,
        "tools": [{"type": "web_search"}],
        "include": ["web_search_call.results"],
    }
    target = Target(model=model("gpt-4.1"), stream=True, web_search=True)
    refused = UpstreamRefused("The requested tool web_search is not supported.", status=400)
    found = again(Sent(body=body, endpoint="/responses", target=target), refused)
    assert found is not None
    assert found.body == {"input": [said], "store": False}
    other = UpstreamRefused("The requested tool mcp is not supported.", status=400)
    kept = again(Sent(body=body | {"tools": [{"type": "mcp"}]}, endpoint="/responses", target=target), other)
    assert kept is not None
    assert kept.body["input"] == [search, said]


def test_other_betas_stay() -> None:
    betas = ("advanced-tool-use-2025-11-20", "context-management-2025-06-27")
    tools = [TOOL | {"defer_loading": True}]
    body: Json = {"max_tokens": 9, "messages": [USER], "tools": tools, "context_management": {"edits": []}}
    found = after(body, "Unexpected value(s) `advanced-tool-use-2025-11-20` for the `anthropic-beta` header.", betas=betas)
    assert found is not None
    assert (found.betas, found.body) == (betas[1:], body | {"tools": [TOOL]})
    assert {lesson.beta for lesson in found.lessons} == {betas[0]}
