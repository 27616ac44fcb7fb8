"""`copilot-api models`: what this account can use."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot_api import console
from copilot_api.cli.options import ACCOUNT, with_settings
from copilot_api.settings import Settings

if TYPE_CHECKING:
    from copilot_api.dialects.models import Endpoint, Model

HEAD = ("id", "vendor", "context", "output", "endpoints", "usable")


@with_settings(*ACCOUNT)
async def models(loaded: Settings, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False) -> None:
    """List the models of your plan."""
    found = await _read(loaded)
    if as_json:
        console.data_json([facts(model) for model in found])
        return
    console.table(
        HEAD,
        [(m.id, m.vendor, _size(m.max_context), _size(m.max_output), " ".join(m.endpoints), _verdict(m)) for m in found],
    )


async def _read(loaded: Settings) -> "list[Model]":
    from copilot_api.account import account, catalog
    from copilot_api.cli.sign_in import grant_of
    from copilot_api.cli.terminal import Terminal

    async with account(loaded) as opened:
        grant = await grant_of(opened, Terminal() if console.is_interactive() else None)
        return list((await catalog(opened, grant).models()).values())


SERVED: tuple["Endpoint", ...] = ("/chat/completions", "/v1/messages", "/responses", "/embeddings")


def facts(model: "Model") -> dict[str, Any]:
    """One model for `--json`; sizes in tokens, None where Copilot names none."""
    return {
        "id": model.id,
        "name": model.name,
        "vendor": model.vendor,
        "kind": model.kind,
        "endpoints": list(model.endpoints),
        "maxContext": model.max_context,
        "maxPrompt": model.max_prompt,
        "maxOutput": model.max_output,
        "vision": model.vision,
        "tools": model.tools,
        "usable": not why_not(model),
        "whyNot": why_not(model),
    }


def why_not(model: "Model") -> str:
    """Why a client cannot use this model here; empty when it can."""
    if model.kind == "completion":
        return "it completes code in editors only"
    if not model.enabled:
        return "it is not enabled: see github.com/settings/copilot"
    if not any(model.speaks(endpoint) for endpoint in SERVED):
        return "Copilot offers it at an endpoint that is not served here"
    return ""


def _verdict(model: "Model") -> str:
    reason = why_not(model)
    return f"no: {reason}" if reason else "yes"


def _size(tokens: int | None) -> str:
    """Tokens in thousands."""
    return f"{round(tokens / 1000)}k" if tokens else ""
