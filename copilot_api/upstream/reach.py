"""Whether GitHub and Copilot can be reached at all: one fact, told by everybody who asks them anything."""

from collections.abc import Callable

from copilot_api.errors import CopilotApiError, UpstreamRefused, UpstreamTimeout, UpstreamUnreachable


class Reach:
    """Owns that fact. `changed` is called when it becomes another."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.is_down = False

    def tell(self, problem: CopilotApiError | None) -> None:
        """How an attempt ended. Whatever is no outage was an answer, be it a refusal."""
        is_down = problem is not None and is_outage(problem)
        if is_down != self.is_down:
            self.is_down = is_down
            self._changed()


def is_outage(problem: CopilotApiError) -> bool:
    """Whether the fault is the network's or GitHub's, and waiting is all that can be done about it."""
    if isinstance(problem, UpstreamUnreachable | UpstreamTimeout):
        return True
    return isinstance(problem, UpstreamRefused) and problem.status >= 500
