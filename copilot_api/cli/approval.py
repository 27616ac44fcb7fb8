"""`--manual`: the person at the terminal decides on each model request."""

import asyncio

import typer

from copilot_api import console
from copilot_api.cli.terminal import Terminal
from copilot_api.server.limits import Summary


class TerminalApprover:
    """Asks on `terminal`, one request at a time: two questions never stand there together."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    async def approve(self, summary: Summary) -> bool:
        """Whether the person accepts the request; not without a person."""
        started_by = "you" if summary.initiator == "user" else "the client itself"
        console.say(
            f"{summary.client or 'a client'} asks {summary.model}: {_size(summary.size_bytes)}, started by {started_by}"
        )
        try:
            return await self._terminal.confirm("accept incoming request?", default=True)
        except typer.Abort:
            console.warn("nobody is at the terminal any more, so the request is refused")
            return False
        except asyncio.CancelledError:
            console.say()
            console.say("that request needs no answer any more")
            raise


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1024:.0f} KiB" if size_bytes >= 1024 else f"{size_bytes} bytes"
