"""`copilot-api status`: who serves here, for whom, and what was used."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot_api import console, settings
from copilot_api.cli.options import run_to_end

if TYPE_CHECKING:
    from copilot_api.errors import NotServing
    from copilot_api.remote import Remote
    from copilot_api.server.status import Status

Port = Annotated[int | None, typer.Option("--port", "-p", help="The server on that port [default: any]", show_default=False)]


def status(*, port: Port = None, as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False) -> None:
    """Show the servers that run, for whom, what is left of the plan, and what was used today."""
    found = run_to_end(running(port))
    if as_json:
        console.data_json({"servers": [facts(remote.status) for remote in found]})
    else:
        for remote in found:
            for line in lines(remote.status):
                console.data(line)
    if not found:
        raise typer.Exit(console.fail(run_to_end(none(port))))


async def running(port: int | None) -> "list[Remote]":
    """The servers of the person that run."""
    from copilot_api.remote import find

    return await find(settings.run_folders(), port=port)


async def none(port: int | None) -> "NotServing":
    """What is said where no server is found."""
    from copilot_api.remote import missing

    return await missing(settings.run_folders(), port=port)


def facts(status: "Status") -> dict[str, Any]:
    """One server for `--json`; times in ISO 8601, None where something is not known or not counted."""
    balance, today = status.balance, status.today
    return {
        "url": status.url,
        "phase": status.phase.value,
        "since": datetime.fromtimestamp(status.since).astimezone().isoformat(timespec="seconds") if status.since else None,
        "pid": status.pid,
        "version": status.version,
        "sandbox": status.is_sandbox,
        "signed": status.signed.value,
        "login": status.login,
        "problem": status.reason,
        "githubDown": status.is_github_down,
        "models": status.models,
        "active": status.active,
        "waiting": [
            {"id": each.id, "client": each.client, "model": each.model, "sizeBytes": each.size_bytes} for each in status.waiting
        ],
        "approved": list(status.approved),
        "balance": balance
        and {
            "unit": balance.unit,
            "remaining": balance.remaining,
            "entitlement": balance.entitlement,
            "resets": balance.resets,
            "capped": balance.is_capped,
        },
        "today": {
            "requests": today.requests,
            "inputTokens": today.input_tokens,
            "outputTokens": today.output_tokens,
            "aiCredits": today.spent,
        },
    }


def lines(status: "Status") -> Iterator[str]:
    """One server as people read it."""
    from copilot_api.remote import moment
    from copilot_api.server.status import Phase

    doing = {Phase.SERVING: "serving", Phase.STOPPING: "stopping"}.get(status.phase, "starting")
    who = f" of {status.login}" if status.login else ""
    what = "a simulated Copilot" if status.is_sandbox else f"GitHub Copilot{who}"
    since = f" since {moment(status.since)}" if status.since else ""
    yield f"{doing} {what} at {status.url or 'an address to come'}{since} (process {status.pid}, version {status.version})"
    if status.reason:
        yield f"  problem   {status.reason}"
    if balance := status.balance:
        resets = f", resets {balance.resets[:10]}" if balance.resets else ""
        yield f"  balance   {_number(balance.remaining)} of {_number(balance.entitlement)} {balance.unit} left{resets}"
    today = status.today
    spent = "" if today.spent is None else f", {_number(today.spent)} AI credits"
    yield f"  today     {_counted(today.requests)}, {today.input_tokens:,} tokens in, {today.output_tokens:,} out{spent}"
    if status.active:
        yield f"  open      {_counted(status.active)}"
    for waiting in status.waiting:
        yield f"  waiting   {waiting.client} asks {waiting.model}, {_size(waiting.size_bytes)}"
    if status.approved:
        yield f"  approved  {', '.join(status.approved)}"


def _counted(requests: int) -> str:
    return f"{requests:,} request{'' if requests == 1 else 's'}"


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1024:.0f} KiB" if size_bytes >= 1024 else f"{size_bytes} bytes"
