"""A client that introduces itself as Copilot wants it."""

import io
from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.sse import SseDecoder
from copilot_api.sandbox import Sandbox

IDENTITY = {
    "Editor-Version": "vscode/1.121.0",
    "Editor-Plugin-Version": "copilot-chat/0.48.1",
    "Copilot-Integration-Id": "vscode-chat",
    "User-Agent": "GitHubCopilotChat/0.48.1",
    "OpenAI-Intent": "conversation-agent",
    "X-Initiator": "user",
}


class Got:
    """An answer as it arrived."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def frames(self) -> list[tuple[str, bytes]]:
        """Event name and data of each frame."""
        decoder = SseDecoder()
        return [(s.event, s.data) for s in [*decoder.feed(self.body), *decoder.close()]]

    @property
    def events(self) -> list[Json]:
        """The JSON of each frame but `[DONE]`."""
        return [loads(data) for _, data in self.frames if data != b"[DONE]"]

    @property
    def message(self) -> str:
        """The message of an error body, whatever its shape."""
        body = self.json
        error = body.get("error", body)
        return str(error["message"])


class Client:
    """Speaks to the sandbox with a fresh Copilot token."""

    def __init__(self, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self.http = http
        self.sandbox = sandbox
        self.token = ""

    async def github(self, path: str, *, grant: str | None = None, method: str = "GET", **headers: str) -> Got:
        grant = self.sandbox.grant if grant is None else grant
        sent = {"Authorization": f"token {grant}", "User-Agent": "test"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return await self._fetch(method, self.sandbox.github_api_url + path, {k: v for k, v in sent.items() if v})

    async def login(self, path: str, form: dict[str, str], **headers: str) -> Got:
        sent = {"Accept": "application/json"} | headers
        return await self._fetch("POST", self.sandbox.github_url + path, sent, data=form)

    async def exchange(self) -> str:
        got = await self.github("/copilot_internal/v2/token")
        assert got.status == 200, got.text
        self.token = got.json["token"]
        return self.token

    async def post(self, path: str, body: Json | bytes, headers: dict[str, str] | None = None) -> Got:
        sent = await self.headers() | {"Content-Type": "application/json"} | (headers or {})
        data = io.BytesIO(body if isinstance(body, bytes) else dumps(body))  # aiohttp warns of large bytes
        return await self._fetch("POST", self.sandbox.copilot_url + path, {k: v for k, v in sent.items() if v}, data=data)

    async def get(self, path: str, headers: dict[str, str] | None = None) -> Got:
        sent = await self.headers() | (headers or {})
        return await self._fetch("GET", self.sandbox.copilot_url + path, {k: v for k, v in sent.items() if v})

    async def headers(self) -> dict[str, str]:
        token = self.token or await self.exchange()
        return IDENTITY | {"Authorization": f"Bearer {token}"}

    async def chat(self, text: str = "Hello", *, model: str = "gpt-4.1", **fields: Any) -> Got:
        body = {"model": model, "messages": [{"role": "user", "content": text}]} | fields
        return await self.post("/chat/completions", body)

    async def messages(self, text: str = "Hello", *, model: str = "claude-haiku-4.5", betas: str = "", **fields: Any) -> Got:
        body = {"model": model, "max_tokens": 1000, "messages": [{"role": "user", "content": text}]} | fields
        return await self.post("/v1/messages", body, {"anthropic-beta": betas})

    async def responses(self, given: Any = "Hello", *, model: str = "gpt-5-mini", sees: bool = False, **fields: Any) -> Got:
        vision = {"Copilot-Vision-Request": "true"} if sees else {}
        return await self.post("/responses", {"model": model, "input": given} | fields, vision)

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        return await self.http.ws_connect(self.sandbox.copilot_url + "/responses", headers=await self.headers())

    async def _fetch(self, method: str, url: str, headers: dict[str, str], **more: Any) -> Got:
        skip = {"User-Agent", "Content-Type"} - set(headers)
        async with self.http.request(method, url, headers=headers, skip_auto_headers=skip, **more) as response:
            return Got(response.status, response.headers, await response.read())


@pytest.fixture
def client(http: aiohttp.ClientSession, sandbox: Sandbox) -> Client:
    return Client(http, sandbox)
