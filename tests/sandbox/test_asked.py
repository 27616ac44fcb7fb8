from typing import Any

import pytest

from copilot_api.dialects.models import Model
from copilot_api.sandbox import asked
from copilot_api.sandbox.question import Question, Tool

TEXT = {"type": "string"}


def tool(name: str, *required: str) -> Tool:
    schema = {"type": "object", "properties": dict.fromkeys(required, TEXT), "required": list(required)}
    return Tool(name=name, schema=schema)


BASH, WEATHER, READ = tool("Bash", "command"), tool("get_weather", "city"), tool("Read", "file_path")
EDIT, SEARCH, ADD = tool("Edit", "file_path", "text"), tool("WebSearch", "query"), tool("mcp__calc__add", "a", "b")
ALL = (BASH, WEATHER, READ, EDIT, SEARCH, ADD)


def wishes(said: str, *tools: Tool, **more: Any) -> list[tuple[str, Any]]:
    question = Question(model=Model(id="gpt-4.1"), said=said, tools=tools or ALL, **more)
    return [(tool.name, arguments) for tool, arguments in asked.wishes(question)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Run the shell command `echo hello-42` with your Bash tool and tell me what it printed",
            [("Bash", {"command": "echo hello-42"})],
        ),
        ("please run `ls`", [("Bash", {"command": "ls"})]),
        ('run the command "ls -l"', [("Bash", {"command": "ls -l"})]),
        ("Execute `echo a` and `echo b`", [("Bash", {"command": "echo a"}), ("Bash", {"command": "echo b"})]),
        ("use the bash tool", [("Bash", {"command": "echo sandbox"})]),
        ("What is the weather in Oslo?", [("get_weather", {"city": "Oslo"})]),
        ("Weather in Oslo and Bergen, please", [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"})]),
        ("call get_weather for Oslo", [("get_weather", {"city": "Oslo"})]),
        ("Use Read on /etc/hosts", [("Read", {"file_path": "/etc/hosts"})]),
        ("use the `Read` tool for a.txt", [("Read", {"file_path": "a.txt"})]),
        ('search the web for "cats"', [("WebSearch", {"query": "cats"})]),
        ('mcp__calc__add with "one"', [("mcp__calc__add", {"a": "one", "b": "one"})]),
        (
            "Use get_weather in Oslo and the Read tool for x.py",
            [("get_weather", {"city": "Oslo"}), ("Read", {"file_path": "x.py"})],
        ),
    ],
)
def test_a_tool_is_called_when_asked_for(said: str, expected: list[tuple[str, Any]]) -> None:
    assert wishes(said) == expected


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Hello",
        "Read this, then edit the file",
        "What does `ls` do?",
        "Do not use the Bash tool, but explain `ls`",
        "Don't run `ls` with Bash",
        "never call get_weather",
        "Explain the design of this program",
    ],
)
def test_no_tool_is_called_unasked(said: str) -> None:
    assert wishes(said) == []


def test_running_needs_a_tool_that_runs() -> None:
    assert wishes("run `ls`", WEATHER) == []
    assert wishes("run `ls`", tool("do_it", "cmd")) == [("do_it", {"cmd": "ls"})]


def test_a_forced_tool_is_called_in_any_case() -> None:
    assert wishes("Hello", BASH, WEATHER, forced=True) == [("Bash", {"command": "echo sandbox"})]
    assert wishes("Hello in Oslo", BASH, WEATHER, forced=True, wanted="get_weather") == [("get_weather", {"city": "Oslo"})]
    assert wishes("What is the weather in Rome", BASH, WEATHER, forced=True) == [("get_weather", {"city": "Rome"})]


def test_without_tools_there_is_no_call() -> None:
    assert asked.wishes(Question(model=Model(id="m"), said="run `ls`", forced=True)) == []


def test_a_tool_without_a_schema_gets_an_empty_object() -> None:
    assert wishes("use the ping_pong tool", Tool(name="ping_pong", schema={"type": "object"})) == [("ping_pong", {})]


def test_a_command_may_be_a_list() -> None:
    words = {"type": "array", "items": TEXT}
    shell = Tool(name="shell", schema={"type": "object", "properties": {"command": words}, "required": ["command"]})
    assert wishes("run `ls -l`", shell) == [("shell", {"command": ["bash", "-lc", "ls -l"]})]
    assert wishes("run `a` and `b`", shell) == [
        ("shell", {"command": ["bash", "-lc", "a"]}),
        ("shell", {"command": ["bash", "-lc", "b"]}),
    ]
    numbers = {"type": "object", "properties": {"command": {"type": "array", "items": {"type": "number"}}}}
    assert wishes("run `ls -l`", Tool(name="shell", schema=numbers)) == []


def test_a_custom_tool_gets_a_text() -> None:
    assert wishes("Use the notepad tool for `milk`", Tool(name="notepad", schema={}, custom=True)) == [("notepad", "milk")]
    ((name, program),) = wishes("run `ls`", Tool(name="exec", schema={}, custom=True))
    assert (name, 'tools.exec_command({cmd: "ls"})' in program) == ("exec", True)
