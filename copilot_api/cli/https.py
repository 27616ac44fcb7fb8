"""`copilot-api https`: a certificate for this machine's server, and how clients come to trust it."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot_api import console
from copilot_api.cli.options import with_settings
from copilot_api.errors import HttpsUnusable
from copilot_api.settings import Settings, data_dir

if TYPE_CHECKING:
    from copilot_api.https.authority import Authority

https = typer.Typer(help="Serve https on this machine.", invoke_without_command=True, rich_markup_mode=None)

CLIENTS = (
    ("Claude Code, Gemini CLI, Cline and other programs of Node.js or Bun", "NODE_EXTRA_CA_CERTS={path}"),
    ("Codex, Python and Go, if they speak to nobody else", "SSL_CERT_FILE={path}"),
    ("programs that use Python's requests", "REQUESTS_CA_BUNDLE={path}"),
    ("curl", "curl --cacert '{path}'"),
)
Trust = Annotated[bool, typer.Option("--trust", help="Have your browsers and desktop programs trust it, too")]


@https.callback()
@with_settings()
def _root(loaded: Settings, context: typer.Context) -> None:
    """Serve https on this machine, for clients that insist on it."""
    if context.invoked_subcommand is None:
        _show(loaded, as_json=False)


@https.command()
@with_settings()
def setup(loaded: Settings, *, trust: Trust = False) -> None:
    """Make the certificates, and say how clients come to trust them. What is there and valid stays as it is."""
    from copilot_api.https.authority import Authority

    authority = Authority.of(data_dir())
    if authority.is_complete():
        console.say("the certificates are there, and valid")
    else:
        _untrust(authority)
        authority.make()
        console.say(
            "made: certificates for localhost, 127.0.0.1 and ::1, and for nothing else; what signed them is thrown away"
        )
    if trust:
        _trust(authority)
    _tell(authority, loaded)


@https.command()
@with_settings()
def status(loaded: Settings, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False) -> None:
    """Show whether https can be served, and who was told to trust it."""
    _show(loaded, as_json=as_json)


@https.command()
@with_settings()
def remove(loaded: Settings) -> None:
    """Remove the certificates, also from where --trust had put them."""
    from copilot_api.https.authority import Authority

    authority = Authority.of(data_dir())
    _untrust(authority)
    console.say("removed" if authority.remove() else "there was nothing to remove")
    if loaded.https:
        console.warn("https is still switched on in the settings", hint="copilot-api debug shows where")


def _trust(authority: "Authority") -> None:
    from copilot_api.https import trust

    state = authority.state()
    assert state is not None  # noqa: S101 - what it tells of was looked at, or made, just now
    found = trust.stores(Path.home(), authority.certificate, state.name, state.sha1)
    if not found:
        console.warn("there is no store of certificates here that is yours alone", hint="apt install libnss3-tools")
    for store in found:
        if store.id not in state.trusted_by:
            trust.add(store)
            state = replace(state, trusted_by=(*state.trusted_by, store.id))
            authority.note(state)
        console.say(f"trusted by {store.name}")


def _untrust(authority: "Authority") -> None:
    """Takes it out of where it was put; what cannot be taken out is said, and no reason to keep the rest."""
    from copilot_api.https import trust

    try:
        state = authority.state()
    except HttpsUnusable:
        return
    if state is None:
        return
    for store in trust.stores(Path.home(), authority.certificate, state.name, state.sha1):
        if store.id in state.trusted_by:
            try:
                trust.remove(store)
            except HttpsUnusable as problem:
                console.warn(problem.message, hint=problem.hint)
            else:
                console.say(f"no longer trusted by {store.name}")


def _show(loaded: Settings, *, as_json: bool) -> None:
    from copilot_api.https.authority import Authority, shown

    authority = Authority.of(data_dir())
    state = authority.state()
    facts: dict[str, Any] = {"isSetUp": authority.is_complete(), "isOn": loaded.https}
    if state is not None:
        facts |= {
            "certificate": str(authority.certificate),
            "name": state.name,
            "sha256": shown(state.sha256),
            "validUntil": _day(state.ends_at),
            "trustedBy": list(state.trusted_by),
        }
    if as_json:
        console.data_json(facts)
        return
    if state is None:
        console.say("https is not set up; copilot-api https setup does that")
        return
    console.data(f"certificates: {'valid' if facts['isSetUp'] else 'not usable'}, until {facts['validUntil']}")
    console.data(f"authority: {state.name}, {authority.certificate}")
    console.data(f"SHA-256: {facts['sha256']}")
    console.data(f"trusted by: {', '.join(state.trusted_by) or 'clients that are told to'}")
    if state.ends_soon(time.time()) or not facts["isSetUp"]:
        console.warn("it is time to make them anew", hint="copilot-api https setup")
    _tell(authority, loaded)


def _tell(authority: "Authority", loaded: Settings) -> None:
    from copilot_api.https import trust

    console.say(f"  authority   {authority.certificate}")
    for who, how in CLIENTS:
        console.say(f"  {how.format(path=authority.certificate)}")
        console.say(f"              for {who}")
    console.say("every program of this machine trusts it once an administrator types:")
    console.say(f"  {trust.for_the_machine(authority.certificate)[0]}")
    if not loaded.https:
        console.say(f"copilot-api start --https then serves https://localhost:{loaded.port}, beside http, on the same port")


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
