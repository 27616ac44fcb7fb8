"""What GitHub says of accounts with each kind of plan."""

from typing import Any

import aiohttp

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox


async def account_with(kind: Any) -> Json:
    """The body of `GET /copilot_internal/user` for the plan that the sandbox calls `kind`."""
    async with Sandbox(plan=kind) as sandbox, aiohttp.ClientSession() as http:
        headers = {"Authorization": f"token {sandbox.grant}"}
        async with http.get(f"{sandbox.github_api_url}/copilot_internal/user", headers=headers) as response:
            body: Json = await response.json()
            return body
