"""`copilot-api debug`: what somebody who helps needs to know, without a secret in it."""

import platform
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from copilot_api import __version__, console, form, settings
from copilot_api.cli.options import NETWORK, run_to_end, with_settings
from copilot_api.cli.repairs import show
from copilot_api.errors import KeyringUnusable, SettingsBroken
from copilot_api.settings import Settings

HIDDEN = "(set, not shown)"
LIBRARIES = ("aiohttp", "orjson", "tiktoken", "typer")
# The names of copilot-api 0.7, which were Node's.
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "i386": "ia32", "i686": "ia32"}


@with_settings("token_store", "enterprise_url", *NETWORK, "port")
def debug(
    loaded: Settings,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
    repairs: Annotated[
        bool, typer.Option("--repairs", help="Show what is mended of Copilot's faults, and how often the server did")
    ] = False,
) -> None:
    """Show versions, paths, and where each setting comes from."""
    if repairs:
        run_to_end(show(loaded, as_json=as_json))
        return
    facts = gather(loaded)
    if as_json:
        console.data_json(facts)
        return
    runtime, store = facts["runtime"], facts["tokenStore"]
    console.data(f"copilot-api {facts['version']}")
    console.data(f"runtime: {runtime['name']} {runtime['version']} on {runtime['platform']} {runtime['arch']}")
    console.data(f"program: {facts['program']['form']}, {' '.join(facts['program']['command'])}")
    console.data(f"libraries: {', '.join(f'{name} {version}' for name, version in facts['program']['libraries'].items())}")
    for name, path in facts["paths"].items():
        console.data(f"{name}: {path}")
    console.data(f"settings file: {facts['configFile']}")
    console.data(f"token exists: {'yes' if facts['tokenExists'] else 'no'}")
    console.data(f"token store: {store['name']}" + (f": {store['problem']}" if store["problem"] else ""))
    for line in _network_lines(facts["network"]):
        console.data(line)
    for variable in facts["unknownVariables"]:
        console.warn(f"{variable} is not one of our variables, so it has no effect")
    console.data()
    console.table(
        ("setting", "value", "from"), [(name, _shown(row["value"]), row["from"]) for name, row in facts["settings"].items()]
    )


def gather(loaded: Settings) -> dict[str, Any]:
    """The first four keys as copilot-api 0.7 has them, then our own."""
    from copilot_api.upstream import legacy

    store = _store(loaded)
    return {
        "version": __version__,
        "runtime": {
            "name": platform.python_implementation().lower(),
            "version": platform.python_version(),
            "platform": sys.platform,
            "arch": _ARCHITECTURES.get(platform.machine().lower(), platform.machine().lower()),
        },
        "paths": {
            "APP_DIR": str(settings.data_dir()),
            "GITHUB_TOKEN_PATH": store["path"] or str(settings.legacy_token_path()),
        },
        "tokenExists": bool(loaded.github_token) or store["holdsToken"],
        "program": {"form": form.current().value, "command": form.command(), "libraries": _libraries()},
        "configFile": str(settings.config_path()),
        "tokenStore": store,
        "legacyTokenExists": legacy.find() is not None,
        "network": _network(loaded),
        "settings": {
            name: {"value": _hidden(loaded, name), "from": loaded.origins.get(name, "default")} for name in settings.options()
        },
        "unknownVariables": list(settings.strangers()),
    }


def _libraries() -> dict[str, str]:
    """Their versions; "" for one that the compiled program does not know."""
    from importlib import metadata

    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def _store(loaded: Settings) -> dict[str, Any]:
    from copilot_api.upstream.secrets import open_vault

    try:
        vault = open_vault(loaded)
        held = vault.read() is not None
    except KeyringUnusable as problem:
        return {"name": loaded.token_store, "path": "", "holdsToken": False, "problem": problem.text}
    return {"name": vault.name, "path": str(getattr(vault, "path", "")), "holdsToken": held, "problem": ""}


def _network(loaded: Settings) -> dict[str, Any]:
    """How GitHub is reached: by which proxy, and whose certificates are trusted. `problem` is what is wrong with that."""
    from copilot_api.upstream.certificates import described, trusted
    from copilot_api.upstream.proxies import Proxies

    found: dict[str, Any] = {"proxy": None, "noProxy": "", "idleVariable": "", "certificates": described(loaded), "problem": ""}
    try:
        proxies = Proxies(loaded)
        found |= {"noProxy": proxies.exceptions, "idleVariable": proxies.idle_variable}
        if proxy := proxies.proxy:
            url, has_password = f"{proxy.scheme}://{proxy.place}", bool(proxy.name or proxy.password)
            found["proxy"] = {"url": url, "hasPassword": has_password, "from": proxy.origin}
        trusted(loaded)
    except SettingsBroken as problem:
        found["problem"] = problem.text
    return found


def _network_lines(network: dict[str, Any]) -> Iterator[str]:
    proxy = network["proxy"]
    if proxy:
        password = ", with a name and password" if proxy["hasPassword"] else ""
        yield f"network proxy: {proxy['url']}{password}, from {proxy['from']}"
        if network["noProxy"]:
            yield f"without the proxy: {network['noProxy']}"
    elif variable := network["idleVariable"]:
        yield f"network proxy: none, because {variable} is for http:// only; set HTTPS_PROXY"
    else:
        yield "network proxy: none"
    yield f"trusted certificates: {network['certificates']}"
    if network["problem"]:
        yield f"network: {network['problem']}"


def _hidden(loaded: Settings, name: str) -> Any:
    value = getattr(loaded, name)
    return HIDDEN if value and settings.options()[name].metadata["secret"] else value


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} = {word}" for key, word in value.items())
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
