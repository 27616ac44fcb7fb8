"""What is served where: every path that clients and typing people come up with."""

from typing import Any

import aiohttp
import pytest

from tests.builders.serving import Serving

CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hei"}]}
MESSAGES = {"model": "claude-sonnet-4.6", "max_tokens": 50, "messages": [{"role": "user", "content": "Hei"}]}
GEMINI = {"contents": [{"parts": [{"text": "Hei"}]}]}
RESPONSES = {"model": "gpt-5-mini", "input": "Hei"}
EMBEDDINGS = {"model": "text-embedding-3-small", "input": "Hei", "dimensions": 4}


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("/chat/completions", CHAT, "choices"),
        ("/v1/chat/completions", CHAT, "choices"),
        ("/v1/v1/chat/completions", CHAT, "choices"),
        ("/v1/chat/completions/", CHAT, "choices"),
        ("/messages", MESSAGES, "content"),
        ("/v1/messages", MESSAGES, "content"),
        ("/v1/messages?beta=true", MESSAGES, "content"),
        ("/v1/v1/messages", MESSAGES, "content"),
        ("/anthropic/v1/messages", MESSAGES, "content"),
        ("/v1/messages/", MESSAGES, "content"),
        ("/messages/count_tokens", MESSAGES, "input_tokens"),
        ("/v1/messages/count_tokens?beta=true", MESSAGES, "input_tokens"),
        ("/v1/v1/messages/count_tokens", MESSAGES, "input_tokens"),
        ("/anthropic/v1/messages/count_tokens", MESSAGES, "input_tokens"),
        ("/responses", RESPONSES, "output"),
        ("/v1/responses", RESPONSES, "output"),
        ("/v1/responses/", RESPONSES, "output"),
        ("/v1/v1/responses", RESPONSES, "output"),
        ("/responses/compact", RESPONSES, "output"),
        ("/v1/responses/compact", RESPONSES, "output"),
        ("/responses/input_tokens", RESPONSES, "input_tokens"),
        ("/v1/responses/input_tokens/", RESPONSES, "input_tokens"),
        ("/embeddings", EMBEDDINGS, "data"),
        ("/v1/embeddings", EMBEDDINGS, "data"),
        ("/v1beta/models/gpt-4.1:generateContent", GEMINI, "candidates"),
        ("/v1alpha/models/gpt-4.1:generateContent/", GEMINI, "candidates"),
        ("/v1beta/v1beta/models/gpt-4.1:generateContent", GEMINI, "candidates"),
        ("/v1/v1beta/models/models/gpt-4.1:generateContent", GEMINI, "candidates"),
        ("/v1/models/gpt-4.1:generateContent", GEMINI, "candidates"),
        ("/models/gpt-4.1:countTokens", GEMINI, "totalTokens"),
        ("/v1beta/models/gpt-4.1:countTokens", GEMINI, "totalTokens"),
    ],
)
async def test_each_spelling_of_a_path_is_served(
    server: Serving, http: aiohttp.ClientSession, path: str, body: dict[str, Any], key: str
) -> None:
    async with http.post(server.url + path, json=body) as response:
        assert response.status == 200
        assert key in await response.json()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/usage",
        "/models",
        "/v1/models",
        "/v1/models/gpt-4.1",
        "/models/gpt-4.1",
        "/api/hello",
        "/v1beta/models",
        "/v1beta/models/gpt-4.1",
        "/v1alpha/models/",
    ],
)
async def test_the_pages_are_served(server: Serving, http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(server.url + path) as response:
        assert response.status == 200
