"""Which of a client's `anthropic-beta` values go up: those that Copilot is known to take, less those it was found to refuse.

Source: copilot-upstream §6.2. One value that a backend does not know, and the whole request is refused.
"""

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from copilot_api.translate.learned import Lesson
from copilot_api.translate.repair import Fault, Faults, Fired, by_name

BETAS = by_name(
    (
        Fault(
            name="betas-limited",
            when="the client asks for a beta that Copilot does not take",
            does="does not pass it on",
            source="copilot-upstream §6.2",
        ),
        Fault(
            name="learned-betas-dropped",
            when="the client asks for a beta that the model was found to refuse",
            does="does not pass it on",
            source="users.md row 3",
        ),
    )
)


def taken(
    betas: tuple[str, ...], *, allowed: Collection[str], lessons: AbstractSet[Lesson], table: Faults = BETAS
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values to send, and the names of the repairs that fired."""
    fired = Fired(table)
    refused = {lesson.beta for lesson in lessons}
    kept = tuple(beta for beta in betas if beta in allowed or not fired.by("betas-limited"))
    kept = tuple(beta for beta in kept if beta not in refused or not fired.by("learned-betas-dropped"))
    return kept, tuple(sorted(fired.names))
