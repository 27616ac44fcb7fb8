"""Requests of real programs, recorded: each is translated into one that upstream takes, and what it loses is known by name."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from copilot_api.dialects.codec import Json, loads_request
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate.chat_to_messages import request as chat_to_messages
from copilot_api.translate.chat_to_responses import request as chat_to_responses
from copilot_api.translate.messages_to_chat import request as messages_to_chat
from copilot_api.translate.messages_to_responses import request as messages_to_responses
from copilot_api.translate.request import Request
from copilot_api.translate.responses_to_chat import request as responses_to_chat
from copilot_api.translate.responses_to_messages import request as responses_to_messages
from tests.builders.legal import check_chat, check_messages, check_responses
from tests.builders.models import model

FIXTURES = Path(__file__).parent / "fixtures"

HEADER = "system.x-anthropic-billing-header"
CLAUDE_CODE = {"context_management", HEADER, "thinking.display", "tools.defer_loading"}
NO_MARKS = {"messages.content.cache_control", "system.cache_control"}

# A program's request, the model it goes to, and what cannot be carried there.
TO_CHAT: list[tuple[str, str, set[str]]] = [
    ("claude-code-runs-a-command", "claude-haiku-4.5", CLAUDE_CODE | {"thinking.type"}),
    ("claude-code-runs-a-command", "gpt-5-mini", CLAUDE_CODE | NO_MARKS),
    ("claude-code-runs-a-command", "gemini-3.1-pro-preview", CLAUDE_CODE | NO_MARKS),
    ("claude-code-for-gpt-parallel-tools", "gpt-5-mini", CLAUDE_CODE | NO_MARKS),
    ("claude-code-for-gpt-parallel-tools", "gpt-4.1", CLAUDE_CODE | NO_MARKS | {"thinking.type", "output_config.effort"}),
    ("claude-code-for-gpt-reads-a-picture", "grok-4.7", CLAUDE_CODE | NO_MARKS),
    ("claude-code-loads-deferred-tools", "gpt-5-mini", CLAUDE_CODE | NO_MARKS),
    ("claude-code-loads-deferred-tools", "claude-sonnet-4.6", CLAUDE_CODE),
    ("claude-code-asks-for-a-title", "gpt-4.1", {HEADER}),
    ("claude-code-asks-for-a-title", "gemini-3.8-flash", {HEADER, "thinking.type", "output_config.format"}),
    ("anthropic-sdk-marks-caches", "claude-haiku-4.5", {"system.cache_control.ttl"}),
    ("anthropic-sdk-marks-caches", "gpt-4.1", NO_MARKS),
    ("anthropic-sdk-sends-a-document", "gpt-4.1", set()),
    ("anthropic-sdk-picture-in-result", "gpt-4.1", set()),
    ("anthropic-sdk-failed-tool", "gpt-4.1", set()),
    ("anthropic-sdk-thinks-around-a-tool", "gpt-5-mini", {"messages.content.thinking"}),
    ("anthropic-sdk-thinks-around-a-tool", "claude-haiku-4.5", {"messages.content.thinking", "thinking.type"}),
    ("anthropic-sdk-tool-runner", "gpt-4.1", {"thread"}),
    ("anthropic-sdk-wants-json", "gpt-4.1", set()),
    ("anthropic-sdk-wants-json", "gpt-4o", {"output_config.format"}),
    ("anthropic-sdk-forces-a-tool", "gpt-4.1", set()),
    ("aider-on-messages", "gpt-4.1", set()),
]  # fmt: skip
TO_MESSAGES: list[tuple[str, str, set[str]]] = [
    ("aider-on-chat", "claude-opus-5", set()),
    ("aider-on-chat-with-a-picture", "claude-opus-5", {"messages.content.image_url.detail"}),
    ("openai-sdk-plain", "claude-opus-5", {"seed"}),
    ("openai-sdk-several-turns", "claude-opus-5", set()),
    ("openai-sdk-parallel-tools", "claude-opus-5", set()),
    ("openai-sdk-parallel-tools", "claude-haiku-4.5", {"tools.function.strict"}),
    ("openai-sdk-stream-helper-after-tools", "claude-opus-5", set()),
    ("openai-sdk-runs-tools", "claude-opus-5", set()),
    ("openai-sdk-forces-a-tool", "claude-opus-5", set()),
    ("openai-sdk-sends-a-picture", "claude-opus-5", {"messages.content.image_url.detail"}),
    ("openai-sdk-wants-a-schema", "claude-opus-5", {"response_format.json_schema.name", "response_format.json_schema.strict"}),
    ("openai-sdk-wants-json", "claude-opus-5", {"response_format"}),
    ("openai-sdk-sets-an-effort", "claude-opus-5", set()),
]  # fmt: skip

MESSAGES_TO_RESPONSES: list[tuple[str, str, set[str]]] = [
    ("claude-code-runs-a-command", "gpt-5.3-codex", (CLAUDE_CODE | NO_MARKS) - {"thinking.display"}),
    ("claude-code-for-gpt-parallel-tools", "gpt-5.6-sol", (CLAUDE_CODE | NO_MARKS) - {"thinking.display"}),
    ("claude-code-for-gpt-parallel-tools", "grok-4.7", (CLAUDE_CODE | NO_MARKS) - {"thinking.display"}),
    ("claude-code-for-gpt-reads-a-picture", "gpt-5.3-codex", (CLAUDE_CODE | NO_MARKS) - {"thinking.display"}),
    ("claude-code-loads-deferred-tools", "gpt-5.3-codex", (CLAUDE_CODE | NO_MARKS) - {"thinking.display"}),
    ("claude-code-asks-for-a-title", "gpt-5.3-codex", {HEADER, "thinking.type"}),
    ("claude-code-asks-for-a-title", "gpt-5.6-sol", {HEADER}),
    ("anthropic-sdk-marks-caches", "gpt-5.3-codex", NO_MARKS),
    ("anthropic-sdk-sends-a-document", "gpt-5.3-codex", set()),
    ("anthropic-sdk-picture-in-result", "gpt-5.3-codex", set()),
    ("anthropic-sdk-failed-tool", "gpt-5.3-codex", set()),
    ("anthropic-sdk-thinks-around-a-tool", "gpt-5.3-codex", {"messages.content.thinking"}),
    ("anthropic-sdk-tool-runner", "gpt-5.3-codex", {"thread"}),
    ("anthropic-sdk-wants-json", "gpt-5.3-codex", set()),
    ("anthropic-sdk-wants-json", "grok-4.7", {"output_config.format"}),
    ("anthropic-sdk-forces-a-tool", "gpt-5.3-codex", set()),
    ("aider-on-messages", "gpt-5.3-codex", {"temperature"}),
]  # fmt: skip
CHAT_TO_RESPONSES: list[tuple[str, str, set[str]]] = [
    ("aider-on-chat", "gpt-5.3-codex", {"temperature"}),
    ("aider-on-chat-with-a-picture", "gpt-5.3-codex", {"temperature"}),
    ("openai-sdk-plain", "gpt-5.3-codex", {"seed", "temperature"}),
    ("openai-sdk-several-turns", "gpt-5.3-codex", set()),
    ("openai-sdk-parallel-tools", "gpt-5.3-codex", set()),
    ("openai-sdk-stream-helper-after-tools", "gpt-5.3-codex", set()),
    ("openai-sdk-runs-tools", "gpt-5.6-sol", set()),
    ("openai-sdk-forces-a-tool", "gpt-5.3-codex", set()),
    ("openai-sdk-sends-a-picture", "gpt-5.3-codex", set()),
    ("openai-sdk-wants-a-schema", "gpt-5.3-codex", set()),
    ("openai-sdk-wants-json", "gpt-5.3-codex", set()),
    ("openai-sdk-sets-an-effort", "gpt-5.3-codex", set()),
]  # fmt: skip
CODEX = {"client_metadata", "tools.web_search"}
CODEX_LITE = {"client_metadata", "input.tools.namespace.description", "reasoning.context"}
OPENAI_ONLY = {"prompt_cache_key", "text.verbosity"}
RESPONSES_TO_CHAT: list[tuple[str, str, set[str]]] = [
    ("codex-thinks", "gpt-5-mini", CODEX | {"tools.namespace.description", "input.reasoning"}),
    ("codex-thinks", "gemini-3.8-flash", CODEX | {"tools.namespace.description", "input.reasoning", "prompt_cache_key"}),
    ("codex-parallel-tools", "gpt-4.1", CODEX | {"tools.namespace.description"}),
    ("codex-applies-a-patch", "gpt-4.1", CODEX | {"tools.tool_search", "reasoning.effort"}),
    ("codex-applies-a-patch", "kimi-k3", CODEX | OPENAI_ONLY | {"tools.tool_search", "reasoning.effort"}),
    ("codex-shows-a-picture", "gpt-5-mini", CODEX | {"tools.tool_search", "input.content.detail"}),
    ("codex-lite-parallel-tools", "gemini-3.8-flash", CODEX_LITE | OPENAI_ONLY),
    ("openai-sdk-responses-plain", "gpt-4.1", set()),
    ("openai-sdk-responses-with-a-cap", "gpt-4.1", set()),
    ("openai-sdk-responses-custom-tool", "gpt-4.1", set()),
    ("openai-sdk-responses-picture", "gpt-4.1", set()),
    ("openai-sdk-responses-wants-a-schema", "gpt-4.1", set()),
    ("openai-sdk-responses-wants-a-schema", "gpt-4o", {"text.format", "text.format.name", "text.format.strict"}),
    ("openai-sdk-responses-thinks-around-tools", "gpt-5-mini", {"input.reasoning"}),
    ("openai-sdk-responses-parallel-tools", "gpt-4.1", {"input.reasoning"}),
]  # fmt: skip
RESPONSES_TO_MESSAGES: list[tuple[str, str, set[str]]] = [
    ("codex-thinks", "claude-opus-5", CODEX | {"tools.namespace.description", "input.reasoning", "prompt_cache_key"}),
    ("codex-parallel-tools", "claude-haiku-4.5", CODEX | {"tools.namespace.description", "prompt_cache_key"}),
    ("codex-applies-a-patch", "claude-opus-5", CODEX | OPENAI_ONLY | {"tools.tool_search"}),
    ("codex-shows-a-picture", "claude-opus-5", CODEX | OPENAI_ONLY | {"tools.tool_search", "input.content.detail"}),
    ("codex-lite-parallel-tools", "claude-opus-5", CODEX_LITE | OPENAI_ONLY),
    ("codex-lite-parallel-tools", "claude-haiku-4.5", CODEX_LITE | OPENAI_ONLY | {"reasoning.effort"}),
    ("openai-sdk-responses-plain", "claude-opus-5", set()),
    ("openai-sdk-responses-with-a-cap", "claude-opus-5", set()),
    ("openai-sdk-responses-custom-tool", "claude-opus-5", set()),
    ("openai-sdk-responses-picture", "claude-opus-5", set()),
    ("openai-sdk-responses-wants-a-schema", "claude-opus-5", {"text.format.name", "text.format.strict"}),
    ("openai-sdk-responses-thinks-around-tools", "claude-opus-5", {"input.reasoning"}),
    ("openai-sdk-responses-parallel-tools", "claude-haiku-4.5", {"input.reasoning", "tools.strict"}),
]  # fmt: skip
ALL = TO_CHAT + TO_MESSAGES + MESSAGES_TO_RESPONSES + CHAT_TO_RESPONSES + RESPONSES_TO_CHAT + RESPONSES_TO_MESSAGES


def recorded(name: str) -> Json:
    return loads_request((FIXTURES / f"{name}.json").read_bytes())


def translated(translate: Callable[[Json, Model], Request], name: str, model_id: str) -> Request:
    body = recorded(name)
    before = copy.deepcopy(body)
    done = translate(body, model(model_id))
    assert body == before
    return done


@pytest.mark.parametrize(("name", "model_id", "losses"), TO_CHAT)
def test_a_recorded_messages_request_goes_to_a_chat_model(name: str, model_id: str, losses: set[str]) -> None:
    done = translated(messages_to_chat, name, model_id)
    check_chat(done.body)
    assert done.losses == losses


@pytest.mark.parametrize(("name", "model_id", "losses"), TO_MESSAGES)
def test_a_recorded_chat_request_goes_to_claude(name: str, model_id: str, losses: set[str]) -> None:
    done = translated(chat_to_messages, name, model_id)
    check_messages(done.body)
    assert done.losses == losses


@pytest.mark.parametrize(("name", "model_id", "losses"), MESSAGES_TO_RESPONSES)
def test_a_recorded_messages_request_goes_to_a_responses_model(name: str, model_id: str, losses: set[str]) -> None:
    done = translated(messages_to_responses, name, model_id)
    check_responses(done.body)
    assert done.losses == losses


@pytest.mark.parametrize(("name", "model_id", "losses"), CHAT_TO_RESPONSES)
def test_a_recorded_chat_request_goes_to_a_responses_model(name: str, model_id: str, losses: set[str]) -> None:
    done = translated(chat_to_responses, name, model_id)
    check_responses(done.body)
    assert done.losses == losses


@pytest.mark.parametrize(("name", "model_id", "losses"), RESPONSES_TO_CHAT)
def test_a_recorded_responses_request_goes_to_a_chat_model(name: str, model_id: str, losses: set[str]) -> None:
    done = translated(responses_to_chat, name, model_id)
    check_chat(done.body)
    assert done.losses == losses


@pytest.mark.parametrize(("name", "model_id", "losses"), RESPONSES_TO_MESSAGES)
def test_a_recorded_responses_request_goes_to_claude(name: str, model_id: str, losses: set[str]) -> None:
    done = translated(responses_to_messages, name, model_id)
    check_messages(done.body)
    assert done.losses == losses


def test_a_search_of_the_web_is_refused_because_nobody_would_search() -> None:
    for translate in (messages_to_chat, messages_to_responses):
        with pytest.raises(ClientMistake, match="web_search runs on its provider's servers"):
            translated(translate, "claude-code-searches-the-web", "gpt-5-mini")


def test_every_fixture_is_used() -> None:
    used = {name for name, _, _ in ALL} | {"claude-code-searches-the-web"}
    assert {path.stem for path in FIXTURES.glob("*.json")} == used


def test_claude_codes_tools_keep_their_definitions_when_they_are_deferred() -> None:
    body = recorded("claude-code-loads-deferred-tools")
    done = translated(messages_to_chat, "claude-code-loads-deferred-tools", "gpt-5-mini")
    assert [tool["function"]["name"] for tool in done.body["tools"]] == [tool["name"] for tool in body["tools"]]
    answers = [message["content"] for message in done.body["messages"] if message["role"] == "tool"]
    assert answers[0] == "Tool available: WebFetch\n\nTool available: NotebookEdit"


def test_the_picture_that_claude_code_reads_arrives() -> None:
    messages = translated(messages_to_chat, "claude-code-for-gpt-reads-a-picture", "gpt-5-mini").body["messages"]
    assert [message["role"] for message in messages[-3:]] == ["assistant", "tool", "user"]
    assert [part["type"] for part in messages[-1]["content"]] == ["text", "image_url"]


def test_claude_codes_system_messages_stay_where_they_stood() -> None:
    messages = translated(messages_to_chat, "claude-code-for-gpt-parallel-tools", "gpt-5-mini").body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "system", "assistant", "tool", "tool"]


def test_codexs_own_tools_are_offered_to_claude_under_joined_names_and_found_again() -> None:
    done = translated(responses_to_messages, "codex-lite-parallel-tools", "claude-opus-5")
    names = [tool["name"] for tool in done.body["tools"]]
    assert names[:2] == ["functions__exec", "functions__wait"]
    assert done.namespaces["functions__exec"] == ("functions", "exec")
    assert done.namespaces["collaboration__spawn_agent"] == ("collaboration", "spawn_agent")
    assert done.custom_tools == {"functions__exec"}
    calls = [block for message in done.body["messages"] for block in message["content"] if block["type"] == "tool_use"]
    assert [call["name"] for call in calls] == ["functions__exec", "functions__exec"]
    assert all(list(call["input"]) == ["input"] for call in calls)


def test_the_grammar_of_codexs_patches_is_told_to_models_that_take_no_free_text() -> None:
    tools = translated(responses_to_chat, "codex-applies-a-patch", "gpt-4.1").body["tools"]
    patch = next(tool["function"] for tool in tools if tool["function"]["name"] == "apply_patch")
    assert "must match this lark grammar:\nstart: begin_patch hunk+ end_patch" in patch["description"]
    assert patch["parameters"]["required"] == ["input"]


def test_codexs_prompt_leads_whatever_stands_before_it() -> None:
    body = translated(responses_to_messages, "codex-lite-parallel-tools", "claude-opus-5").body
    assert len(body["system"]) == 5
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]


def test_claude_codes_system_messages_are_developers_messages() -> None:
    items = translated(messages_to_responses, "claude-code-for-gpt-parallel-tools", "gpt-5.3-codex").body["input"]
    kinds = [item.get("role") or item["type"] for item in items]
    assert kinds == ["user", "developer", *["function_call"] * 2, *["function_call_output"] * 2]
