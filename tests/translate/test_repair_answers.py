"""The tables of answers: what stands in them can fire, and nothing else."""

import ast
from pathlib import Path

import pytest

from copilot_api.translate import repair_answers
from copilot_api.translate.repair import Faults, Fired
from copilot_api.translate.repair_answers import CHAT_ANSWERS, MESSAGES_ANSWERS, RESPONSES_ANSWERS

ROOM = Path(repair_answers.__file__).parent


def asked_for(module: str) -> set[str]:
    """Every name that a module asks the table for."""
    tree = ast.parse((ROOM / f"{module}.py").read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    asking = [call.args[0] for call in calls if ast.unparse(call.func) in {"self._fired.by", "self._taken"}]
    return {argument.value for argument in asking if isinstance(argument, ast.Constant) and isinstance(argument.value, str)}


WATCHES = [
    (("watch_chat",), CHAT_ANSWERS),
    (("watch_messages",), MESSAGES_ANSWERS),
    (("watch_responses", "watch_responses_items"), RESPONSES_ANSWERS),
]


@pytest.mark.parametrize(("modules", "table"), WATCHES)
def test_a_watch_asks_for_the_rows_of_its_table_and_for_no_others(modules: tuple[str, ...], table: Faults) -> None:
    assert {name for module in modules for name in asked_for(module)} == set(table)


def test_what_is_not_in_the_table_cannot_fire() -> None:
    fired = Fired(MESSAGES_ANSWERS)
    assert fired.by("stop-added") is True
    assert fired.by("role-once") is False
    assert fired.by("made-up") is False
    assert fired.names == {"stop-added"}
