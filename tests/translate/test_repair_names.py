"""Tool names that upstream does not take: sent as others, everywhere the same, and given back."""

from copilot_api.dialects.codec import Json
from copilot_api.translate.repair import Target
from copilot_api.translate.repair_names import chat_names, messages_names, renamed
from tests.builders.models import model

TARGET = Target(model=model("claude-sonnet-4.6"), stream=False)
LONG = "mcp__" + "x" * 100


def function(name: str, **more: object) -> Json:
    return {"type": "function", "function": {"name": name, **more}}


def test_in_chat_definitions_calls_and_the_choice_agree() -> None:
    calls = {"role": "assistant", "tool_calls": [{"id": "a", **function("files.read", arguments="{}")}]}
    body = {
        "messages": [calls],
        "tools": [function("files.read"), function(LONG), function("plain")],
        "tool_choice": function("files.read"),
    }
    after = chat_names(body, TARGET)
    names = [tool["function"]["name"] for tool in after["tools"]]
    assert names[0] == "files_read"
    assert (names[1][:10], len(names[1])) == (LONG[:10], 64)
    assert names[2] == "plain"
    assert after["messages"][0]["tool_calls"][0]["function"] == {"name": "files_read", "arguments": "{}"}
    assert after["tool_choice"] == function("files_read")
    assert renamed(body, "/chat/completions") == {"files_read": "files.read", names[1]: LONG}


def test_a_choice_among_several_is_named_alike() -> None:
    allowed = {"mode": "auto", "tools": [function("files.read")]}
    body = {"tools": [function("files.read")], "tool_choice": {"type": "allowed_tools", "allowed_tools": allowed}}
    assert chat_names(body, TARGET)["tool_choice"]["allowed_tools"]["tools"] == [function("files_read")]


def test_a_name_that_is_taken_gets_another() -> None:
    body = {"tools": [function("files.read"), function("files_read")]}
    first, second = (tool["function"]["name"] for tool in chat_names(body, TARGET)["tools"])
    assert second == "files_read"
    assert first.startswith("files_read_")
    assert renamed(body, "/chat/completions") == {first: "files.read"}


def test_messages_take_longer_names() -> None:
    used = {"type": "tool_use", "id": "t", "name": "files.read", "input": {}}
    found = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "tool_reference", "tool_name": "files.read"}]}
    body = {
        "messages": [{"role": "assistant", "content": [used]}, {"role": "user", "content": [found, {"type": "text"}]}],
        "tools": [{"name": "files.read"}, {"name": LONG}, {"name": "y" * 130}],
        "tool_choice": {"type": "tool", "name": "files.read"},
    }
    after = messages_names(body, TARGET)
    assert [tool["name"] for tool in after["tools"][:2]] == ["files_read", LONG]
    assert len(after["tools"][2]["name"]) == 128
    assert after["messages"][0]["content"] == [used | {"name": "files_read"}]
    assert after["messages"][1]["content"][0]["content"] == [{"type": "tool_reference", "tool_name": "files_read"}]
    assert after["tool_choice"] == {"type": "tool", "name": "files_read"}
    assert renamed(body, "/v1/messages") == {"files_read": "files.read", after["tools"][2]["name"]: "y" * 130}


def test_good_names_are_left_alone() -> None:
    chat: Json = {
        "messages": [{"role": "user", "content": "q"}],
        "tools": [function("read"), {"type": "odd"}],
        "tool_choice": "auto",
    }
    messages: Json = {"messages": ["odd"], "tools": [{"name": "read"}], "tool_choice": {"type": "auto"}}
    assert chat_names(chat, TARGET) is chat
    assert messages_names(messages, TARGET) is messages
    assert renamed(chat, "/chat/completions") == renamed(messages, "/v1/messages") == renamed(chat, "/responses") == {}
