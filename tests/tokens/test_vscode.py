from typing import Any

from copilot_api.dialects.models import Model
from copilot_api.tokens import read_chat, vscode
from copilot_api.tokens.prompt import Call, Document, Prompt, Tool, Turn
from copilot_api.tokens.tally import Tally

PING = {
    "type": "function",
    "function": {"name": "ping", "description": "Check liveness", "parameters": {"type": "object", "properties": {}}},
}


def tools(*offered: Any) -> tuple[Tool, ...]:
    return read_chat.prompt({"tools": list(offered)}).tools


def test_published_tool_vectors(tally: Tally, weather: dict[str, object]) -> None:
    assert vscode.TOOLS + vscode.raw_tool(tools(weather)[0], tally) == 64
    assert vscode.tools(tools(weather), tally) == 70
    assert vscode.TOOLS + vscode.raw_tool(tools(PING)[0], tally) == 32
    assert vscode.tools(tools(PING), tally) == 35
    assert vscode.tools((), tally) == 0


def test_published_conversation(tally: Tally, models: dict[str, Model]) -> None:
    call = {"name": "get_current_weather", "arguments": '{"location":"San Francisco, CA"}'}
    prompt = read_chat.prompt(
        {
            "messages": [
                {"role": "user", "content": "What's the weather like in San Francisco?"},
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": "18C and sunny"},
            ]
        }
    )
    assert [vscode.turn_tokens(turn, models["grok"], tally) for turn in prompt.turns] == [12, 28, 11]
    assert vscode.count(prompt, models["grok"], tally) == 54


def test_a_parameter_called_name_costs_one_more(tally: Tally) -> None:
    under_name = Tool(definition={"name": "f", "input_schema": {"name": "x"}})
    elsewhere = Tool(definition={"name": "f", "input_schema": {"title": "x"}})
    assert vscode.raw_tool(under_name, tally) == vscode.raw_tool(elsewhere, tally) + 1


def test_calls_are_weighed_together_and_rounded_down(tally: Tally) -> None:
    call = Call(id="call_1", name="ping", arguments="{}")
    assert vscode.calls((call,), tally) == 10  # 7 and a half
    assert vscode.calls((call, call), tally) == 21


def test_a_file_counts_by_its_bytes_or_as_the_note_in_its_place(tally: Tally, models: dict[str, Model]) -> None:
    note = Document(base64_chars=8_000, note="[document: report.pdf omitted]")
    plain = Document(base64_chars=8_000)
    empty = vscode.turn_tokens(Turn(role="user"), models["grok"], tally)
    assert vscode.turn_tokens(Turn(role="user", documents=(plain,)), models["grok"], tally) == empty + 750
    assert vscode.turn_tokens(Turn(role="user", documents=(note,)), models["grok"], tally) == empty + tally.text(note.note)


def test_a_schema_for_the_answer_is_read_by_the_model_too(tally: Tally, models: dict[str, Model]) -> None:
    schema = {"type": "object"}
    free = vscode.count(Prompt(), models["grok"], tally)
    assert vscode.count(Prompt(answer_schema=schema), models["grok"], tally) == free + tally.json(schema)
