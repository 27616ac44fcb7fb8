"""`copilot-api stop`: ends a server from another terminal, as politely as Ctrl-C in its own."""

from typing import TYPE_CHECKING, Annotated

import typer

from copilot_api import console
from copilot_api.cli.options import run_to_end
from copilot_api.cli.status import Port, none, running
from copilot_api.errors import StartFailed

if TYPE_CHECKING:
    from copilot_api.remote import Remote
    from copilot_api.server.status import Status


def stop(
    *,
    port: Port = None,
    now: Annotated[bool, typer.Option("--now", help="End open requests at once, also of a server that is stopping")] = False,
) -> None:
    """Stop the server that runs: it lets nobody else in, lets open requests finish, and ends."""
    run_to_end(_stop(port, now=now))


async def _stop(port: int | None, *, now: bool) -> None:
    found = await running(port)
    if not found:
        raise await none(port)
    server = _one(found)
    console.say(f"stopping the server on port {server.run.port} (process {server.run.pid})")
    progress = console.Progress()
    end = server.subscribe(lambda status: _show(progress, status))
    try:
        await (server.hurry() if now else server.stop())
    finally:
        end()
        progress.end()
    console.say("stopped")


def _show(progress: console.Progress, status: "Status") -> None:
    if status.active:
        what = f"waiting for {status.active} open request{'' if status.active == 1 else 's'}"
        progress.show(what, "copilot-api stop --now ends them")


def _one(found: "list[Remote]") -> "Remote":
    """The server that is meant. Raises StartFailed where it might be any of several."""
    if len(found) > 1:
        ports = ", ".join(str(remote.run.port) for remote in found)
        raise StartFailed(f"several servers run, on ports {ports}", hint=f"pass --port {found[0].run.port}, or another")
    return found[0]
