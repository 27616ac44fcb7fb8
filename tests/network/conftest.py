"""What the tests of real networks share: the sandbox far away, behind TLS, and the program that is to reach it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.program import Program
from tests.builders.tls import Authority, secured

HOST = "copilot.test"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A company's."""
    folder = tmp_path / "authority"
    folder.mkdir()
    return Authority(folder)


class Far:
    """Leads programs to the sandbox, which is behind TLS at some host."""

    def __init__(self, sandbox: Sandbox, authority: Authority, stack: AsyncExitStack) -> None:
        self._sandbox = sandbox
        self._authority = authority
        self._stack = stack

    async def lead(self, program: Program, host: str = HOST, *, at: str = "127.0.0.1") -> Program:
        """The program is signed in, trusts the company, and is to reach the sandbox as `host`, which listens `at`."""
        context: ssl.SSLContext = await asyncio.to_thread(self._authority.context, host)
        front = await self._stack.enter_async_context(secured(self._sandbox, context, at))
        program.environ |= {f"COPILOT_API_{name.upper()}": url for name, url in front.urls(host).items()}
        program.environ |= {"GH_TOKEN": self._sandbox.grant, "COPILOT_API_CA_FILE": str(self._authority.root)}
        return program


@pytest.fixture
async def far(sandbox: Sandbox, authority: Authority) -> AsyncIterator[Far]:
    async with AsyncExitStack() as stack:
        yield Far(sandbox, authority, stack)
