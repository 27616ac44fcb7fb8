"""`copilot-api start`: serves until it is told to stop."""

from typing import Annotated

import typer

from copilot_api.cli.options import WITH_FLAGS, with_settings
from copilot_api.settings import Settings


@with_settings(*WITH_FLAGS)
async def start(
    loaded: Settings,
    *,
    claude_code: Annotated[
        bool, typer.Option("--claude-code", "-c", help="Choose models, then copy the command that starts Claude Code here")
    ] = False,
) -> None:
    """Start the server. Ctrl-C lets open streams finish and stops; a second Ctrl-C stops at once."""
    from copilot_api.cli.serve import serve

    raise typer.Exit(await serve(loaded, claude_code=claude_code))
