"""Logging: to standard error, a request id on each line, secrets cut out. Sizes and ids are logged, words never."""

import logging
import re
import sys
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")

key_name: ContextVar[str] = ContextVar("key_name", default="")
"""Of the API key that a request came with; "" where none was asked for."""

# GitHub tokens and our own keys by their prefixes, Copilot tokens (`tid=…;exp=…`), whatever follows an Authorization scheme.
_SECRET = re.compile(
    r"\b(?:gh[oprsu]_|github_pat_|cap_)[A-Za-z0-9_]{8,}|\btid=[^\s\"']+"
    r"|(?<=\bBearer )[^\s\"']+|(?<=\btoken )[A-Za-z0-9_\-.=;:]{20,}"
)


def redact(text: str) -> str:
    """`text` with every token in it replaced by a mark."""
    return _SECRET.sub("[redacted]", text)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id.get()
        return redact(super().format(record))


def set_up(*, verbose: bool) -> None:
    """Sends the log to standard error. Only our own loggers speak below WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)-7s %(request_id)s %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("copilot_api").setLevel(logging.DEBUG if verbose else logging.INFO)
