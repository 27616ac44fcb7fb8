"""What is said to Copilot, and how: headers, replays, time-outs. The only place where aiohttp's errors become ours."""

import io
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import aiohttp

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.events import Ask
from copilot_api.errors import UpstreamBroke, UpstreamProblem, UpstreamTimeout
from copilot_api.settings import Settings
from copilot_api.upstream import refusals
from copilot_api.upstream.auth import CopilotAuth, Token
from copilot_api.upstream.identity import Identity
from copilot_api.upstream.network import unreachable
from copilot_api.upstream.quota import Quota, parse_quotas
from copilot_api.upstream.reach import Reach

LARGE_BODY_BYTES = 1024 * 1024
"""From here on aiohttp wants a body as a file, which it sends in pieces instead of blocking the loop."""

ERROR_BODY_BYTES = 64 * 1024

_log = logging.getLogger(__name__)

_Replay = Literal["token-renewed", "connection-replayed", "hiccup-replayed"]

REPLAYS: frozenset[_Replay] = frozenset({"token-renewed", "connection-replayed", "hiccup-replayed"})
"""Why the same request may go out once more, as the table of repairs (`translate.repairs`) names it."""


class Answer:
    """An answer that has begun: status and headers are there, the body comes as it is read. Whoever holds it closes it.

    `replays` names the repairs that it took to get it.
    """

    def __init__(self, response: aiohttp.ClientResponse, replays: AbstractSet[str] = frozenset()) -> None:
        self._response = response
        self.replays = replays
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.is_stream = response.content_type == "text/event-stream"

    async def chunk(self) -> bytes:
        """Whatever has arrived, b"" at the end. May be cancelled and called again: nothing is lost.

        Raises UpstreamTimeout when Copilot falls silent for too long, UpstreamBroke when the connection does not hold.
        """
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise _broken(error) from error

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece as it arrives. Raises like `chunk`."""
        while piece := await self.chunk():
            yield piece

    async def read(self) -> bytes:
        """The whole body. Raises like `chunk`."""
        return b"".join([piece async for piece in self.chunks()])

    def close(self) -> None:
        """Hangs up, unless the answer was read to its end. Copilot then stops working on it."""
        self._response.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outgoing:
    method: str
    path: str
    request_id: str
    intent: str
    body: bytes | None = None
    ask: Ask | None = None
    betas: tuple[str, ...] = ()
    is_replayable: bool = True


class CopilotClient:
    """Sends requests to Copilot with a token that lives, and replays once what may be replayed, for any of `replays`.

    `quotas` is what Copilot last said about the plan, of which `quoted` is told each time; `reach` is told whether it could be
    reached.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        auth: CopilotAuth,
        identity: Identity,
        settings: Settings,
        *,
        replays: AbstractSet[_Replay] = REPLAYS,
        quoted: Callable[[Mapping[str, Quota]], None] | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._replays = replays
        self._quoted = quoted
        self._reach = reach
        self._http = http
        self._auth = auth
        self._identity = identity
        self._always_user = settings.always_user
        self._timeout = aiohttp.ClientTimeout(
            total=None,
            connect=settings.connect_timeout_s,
            sock_connect=settings.connect_timeout_s,
            sock_read=settings.idle_timeout_s,
        )
        self._forbidden: Token | None = None
        self.quotas: Mapping[str, Quota] = MappingProxyType({})

    async def send(
        self,
        path: str,
        body: bytes,
        *,
        request_id: str,
        ask: Ask | None = None,
        intent: str = "conversation-agent",
        betas: tuple[str, ...] = (),
        is_replayable: bool = True,
    ) -> Answer:
        """POSTs JSON to `path`. `ask` says who started this, and is absent where nobody is billed (counting, embeddings).

        What is not `is_replayable` is not sent again after a lost connection, when nobody knows whether it arrived.

        Raises UpstreamRefused, UpstreamUnreachable, UpstreamTimeout, and whatever getting a token raises.
        """
        return await self._exchange(
            _Outgoing(
                method="POST",
                path=path,
                body=body,
                request_id=request_id,
                ask=ask,
                intent=intent,
                betas=betas,
                is_replayable=is_replayable,
            )
        )

    async def get(self, path: str, *, request_id: str, intent: str = "model-access") -> Json:
        """GETs a JSON object. Raises like `send`, and UpstreamBroke for an answer that is no JSON object."""
        answer = await self._exchange(_Outgoing(method="GET", path=path, request_id=request_id, intent=intent))
        try:
            value = loads(await answer.read())
        except ValueError as error:
            raise UpstreamBroke(f"Copilot's answer to {path} is not JSON") from error
        finally:
            answer.close()
        if not isinstance(value, dict):
            raise UpstreamBroke(f"Copilot's answer to {path} is not a JSON object")
        return value

    async def _exchange(self, out: "_Outgoing") -> Answer:
        done: set[_Replay] = set()
        while True:
            token = await self._auth.token()
            try:
                response = await self._once(out, token, self._initiator(out.ask, after_loss="connection-replayed" in done))
            except (aiohttp.ClientError, OSError) as error:
                may_go_again = "connection-replayed" in self._replays - done
                if not (out.is_replayable and _was_cut(error) and may_go_again):
                    problem = _unreachable(error)
                    # A model that thinks for long is no outage.
                    if self._reach is not None and not isinstance(error, aiohttp.SocketTimeoutError):
                        self._reach.tell(problem)
                    raise problem from error
                done.add("connection-replayed")
                _log.info("connection to Copilot lost before it answered, sending once more")
                continue
            self._note_quotas(response)
            if self._reach is not None and response.status < 500:  # a model's own trouble tells nothing
                self._reach.tell(None)
            if response.status < 300:
                return Answer(response, done)
            body = await _error_body(response)
            replay = self._replay(response.status, body, token, tried="token-renewed" in done)
            if replay == "token-renewed":
                self._auth.discard(token)
            if replay is None or replay not in self._replays - done:
                raise refusals.refused(response.status, response.headers, body)
            done.add(replay)
            _log.info("Copilot answered %d, sending once more", response.status)

    async def _once(self, out: "_Outgoing", token: Token, initiator: str | None) -> aiohttp.ClientResponse:
        headers = self._identity.copilot_headers(
            token.value,
            request_id=out.request_id,
            intent=out.intent,
            initiator=initiator,
            interaction_id=out.ask.interaction if out.ask else "",
            interaction_type=out.ask.purpose if out.ask else "",
            vision=out.ask.has_images if out.ask else False,
            betas=out.betas,
        )
        if out.body is not None:
            headers["Content-Type"] = "application/json"
        return await self._http.request(
            out.method,
            token.api + out.path,
            data=io.BytesIO(out.body) if out.body and len(out.body) > LARGE_BODY_BYTES else out.body,
            headers=headers,
            allow_redirects=False,
            timeout=self._timeout,
        )

    def _initiator(self, ask: Ask | None, *, after_loss: bool) -> str | None:
        """Who started this. A refused request was not counted, so its replay says what the original said; after a lost
        connection nobody knows, and the official client then says "agent" (premium-requests.md §3).
        """
        if ask is None:
            return None
        return "agent" if after_loss and not self._always_user else ask.initiator

    def _replay(self, status: int, body: bytes, token: Token, *, tried: bool) -> _Replay | None:
        """Why the same request may be sent once more, if it may. Never after 402 and 429. `tried`: with another token."""
        if status == 401:
            return "token-renewed"
        if status == 403:
            # A first 403 may be a token gone stale. The same from a new token is a decision of GitHub's, which another token
            # would not change, and GitHub limits how often it hands them out.
            if tried:
                self._forbidden = token
            return None if token == self._forbidden else "token-renewed"
        return "hiccup-replayed" if refusals.is_hiccup(status, body) else None

    def _note_quotas(self, response: aiohttp.ClientResponse) -> None:
        if found := parse_quotas(response.headers):
            self.quotas = MappingProxyType({**self.quotas, **found})
            if self._quoted is not None:
                self._quoted(found)


async def _error_body(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of an error's body; what of it could be read, when reading fails."""
    body = b""
    try:
        while len(body) < ERROR_BODY_BYTES and (piece := await response.content.readany()):
            body += piece
    except (aiohttp.ClientError, OSError):
        _log.debug("the body of an error answer was cut short")
    finally:
        response.close()
    return body


def _was_cut(error: Exception) -> bool:
    """Whether a connection that stood was lost, as opposed to one that never came about or an answer that never came."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ServerTimeoutError):
        return False
    return isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError | aiohttp.ClientOSError)


def _unreachable(error: Exception) -> UpstreamProblem:
    """`error` before the first byte of an answer, as ours."""
    if isinstance(error, aiohttp.SocketTimeoutError):
        return UpstreamTimeout("Copilot did not begin to answer in the time allowed", hint="idle_timeout_s sets that time")
    if isinstance(error, aiohttp.ClientResponseError) and not isinstance(error, aiohttp.ClientHttpProxyError):
        return UpstreamBroke("Copilot's answer is not HTTP as we know it", hint="something in between may be rewriting it")
    return unreachable(error, "Copilot")


def _broken(error: Exception) -> UpstreamProblem:
    """`error` in the middle of an answer, as ours."""
    if isinstance(error, aiohttp.SocketTimeoutError):
        return UpstreamTimeout("Copilot fell silent in the middle of its answer", hint="idle_timeout_s sets how long it may")
    return UpstreamBroke("The connection to Copilot broke in the middle of its answer")
