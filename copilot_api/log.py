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


# What could begin a line of its own, move the cursor, rename the window, or turn the direction of writing.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """`text` so that it cannot be taken for more than it is: control characters are named, and its further lines stand back."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text).replace("\n", "\n    ")


def redact(text: str) -> str:
    """`text` with every token in it replaced by a mark."""
    return _SECRET.sub("[redacted]", text)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id.get()
        return one_line(redact(super().format(record)))


def set_up(*, verbose: bool) -> None:
    """Sends the log to standard error. Only our own loggers speak below WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)-7s %(request_id)s %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("copilot_api").setLevel(logging.DEBUG if verbose else logging.INFO)
