"""The rows of the table of faults: what goes wrong, what the client must get then, and how often it is sent again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from copilot_api.sandbox import Script

TEXT = "Cold and bright."
LONG = "x" * (8 * 1024 * 1024)
HTML = "<html><head><title>Sign in to the Wi-Fi</title></head><body>Welcome</body></html>"
ALWAYS = 9


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fault. `plan` has it happen to requests with `when` in them; `resent` is how often such a request may go out again.

    `is_loss`: a connection was lost after sending, which is not replayed for WebSockets, where the client does that.
    `statuses` are those that an error may have in OpenAI's dialect while nothing was sent, `within_s` is the time in which all
    must be over. The prompt has `size` characters, the answer is to be `says`.
    """

    name: str
    gets: Literal["answer", "error"]
    plan: Callable[[Script, str], None] = lambda *_: None
    resent: tuple[int, ...] = (0,)
    statuses: tuple[int, ...] = (502,)
    retry_after: str = ""
    is_loss: bool = False
    within_s: float = 5.0
    says: str = TEXT
    size: int = 0


def _fault(kind: str, *, times: int = 1, **fields: object) -> Callable[[Script, str], None]:
    def plan(script: Script, when: str) -> None:
        script.fault(kind, when=when, times=times, **fields)  # type: ignore[arg-type] # kinds and fields stand in the table

    return plan


def _status(status: int, *, body: str = "no", times: int = ALWAYS, **headers: str) -> Callable[[Script, str], None]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _fault("status", status=status, body=body, times=times, headers={"content-type": "text/plain", **named})


ROWS: tuple[Row, ...] = (
    Row(name="no fault", gets="answer"),
    Row(name="reset before the headers", plan=_fault("reset"), gets="answer", resent=(1,), is_loss=True),
    Row(name="reset before the headers, always", plan=_fault("reset", times=ALWAYS), gets="error", resent=(1,), is_loss=True),
    Row(name="reset after the headers", plan=_fault("headers"), gets="answer", resent=(1,), is_loss=True),
    Row(name="reset in the middle", plan=_fault("cut", after=4), gets="error"),
    Row(name="silence before the headers", plan=_fault("stall"), gets="error", statuses=(504,)),
    Row(name="silence in the middle", plan=_fault("stall_mid", after=4), gets="error", statuses=(504,)),
    Row(name="a slow drip", plan=_fault("drip", seconds=2.0), gets="answer", within_s=10.0),
    Row(name="end without a finish", plan=_fault("eof"), gets="error"),
    Row(name="an event that is not JSON", plan=_fault("bad_json", after=3), gets="error"),
    Row(name="each byte by itself", plan=_fault("split"), gets="answer", within_s=20.0),
    Row(name="CRLF", plan=_fault("crlf"), gets="answer"),
    Row(name="bytes that are no UTF-8", plan=_fault("bad_utf8", after=3), gets="error"),
    Row(name="gzip lies", plan=_fault("gzip_lies"), gets="error"),
    Row(name="wrong content type", plan=_fault("wrong_type"), gets="answer"),
    Row(name="a web page with 200", plan=_status(200, body=HTML, content_type="text/html"), gets="error"),
    Row(name="a web page with 502", plan=_fault("html", times=ALWAYS), gets="error", resent=(1,)),
    # Asked for a whole answer, Copilot says so with 500.
    Row(
        name="an error event",
        plan=_fault("error_event", after=4, times=ALWAYS),
        gets="error",
        resent=(0, 1),
        statuses=(500, 502, 503),
    ),
    Row(name="400, empty", plan=_status(400, body=""), gets="error", resent=(1,), statuses=(400,)),
    Row(name="401 once", plan=_fault("unauthorized"), gets="answer", resent=(1,)),
    Row(name="401 for ever", plan=_fault("unauthorized", times=ALWAYS), gets="error", resent=(1,), statuses=(401,)),
    Row(name="402", plan=_fault("quota", times=ALWAYS), gets="error", statuses=(429,)),
    Row(name="403, a stale token", plan=_fault("forbidden"), gets="answer", resent=(1,)),
    # A token that was refused like that once is not renewed for every request that comes after.
    Row(name="403, policy", plan=_fault("forbidden", times=ALWAYS), gets="error", resent=(0, 1), statuses=(403,)),
    Row(name="408 once", plan=_status(408, times=1), gets="answer", resent=(1,)),
    Row(name="408 for ever", plan=_status(408), gets="error", resent=(1,), statuses=(504,)),
    Row(name="413", plan=_status(413), gets="error", statuses=(413,)),
    Row(name="422", plan=_status(422), gets="error", statuses=(400,)),
    Row(name="429", plan=_status(429), gets="error", statuses=(429,)),
    Row(name="429, retry-after", plan=_status(429, retry_after="7"), gets="error", statuses=(429,), retry_after="7"),
    Row(name="466", plan=_status(466), gets="error", statuses=(400,)),
    Row(name="500 once", plan=_status(500, times=1), gets="answer", resent=(1,)),
    Row(name="500 for ever", plan=_status(500), gets="error", resent=(1,), statuses=(500,)),
    Row(name="500, retry-after", plan=_status(500, retry_after="8"), gets="error", statuses=(500,), retry_after="8"),
    Row(name="502", plan=_status(502), gets="error", resent=(1,)),
    Row(name="503", plan=_status(503), gets="error", statuses=(503,)),
    Row(name="503, retry-after", plan=_status(503, retry_after="9"), gets="error", statuses=(503,), retry_after="9"),
    Row(name="504", plan=_status(504), gets="error", resent=(1,), statuses=(504,)),
    Row(name="529", plan=_status(529), gets="error", statuses=(503,)),
)
ENDLESS = Row(name="a drip without end", plan=_fault("drip", seconds=60.0), gets="error", statuses=(504,), within_s=10.0)
LARGE = Row(name="a line of 8 MiB", gets="answer", within_s=40.0, says=LONG)

# What happens before any HTTP, to all requests alike (`tests.builders.front`).
REFUSED = Row(name="connection refused", gets="error")
LOOKED_UP_IN_VAIN = Row(name="DNS gone", gets="error")
UNREAD = Row(name="silence while we send", gets="error", statuses=(504,), within_s=15.0, size=8 * 1024 * 1024)
FOREIGN = Row(name="TLS: a certificate of somebody else", gets="error")
CUT = Row(name="TLS: cut in the handshake", gets="error")
OUTAGE = Row(name="Copilot gone for long", gets="error", statuses=(503,), within_s=1.0)
GATEWAY = Row(name="GitHub 502, the token old", gets="error", resent=(0,))
GITHUB_GONE = Row(name="GitHub gone, the token old", gets="error", resent=(0,))
