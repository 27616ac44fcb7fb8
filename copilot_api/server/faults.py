"""Faults of our own: logged so that they can be found, told so that nobody waits, and never with a word of the request."""

import logging
import traceback

from copilot_api.errors import (
    ClientMistake,
    CopilotApiError,
    ModelUnknown,
    PersonNeeded,
    Stopping,
    UpstreamBroke,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from copilot_api.log import request_id

PLACES = 20
"""Lines of the way that led to a fault: the last ones, which are as good as all where it went in circles."""

# Whose messages are safe in a log: they are ours and hold no words of a request. Upstream's may quote the prompt.
_OUTSPOKEN = (PersonNeeded, ModelUnknown, Stopping, UpstreamBroke, UpstreamTimeout, UpstreamUnreachable)

_log = logging.getLogger(__name__)


def reason(problem: CopilotApiError) -> str:
    """Why a request failed, as it may stand in a log."""
    return problem.text if isinstance(problem, _OUTSPOKEN) else problem.code or problem.kind


def noted(error: Exception) -> CopilotApiError:
    """`error`, which nobody foresaw, as what the client is told. Its type and place are logged."""
    # The text of a foreign exception may quote the request.
    places = "".join(traceback.format_tb(error.__traceback__, limit=-PLACES))
    if isinstance(error, RecursionError):
        _log.info("a request is nested too deeply\n%s", places)
        return ClientMistake("The request is nested too deeply", code="invalid_json")
    _log.error("a fault of our own: %s\n%s", type(error).__name__, places)
    return CopilotApiError(
        "Something went wrong inside copilot-api", hint=f"please report it with what the log says of request {request_id.get()}"
    )


class _Terse(logging.Filter):
    """One line instead of a stack trace: aiohttp's quote the headers that they could not read."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info:
            kind = record.exc_info[0]
            record.msg, record.args = f"{record.getMessage()}: {kind.__name__ if kind else 'unknown'}", ()
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


HTTP_LOG = logging.getLogger("copilot_api.http")
"""For aiohttp's server, which logs what is no HTTP."""

HTTP_LOG.addFilter(_Terse())
