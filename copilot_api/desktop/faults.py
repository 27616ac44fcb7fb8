"""Faults of our own, in the tray: it goes on, says so, and logs where it was, without a word that an exception may quote."""

import logging
import traceback

from copilot_api.errors import CopilotApiError

_log = logging.getLogger(__name__)


def noted(error: Exception, doing: str) -> CopilotApiError:
    """`error`, which nobody foresaw while `doing` something, as what the person is told. Its type and place are logged."""
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("a fault of our own while %s: %s\n%s", doing, type(error).__name__, places)
    return CopilotApiError(
        f"Something went wrong inside copilot-api while {doing}", hint="please report it with what its log says"
    )
