"""Which beta values go up."""

from copilot_api.translate.betas import taken
from copilot_api.translate.learned import Lesson

CONTEXT, TOOLS = "context-management-2025-06-27", "advanced-tool-use-2025-11-20"


def test_what_copilot_takes_goes_up_in_the_clients_order() -> None:
    assert taken((TOOLS, CONTEXT), allowed={CONTEXT, TOOLS}, lessons=frozenset()) == ((TOOLS, CONTEXT), ())


def test_what_it_does_not_take_stays_here_and_is_told() -> None:
    lessons = frozenset({Lesson(beta=TOOLS), Lesson(path=("verbosity",))})
    assert taken(("claude-code-20250219", TOOLS, CONTEXT), allowed={CONTEXT, TOOLS}, lessons=lessons) == (
        (CONTEXT,),
        ("betas-limited", "learned-betas-dropped"),
    )
