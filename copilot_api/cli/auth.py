"""`copilot-api auth`, `auth status` and `logout`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot_api import console, settings
from copilot_api.cli.options import NETWORK, run_to_end, with_settings
from copilot_api.errors import CopilotApiError, NotSignedIn
from copilot_api.settings import Settings

if TYPE_CHECKING:
    from copilot_api.upstream.grants import Grant

KINDS = {
    "ghu_": "GitHub App user token",
    "gho_": "OAuth app token",
    "github_pat_": "fine-grained personal access token",
    "ghs_": "installation token",
}

auth = typer.Typer(help="Sign in to GitHub.", invoke_without_command=True, rich_markup_mode=None)


@auth.callback()
@with_settings("enterprise_url", "token_store", *NETWORK, "show_token", "verbose")
def sign_in(
    loaded: Settings,
    context: typer.Context,
    *,
    with_token: Annotated[bool, typer.Option("--with-token", help="Read a GitHub token from standard input")] = False,
) -> None:
    """Sign in to GitHub with a code in the browser, and keep the token in the system's keyring."""
    if context.invoked_subcommand is None:
        from copilot_api.cli.sign_in import read_token

        run_to_end(_sign_in(loaded, read_token() if with_token else None))


async def _sign_in(loaded: Settings, token: str | None) -> None:
    from copilot_api.account import account
    from copilot_api.cli import secrecy, sign_in
    from copilot_api.cli.terminal import Terminal

    secrecy.keep(loaded)
    async with account(loaded) as opened:
        if token is not None:
            await sign_in.sign_in_with_token(opened, token)
        else:
            await sign_in.sign_in(opened, Terminal() if console.is_interactive() else None)
    await _tell_servers()


async def _tell_servers() -> None:
    """Those that run go by it at once."""
    from copilot_api.remote import told_of_sign_in

    for server in await told_of_sign_in(settings.run_folders()):
        console.say(f"the server on port {server.run.port} was told")


@auth.command()
@with_settings("github_token", "enterprise_url", "token_store", *NETWORK, "verbose")
async def status(loaded: Settings, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False) -> None:
    """Show who is signed in, with what kind of token, and where it is kept."""
    facts = await _status(loaded)
    if as_json:
        console.data_json(facts)
    elif facts["signedIn"]:
        console.data(f"signed in to {facts['host']} as {facts['login'] or 'an installation'}")
        console.data(f"token: {facts['kind']}, from {facts['source']}")
        console.data(f"plan: {facts['plan'] or 'unknown'}")
    if not facts["signedIn"]:
        raise typer.Exit(console.fail(NotSignedIn(facts["problem"], hint=facts["hint"])))


async def _status(loaded: Settings) -> dict[str, Any]:
    from copilot_api.account import account
    from copilot_api.upstream import grants

    async with account(loaded) as opened:
        facts: dict[str, Any] = {
            "signedIn": False,
            "host": opened.hosts.name,
            "login": "",
            "kind": "",
            "source": "",
            "plan": "",
        }
        try:
            grant = await grants.find(loaded)
            facts |= {"kind": _kind(grant), "source": grant.origin or await _vault_name(loaded)}
            if not grant.value.startswith("ghs_"):  # it is nobody's, and GitHub answers no question about its user
                facts["login"] = str((await opened.github.user(grant))["login"])
            facts["plan"] = str((await opened.github.copilot_user(grant)).get("copilot_plan") or "")
        except CopilotApiError as problem:
            return facts | {"problem": problem.message, "hint": problem.hint}
        return facts | {"signedIn": True, "problem": "", "hint": ""}


def _kind(grant: "Grant") -> str:
    return next((kind for prefix, kind in KINDS.items() if grant.value.startswith(prefix)), "GitHub token of an unknown kind")


async def _vault_name(loaded: Settings) -> str:
    from copilot_api.upstream.secrets import aside, open_vault

    return (await aside(lambda: open_vault(loaded))).name


@with_settings("enterprise_url", "token_store", "verbose")
def logout(loaded: Settings) -> None:
    """Forget the GitHub token."""
    from copilot_api.upstream import legacy
    from copilot_api.upstream.secrets import open_vault

    vault = open_vault(loaded)
    if vault.erase():
        console.say(f"signed out: the GitHub token is gone from {vault.name}")
        console.say("GitHub accepts it until you revoke it: https://github.com/settings/applications")
    else:
        console.say(f"there is no GitHub token in {vault.name}")
    if path := legacy.find():
        console.warn(f"the token of copilot-api 0.7 is still in {path}", hint="remove that file if you do not use it any more")
    if loaded.github_token:
        console.warn(f"a GitHub token is still set by {loaded.origins['github_token']}")
    run_to_end(_tell_servers())
