"""What is said to Copilot, and how: headers, replays, time-outs. The only place where aiohttp's errors become ours."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.events import Ask
from copilot_api.errors import UpstreamBroke, UpstreamProblem, UpstreamTimeout
from copilot_api.settings import Settings
from copilot_api.upstream import refusals, replays
from copilot_api.upstream.auth import CopilotAuth, Token
from copilot_api.upstream.breaker import Attempt, Breaker
from copilot_api.upstream.clock import Clock, SystemClock
from copilot_api.upstream.identity import Identity
from copilot_api.upstream.network import unreachable, was_never_connected
from copilot_api.upstream.quota import Quota, parse_quotas
from copilot_api.upstream.reach import Reach
from copilot_api.upstream.replays import REPLAYS, Budget, Replay, Resendings

LARGE_BODY_BYTES = 1024 * 1024
"""From here on aiohttp wants a body as a file, which it sends in pieces instead of blocking the loop."""

ERROR_BODY_BYTES = 64 * 1024
ERROR_BODY_S = 10.0

BODY_LIMIT_BYTES = 64 * 1024 * 1024
"""A whole answer beyond this is a defect."""

PROBING_S = 15.0
"""The longest that nobody asks whether Copilot is back, once it was found to be gone and nobody sends anything."""

PING = "/_ping"

_log = logging.getLogger(__name__)

# With what a line of a stream of events begins.
_FIELDS = (b"data:", b"event:", b":", b"id:", b"retry:")


class Answer:
    """An answer that has begun: status and headers are there, the body comes as it is read. Whoever holds it closes it.

    `first` is what came of the body already; it may come for `within_s` seconds. `replays` names the repairs that it took.
    """

    def __init__(
        self, response: aiohttp.ClientResponse, first: bytes, *, within_s: float, replays: AbstractSet[str] = frozenset()
    ) -> None:
        self._response = response
        self._first = first
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + within_s
        self.replays = replays
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.is_stream = _is_stream(response.content_type, first)

    async def chunk(self) -> bytes:
        """Whatever has arrived, b"" at the end. May be cancelled and called again: nothing is lost.

        Raises UpstreamTimeout when Copilot falls silent or finds no end, UpstreamBroke when the connection does not hold.
        """
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._loop.time() > self._ends_at:
            raise UpstreamTimeout("Copilot's answer found no end", hint="answer_timeout_s sets how long one may take")
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise _broken(error) from error

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece as it arrives. Raises like `chunk`."""
        while piece := await self.chunk():
            yield piece

    async def read(self) -> bytes:
        """The whole body. Raises like `chunk`, and UpstreamBroke for one that is larger than any answer."""
        pieces: list[bytes] = []
        left = BODY_LIMIT_BYTES
        async for piece in self.chunks():
            left -= len(piece)
            if left < 0:
                raise UpstreamBroke(f"Copilot sent an answer of more than {BODY_LIMIT_BYTES // (1024 * 1024)} MiB")
            pieces.append(piece)
        return b"".join(pieces)

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
    """Sends requests to Copilot with a token that lives, and sends again what may be, for any of `replays`.

    `budget` bounds what is sent again over all requests; `breaker` says whether Copilot can be reached at all, and `reach` is
    told whether it could be. `quotas` is what Copilot last said about the plan, of which `quoted` is told each time.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        auth: CopilotAuth,
        identity: Identity,
        settings: Settings,
        *,
        clock: Clock | None = None,
        breaker: Breaker | None = None,
        replays: AbstractSet[Replay] = REPLAYS,
        quoted: Callable[[Mapping[str, Quota]], None] | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._breaker = breaker or Breaker("Copilot", self._clock)
        self.budget = Budget(self._clock)
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
        self._ping_timeout = aiohttp.ClientTimeout(total=settings.connect_timeout_s)
        # aiohttp watches for silence only once the whole request is written, which a peer that does not read never lets happen.
        self._begin_within_s = settings.connect_timeout_s + 2 * settings.idle_timeout_s
        self._answer_within_s = settings.answer_timeout_s
        self._base = ""
        self._forbidden: Token | None = None
        self.quotas: Mapping[str, Quota] = MappingProxyType({})

    def check(self) -> None:
        """Raises UpstreamUnreachable when it is known that nothing can be sent just now."""
        self._breaker.check()

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

    async def keep_reachable(self) -> None:
        """The body of a background task: while Copilot cannot be reached, finds out when it is back. Runs until cancelled."""
        while True:
            await self._clock.sleep(max(0.1, min(self._breaker.due_in_s, PROBING_S)))
            if self._base and self._breaker.due_in_s <= 0:
                try:
                    await self._probe(self._breaker.admit())
                except UpstreamProblem as problem:
                    _log.debug("still unreachable: %s", problem.message)

    async def _exchange(self, out: "_Outgoing") -> Answer:
        again = Resendings(self.budget, self._replays)
        while True:
            token = await self._auth.token()
            attempt = await self._admitted(token)
            try:
                response = await self._once(out, token, self._initiator(out.ask, is_uncertain=again.is_uncertain))
                attempt.reached()
                self._tell_of_reach(response.status)
                first = await self._first(response)
            except (aiohttp.ClientError, OSError) as error:
                problem = _unreachable(error)
                if was_never_connected(error):
                    attempt.missed(problem)
                else:
                    attempt.reached()
                pause_s = again.pause_s(replays.after_loss(error, is_replayable=out.is_replayable))
                if pause_s is None:
                    # A model that thinks for long is no outage.
                    if self._reach is not None and not isinstance(error, aiohttp.SocketTimeoutError):
                        self._reach.tell(problem)
                    raise problem from error
                _log.info("no answer from Copilot (%s), sending once more", type(error).__name__)
            else:
                if response.status < 300:
                    self.budget.answered()
                    return Answer(response, first, within_s=self._answer_within_s, replays=again.names)
                replay = self._replay(response, first, token, tried="token-renewed" in again.names)
                if replay == "token-renewed":
                    self._auth.discard(token)
                pause_s = again.pause_s(replay)
                if pause_s is None:
                    raise refusals.refused(response.status, response.headers, first)
                _log.info("Copilot answered %d, sending once more", response.status)
            finally:
                attempt.let_go()
            if pause_s:
                await self._clock.sleep(pause_s)

    async def _admitted(self, token: Token) -> Attempt:
        """Leave to send something with that token. Raises UpstreamUnreachable while there is no use in it."""
        if token.api != self._base:
            if self._base:
                self._breaker.reset()  # what was found out is about another host
            self._base = token.api
        attempt = self._breaker.admit()
        if not attempt.is_probe:
            return attempt
        try:
            await self._probe(attempt)
        except UpstreamProblem:
            self._breaker.check()  # which says since when, and when it is tried next
            raise
        return self._breaker.admit()

    async def _probe(self, attempt: Attempt) -> None:
        """Finds out whether Copilot is back. Anything that answers will do. Raises what keeps us from it."""
        try:
            async with self._http.get(self._base + PING, allow_redirects=False, timeout=self._ping_timeout) as response:
                attempt.reached()
                self._tell_of_reach(response.status)
        except (aiohttp.ClientError, OSError) as error:
            problem = unreachable(error, "Copilot")
            if was_never_connected(error) or isinstance(error, TimeoutError):
                attempt.missed(problem)
            attempt.reached()
            raise problem from error
        finally:
            attempt.let_go()

    async def _first(self, response: aiohttp.ClientResponse) -> bytes:
        """The first of an answer's body; all that is wanted of it where it is an error's.

        Until it is there the client has nothing, and a connection that breaks is one that broke before the answer.
        """
        self._note_quotas(response)
        if response.status >= 300:
            return await _error_body(response)
        try:
            return await response.content.readany()
        except BaseException:
            response.close()
            raise

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
        async with asyncio.timeout(self._begin_within_s):
            return await self._http.request(
                out.method,
                token.api + out.path,
                data=io.BytesIO(out.body) if out.body and len(out.body) > LARGE_BODY_BYTES else out.body,
                headers=headers,
                allow_redirects=False,
                timeout=self._timeout,
            )

    def _initiator(self, ask: Ask | None, *, is_uncertain: bool) -> str | None:
        """Who started this. A refused request was not counted, so its replay says what the original said."""
        if ask is None:
            return None
        return "agent" if is_uncertain and not self._always_user else ask.initiator

    def _replay(self, response: aiohttp.ClientResponse, body: bytes, token: Token, *, tried: bool) -> Replay | None:
        """Why the same request may be sent once more, if it may. `tried`: with another token."""
        if response.status == 401:
            return "token-renewed"
        if response.status == 403:
            # A first 403 may be a token gone stale. The same from a new token is a decision of GitHub's, which another token
            # would not change, and GitHub limits how often it hands them out.
            if tried:
                self._forbidden = token
            return None if token == self._forbidden else "token-renewed"
        return replays.after_status(response.status, response.headers, body)

    def _tell_of_reach(self, status: int) -> None:
        """Copilot answered; a model's own trouble tells nothing."""
        if self._reach is not None and status < 500:
            self._reach.tell(None)

    def _note_quotas(self, response: aiohttp.ClientResponse) -> None:
        if found := parse_quotas(response.headers):
            self.quotas = MappingProxyType({**self.quotas, **found})
            if self._quoted is not None:
                self._quoted(found)


async def _error_body(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of an error's body; what of it could be read, when reading fails or takes too long."""
    body = b""
    try:
        async with asyncio.timeout(ERROR_BODY_S):
            while len(body) < ERROR_BODY_BYTES and (piece := await response.content.readany()):
                body += piece
    except (aiohttp.ClientError, OSError):
        _log.debug("the body of an error answer was cut short")
    finally:
        response.close()
    return body


def _is_stream(content_type: str, first: bytes) -> bool:
    """Whether a body is a stream of events: by what it is, where its headers say something else."""
    begin = first.lstrip()
    if content_type == "text/event-stream":
        return not begin.startswith(b"{")
    return bool(begin) and any(begin.startswith(field) or field.startswith(begin) for field in _FIELDS)


def _unreachable(error: Exception) -> UpstreamProblem:
    """`error` before the first byte of an answer, as ours."""
    if isinstance(error, aiohttp.SocketTimeoutError) or type(error) is TimeoutError:
        return UpstreamTimeout("Copilot did not begin to answer in the time allowed", hint="idle_timeout_s sets that time")
    if isinstance(error, aiohttp.ClientPayloadError):
        return _broken(error)
    if isinstance(error, aiohttp.ClientResponseError) and not isinstance(error, aiohttp.ClientHttpProxyError):
        return UpstreamBroke("Copilot's answer is not HTTP as we know it", hint="something in between may be rewriting it")
    return unreachable(error, "Copilot")


def _broken(error: Exception) -> UpstreamProblem:
    """`error` in the middle of an answer, as ours."""
    if isinstance(error, aiohttp.SocketTimeoutError):
        return UpstreamTimeout("Copilot fell silent in the middle of its answer", hint="idle_timeout_s sets how long it may")
    if isinstance(error.__cause__, ContentEncodingError):
        return UpstreamBroke("Copilot's answer is not packed as it says", hint="something in between may be rewriting it")
    return UpstreamBroke("The connection to Copilot broke in the middle of its answer")
