"""What can go wrong: one small tree in which every error knows its status, its kind, what happened and what to do next.

Two levels: who must act (the client, a person, GitHub, the one who starts the program), and what happened. Each dialect's
`error`, the console and a notification draw the same object; nothing else in the program decides how a failure looks.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

Kind = Literal[
    "invalid_request",
    "content_filter",
    "context_overflow",
    "authentication",
    "billing",
    "permission",
    "not_found",
    "too_large",
    "rate_limit",
    "server",
    "overloaded",
    "timeout",
]


class CopilotApiError(Exception):
    """The root. `message` says what happened, `hint` what to do next; both are fit to be shown, neither holds a secret.

    `status` is an HTTP status, `kind` the dialect-neutral class of failure, `code` and `param` the machine-readable detail
    of OpenAI's error object (empty when there is none), `retry_after` the value of a `Retry-After` header, passed on as it
    came, `details` what a client's program reads beside the message. `should_retry` is False where the official SDKs would
    otherwise hammer in vain (a spent quota).
    """

    status: int = 500
    kind: Kind = "server"
    code: str = ""
    param: str = ""
    retry_after: str = ""
    should_retry: bool = True
    details: Mapping[str, object] | None = None
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def text(self) -> str:
        """Message and hint in one sentence or two, for places that have a single field."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ClientMistake(CopilotApiError):
    """The request cannot be served as it was sent. `repair` is the row of the repair table that says so, if one does, and
    `endpoint` where it was to go.
    """

    status = 400
    kind: Kind = "invalid_request"
    repair: str = ""
    endpoint: str = ""

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", param: str = "", details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code or self.code
        self.param = param or self.param
        self.details = details


class ModelUnknown(ClientMistake):
    """No model of that name in the catalog, or none that this request can use."""

    status = 404
    kind: Kind = "not_found"
    code = "model_not_found"
    param = "model"


class RouteUnknown(ClientMistake):
    """Nothing is served at that path."""

    status = 404
    kind: Kind = "not_found"
    code = "not_found"


class MethodUnknown(ClientMistake):
    """That path is served, but not with that method."""

    status = 405
    code = "method_not_allowed"


class UpgradeRefused(ClientMistake):
    """The path is served, but not over WebSockets."""

    status = 426
    code = "websockets_disabled"


class EncodingUnknown(ClientMistake):
    """The request body is compressed in a way that is not understood."""

    status = 415
    code = "unsupported_content_encoding"


class KeyRefused(ClientMistake):
    """The local API key is missing or wrong."""

    status = 401
    kind: Kind = "authentication"
    code = "invalid_api_key"
    should_retry = False


class DoorClosed(ClientMistake):
    """A foreign Host or Origin, or a feature that is switched off."""

    status = 403
    kind: Kind = "permission"
    code = "forbidden"
    should_retry = False


class NotApproved(ClientMistake):
    """The person at the terminal refused this request (`--manual`)."""

    status = 403
    kind: Kind = "permission"
    code = "request_rejected"
    should_retry = False


class BodyTooLarge(ClientMistake):
    """The request body is over the limit."""

    status = 413
    kind: Kind = "too_large"
    code = "request_too_large"


class BodyTooSlow(ClientMistake):
    """The request body did not come in time."""

    status = 408
    code = "request_timeout"


class SlowDown(ClientMistake):
    """The local rate limit (`--rate-limit`) is used up for now."""

    status = 429
    kind: Kind = "rate_limit"
    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after_s: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = str(retry_after_s)


class PersonNeeded(CopilotApiError):
    """Only the person whose subscription it is can mend this."""

    should_retry = False


NOBODY = "You are not signed in"
"""What is said where nobody has signed in, as opposed to a sign-in that is good no more."""


class NotSignedIn(PersonNeeded):
    """There is no usable GitHub token."""

    status = 401
    kind: Kind = "authentication"
    code = "not_signed_in"


class SignInFailed(PersonNeeded):
    """A sign-in was refused, cancelled or ran out of time."""

    status = 401
    kind: Kind = "authentication"
    code = "sign_in_failed"


class SubscriptionMissing(PersonNeeded):
    """GitHub knows the account but grants it no Copilot."""

    status = 403
    kind: Kind = "permission"
    code = "no_copilot_access"


class KeyringUnusable(PersonNeeded):
    """There is no safe place for the GitHub token, and none was allowed explicitly."""

    status = 500
    code = "keyring_unusable"


class FileUnsafe(PersonNeeded):
    """A file that must be the person's own is not, or cannot be used; what it holds is neither trusted nor told."""

    code = "file_unsafe"


class KeyNameUnusable(CopilotApiError):
    """No API key of that name can be made, or there is none."""


class SystemRefused(PersonNeeded):
    """The operating system did not do what was asked of it: its service manager, its registry, a file that it reads."""

    code = "system_refused"


class UpstreamProblem(CopilotApiError):
    """GitHub or Copilot did not do its part."""

    status = 502


class UpstreamRefused(UpstreamProblem):
    """Copilot answered with an error status: `status`, `code` and `retry_after` are its own."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        kind: Kind = "server",
        code: str = "",
        param: str = "",
        retry_after: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.retry_after = retry_after
        self.should_retry = kind not in {"billing", "authentication", "permission"}


class UpstreamUnreachable(UpstreamProblem):
    """No answer: DNS, connection, TLS or time-out before the first byte.

    With `retry_after_s` it was not even tried: for a while no connection has come about, and it is known when it is tried next.
    """

    code = "upstream_unreachable"

    def __init__(self, message: str, *, hint: str = "", retry_after_s: int = 0) -> None:
        super().__init__(message, hint=hint)
        if retry_after_s:
            self.status, self.code, self.retry_after = 503, "upstream_down", str(retry_after_s)


class UpstreamTimeout(UpstreamProblem):
    """The answer did not begin, or fell silent, within the time allowed."""

    status = 504
    kind: Kind = "timeout"
    code = "upstream_timeout"


class UpstreamBroke(UpstreamProblem):
    """The answer began and then ended or went wrong before it was complete."""

    code = "upstream_broke"


class Stopping(CopilotApiError):
    """The program is shutting down and cannot finish this request."""

    status = 503
    kind: Kind = "overloaded"
    code = "stopping"


class TooMuchAtOnce(CopilotApiError):
    """All that clients want at this moment does not fit into memory."""

    status = 503
    kind: Kind = "overloaded"
    code = "too_much_at_once"
    retry_after = "1"


class HttpsUnusable(CopilotApiError):
    """There is no certificate to serve https with, or none can be made or trusted here."""


class StartFailed(CopilotApiError):
    """The program could not start as asked: port in use, a start that would be unsafe."""


class DesktopMissing(PersonNeeded):
    """There is no desktop here that could show an icon."""

    code = "no_desktop"


class NotServing(CopilotApiError):
    """There is no running server that could be asked or told anything."""

    code = "not_serving"


class SettingsBroken(StartFailed):
    """A settings file, environment variable or flag holds something unusable; the message names where."""

    exit_code = 2
