"""Faults of our own: logged so that they can be found, told so that nobody waits, and never with a word of the request."""

import logging
import traceback

from copilot_api.errors import CopilotApiError
from copilot_api.log import request_id

_log = logging.getLogger(__name__)


def noted(error: Exception) -> CopilotApiError:
    """`error`, which nobody foresaw, as what the client is told. Its type and place are logged."""
    # The text of a foreign exception may quote the request.
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("a fault of our own: %s\n%s", type(error).__name__, places)
    return CopilotApiError(
        "Something went wrong inside copilot-api", hint=f"please report it with what the log says of request {request_id.get()}"
    )
