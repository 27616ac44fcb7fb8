"""Which tools a person asked for in plain words, and with which arguments."""

import re
from typing import Any

from copilot_api.sandbox import free_text, hints, instances
from copilot_api.sandbox.hints import Hints
from copilot_api.sandbox.question import Question, Tool

# Parts of a tool's name that say nothing about what it is for.
_FILLERS = {"get", "fetch", "do", "call", "run", "the", "current", "lookup", "mcp"}
_COMMAND_NAMES = ("command", "cmd")
_RUN = re.compile(r"\b(?:run|execute)\b[^`\"\n]{0,60}(?:`[^`\n]+`|\"[^\"\n]+\")", re.IGNORECASE)
_SHELLS = re.compile(r"bash|shell|terminal|exec|command|powershell|run", re.IGNORECASE)
_NOT = r"(?:n't|\bnot|\bnever|\bwithout|\bno)\s+(?:\w+\s+){0,3}`?"


def wishes(question: Question) -> list[tuple[Tool, Any]]:
    """The calls to make, in the order of the tools offered; none unless asked, or forced. A custom tool gets a text."""
    tools = [tool for tool in question.tools if question.wanted in {"", tool.name}]
    said = hints.focus(question.said)
    picked = _named(tools, said) or _runner(tools, said) or _described(tools, said)
    if question.forced and not picked:
        picked = tools[:1]
    if question.wanted:
        picked = tools[:1]
    offered = hints.of(said, ignoring=frozenset(tool.name for tool in question.tools))
    return [(tool, _input(tool, each, question.said)) for tool in picked for each in _variants(tool, offered)]


def _input(tool: Tool, offered: Hints, said: str) -> Any:
    if tool.custom:
        return free_text.compose(tool.name, offered, said)
    arguments = instances.required(tool.schema, offered)
    command = _command_argument(tool)
    if isinstance(arguments, dict) and isinstance(
        arguments.get(command), list
    ):  # a program and its arguments, not a line for a shell
        arguments[command] = ["bash", "-lc", offered.text_for(command)]
    return arguments


def _named(tools: list[Tool], said: str) -> list[Tool]:
    """The tools called by their names."""
    return [tool for tool in tools if _is_named(tool.name, said) and not _is_refused(tool.name, said)]


def _is_named(name: str, said: str) -> bool:
    word = re.escape(name)
    if not re.fullmatch(r"[A-Za-z]?[a-z]+", name):  # no ordinary word: its mere mention means the tool
        return re.search(rf"(?<![\w-]){word}(?![\w-])", said, re.IGNORECASE if name.islower() else 0) is not None
    if re.search(rf"\b{word}`?\s+(?:tool|function)\b|\b(?:tool|function)\s+`?{word}\b", said, re.IGNORECASE):
        return True
    return re.search(rf"`{word}`|\b(?:[Uu]s(?:e|ing)|[Cc]all|[Ii]nvoke)\s+(?:the\s+|your\s+)?{word}\b", said) is not None


def _is_refused(word: str, said: str) -> bool:
    return re.search(rf"{_NOT}{re.escape(word)}\b", said, re.IGNORECASE) is not None


def _runner(tools: list[Tool], said: str) -> list[Tool]:
    """The tool that runs commands, if one is to be run."""
    if not _RUN.search(said) or _is_refused("run", said) or _is_refused("execute", said):
        return []
    runners = [tool for tool in tools if _command_argument(tool)]
    shells = [tool for tool in runners if _SHELLS.search(tool.name)]
    return [tool for tool in (shells or runners)[:1] if not _is_refused(tool.name, said)]


def _described(tools: list[Tool], said: str) -> list[Tool]:
    """The tools whose name, of two words or more, is all in what was said: get_weather for "what is the weather"."""
    heard = set(re.findall(r"[a-z]+", said.lower()))
    return [tool for tool in tools if (words := _words(tool.name)) and words <= heard and not _is_refused(tool.name, said)]


def _words(name: str) -> set[str]:
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    words = {part.lower() for part in parts} - _FILLERS
    return words if len(parts) > 1 and any(len(word) > 3 for word in words) else set()


def _command_argument(tool: Tool) -> str:
    if tool.custom and tool.name in free_text.RUNNERS:
        return _COMMAND_NAMES[0]
    properties = tool.schema.get("properties") or {}
    return next((name for name in _COMMAND_NAMES if _takes_command(properties.get(name))), "")


def _takes_command(schema: Any) -> bool:
    """A text, or a list of texts."""
    schema = schema if isinstance(schema, dict) else {}
    items = schema.get("items")
    is_list = schema.get("type") == "array" and isinstance(items, dict) and items.get("type") == "string"
    return is_list or schema.get("type") == "string"


def _variants(tool: Tool, offered: Hints) -> list[Hints]:
    """Several values for the one argument that matters are several calls."""
    if command := _command_argument(tool):
        return offered.variants(command)
    needed = tool.schema.get("required") or []
    return offered.variants(needed[0]) if len(needed) == 1 else [offered]
