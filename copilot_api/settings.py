"""Every setting, declared once: default < file (TOML) < environment < flag. The only module that reads the environment.

Longer than others, because it is one table, which is read from top to bottom.
"""

import dataclasses
import difflib
import math
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from copilot_api import RELEASES_URL
from copilot_api.errors import SettingsBroken
from copilot_api.private_files import belongs_to_others

ENV_PREFIX = "COPILOT_API_"
FILE_NAME = "config.toml"
PROXY_KINDS = ("http", "https", "all", "no")


def _option(
    default: Any,
    help: str,  # noqa: A002 - the word that the command line uses for it
    *flags: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    env: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """A setting: `flags` are its spellings on the command line, `env` further variables that hold it, first one first."""
    metadata = {"help": help, "flags": flags, "low": low, "high": high, "choices": choices, "env": env, "secret": secret}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one run; immutable. Each field's metadata holds its help, flags, bounds and variables.

    `origins` says where each value that is not a default came from: "config.toml", a variable's name, or "flag".
    """

    # serving
    port: int = _option(4141, "Port to listen on", "--port", "-p", low=0, high=65535)
    host: str = _option("127.0.0.1", "Address to listen on; anything but loopback needs an API key", "--host")
    api_keys: tuple[str, ...] = _option(
        (),
        "Keys that clients must present (none: any key is accepted on loopback)",
        "--api-key",
        env=("COPILOT_API_KEY",),
        secret=True,
    )
    same_user_only: bool = _option(
        True, "Without API keys, serve only programs of the same user, and of root (Linux)", "--same-user-only"
    )
    allowed_hosts: tuple[str, ...] = _option((), "Further Host names that clients may address", "--allow-host")
    cors_origins: tuple[str, ...] = _option((), "Web origins that may read answers; * for every one", "--cors-origin")
    https: bool = _option(False, "Serve https, too, on the same port; copilot-api https setup prepares that", "--https")
    serve_token: bool = _option(False, "Serve the Copilot token at GET /token, as copilot-api 0.7 did", "--serve-token")
    body_limit_mib: int = _option(64, "Largest request body, in MiB", low=1, high=1024)
    websockets: bool = _option(True, "Serve Responses clients over WebSockets, too")
    item_store_mib: int = _option(
        32, "MiB of answers kept in memory for Responses clients that refer to them by id; 0: none", low=0, high=4096
    )
    websocket_store_mib: int = _option(
        256,
        "MiB of conversations kept in memory for open WebSockets together, the longest unused dropped first",
        low=0,
        high=16384,
    )
    patient: bool = _option(False, "Serve before anybody is signed in, and while GitHub cannot be reached", "--patient")
    max_connections: int = _option(
        1024, "Most connections of clients at a time; beyond that the one unused for longest makes room", low=1, high=65536
    )
    keep_alive_s: float = _option(65.0, "Seconds for which an unused connection of a client is kept", low=0.1, high=86400)
    head_timeout_s: float = _option(66.0, "Seconds in which the head of a request must arrive", low=0.1, high=3600)
    body_timeout_s: float = _option(
        60.0, "Seconds in which the body of a request must arrive, and one more for each 64 KiB of it", low=0.1, high=3600
    )
    drain_s: float = _option(30.0, "Seconds that open streams get to finish after Ctrl-C", low=0, high=3600)

    # pacing
    manual: bool = _option(False, "Ask on the terminal before each model request", "--manual")
    rate_limit: float | None = _option(None, "Least seconds between model requests", "--rate-limit", "-r", low=0)
    wait: bool = _option(False, "Wait for the rate limit instead of answering 429", "--wait", "-w")

    # account
    account_type: str = _option(
        "individual", "individual, business or enterprise: which Copilot host to assume", "--account-type", "-a"
    )
    enterprise_url: str = _option("", "Your company's GHE.com host, such as company.ghe.com", "--enterprise-url")
    github_token: str = _option(
        "",
        "GitHub token for this run only; visible to other users in the process list, prefer GH_TOKEN",
        "--github-token",
        "-g",
        env=("COPILOT_GITHUB_TOKEN", "GH_TOKEN"),
        secret=True,
    )
    token_store: str = _option(
        "keyring",
        "Where sign-in keeps the GitHub token: keyring, or file (mode 0600)",
        "--token-store",
        choices=("keyring", "file"),
    )
    show_token: bool = _option(False, "Print tokens to the terminal when they are fetched", "--show-token")
    client_id: str = _option("Iv1.b507a08c87ecfe98", "OAuth client id of the device sign-in")

    # upstream
    sandbox: bool = _option(False, "Serve a simulated Copilot: no account, no network, nothing is billed", "--sandbox")
    proxy_env: bool = _option(
        False, "Use HTTPS_PROXY, ALL_PROXY and NO_PROXY; on Windows and macOS else the system's proxy", "--proxy-env"
    )
    proxy: str = _option(
        "",
        "Network proxy: http, https, socks5 or socks5h, as in http://NAME:PASSWORD@proxy.example:8080; other users of the "
        "machine can read a flag, prefer COPILOT_API_PROXY",
        "--proxy",
        secret=True,
    )
    ca_file: str = _option(
        "", "PEM file with root certificates to trust besides the system's, such as your company's", "--ca-file"
    )
    github_url: str = _option("", "Base URL of GitHub's sign-in pages (tests and labs)")
    github_api_url: str = _option("", "Base URL of GitHub's API (tests and labs)")
    copilot_url: str = _option("", "Base URL of Copilot's API (tests and labs)")
    connect_timeout_s: float = _option(10.0, "Seconds to reach Copilot", low=0.1, high=600)
    idle_timeout_s: float = _option(
        300.0, "Seconds that Copilot may stay silent before an answer counts as lost", low=1, high=86400
    )
    answer_timeout_s: float = _option(3600.0, "Seconds that one answer of Copilot's may take altogether", low=1, high=86400)
    client_timeout_s: float = _option(
        300.0, "Seconds that a client may take nothing of its answer before it is let go", low=0.1, high=86400
    )
    rollout_delay_s: float = _option(
        1.0, "Seconds between tries when Copilot refuses a model that it lists, up to 8 tries; 0: no second try", low=0, high=60
    )
    fetch_images: bool = _option(
        False,
        "Fetch pictures that requests name by URL, from public addresses only, because Copilot does not",
        "--fetch-images",
    )
    web_search: bool = _option(
        False,
        "Pass the hosted tool web_search on from Responses clients to models of /responses, of which Copilot lets some search",
        "--web-search",
    )
    heartbeat_s: float = _option(15.0, "Seconds of silence after which an open stream gets a keep-alive", low=0.05, high=300)

    # identity
    editor_version: str = _option("vscode/1.121.0", "Editor-Version header")
    plugin_version: str = _option("copilot-chat/0.48.1", "Editor-Plugin-Version header")
    integration_id: str = _option("vscode-chat", "Copilot-Integration-Id header; decides which models are offered")
    user_agent: str = _option("", "User-Agent header; empty: GitHubCopilotChat with the version of plugin_version")
    api_version: str = _option("2026-01-09", "X-GitHub-Api-Version header towards Copilot")
    github_api_version: str = _option("2025-04-01", "X-GitHub-Api-Version header towards GitHub")
    betas: tuple[str, ...] = _option(
        (
            "interleaved-thinking-2025-05-14",
            "context-management-2025-06-27",
            "advanced-tool-use-2025-11-20",
            "extended-cache-ttl-2025-04-11",
        ),
        "anthropic-beta values that Copilot accepts; others are not passed on",
    )
    always_user: bool = _option(False, "Report every model request as started by you (X-Initiator: user)")

    # models
    aliases: dict[str, str] = _option({}, "Further model names: alias = model id")  # noqa: RUF009 - makes a field
    catalog_s: float = _option(600.0, "Seconds after which the model list is read again", low=1, high=86400)

    # this machine
    core_dumps: bool = _option(False, "Allow core dumps, and your debuggers, which can read the tokens in the program's memory")
    # the program itself
    releases_url: str = _option(RELEASES_URL, "Where to look for the newest release, as GitHub's API tells it; empty: nowhere")

    # tray
    serve_on_launch: bool = _option(True, "Start serving when the tray starts")
    notifications: bool = _option(True, "Show what happens in notifications of the desktop")

    # terminal
    verbose: bool = _option(False, "Log each step; never prompts, answers or tokens", "--verbose", "-v")

    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


def options() -> dict[str, dataclasses.Field[Any]]:
    """Every setting by name, in the order of declaration."""
    return {f.name: f for f in dataclasses.fields(Settings) if f.metadata}


def variables(name: str) -> tuple[str, ...]:
    """The environment variables that set `name`, strongest first."""
    return (ENV_PREFIX + name.upper(), *options()[name].metadata["env"])


def named(settings: Settings, name: str) -> str:
    """How `name` is spelt where it was set, for who is to mend it there: the flag, the variable, or the name and its file."""
    origin = settings.origins.get(name, "")
    if origin in {"", "flag"}:
        return str(next(iter(options()[name].metadata["flags"]), name))
    return origin if origin in variables(name) else f"{name} in {origin}"


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    path: Path | None = None,
) -> Settings:
    """The settings of this run. `flags` are those given on the command line (None: not given).

    Raises SettingsBroken, naming the file's line, the variable or the flag, for anything that cannot be used.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    path = path or config_path(environ)
    for name, value in _from_file(path).items():
        values[name], origins[name] = value, str(path)
    for name in options():
        for variable in variables(name):
            if text := environ.get(variable):
                values[name], origins[name] = _from_text(name, text, variable), variable
                break
    for name, value in (flags or {}).items():
        if value is not None:
            spelling = next(iter(options()[name].metadata["flags"]), name)
            values[name], origins[name] = checked(name, value, spelling), "flag"
    return Settings(**values, origins=origins)


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """The settings file that `load` reads. Raises SettingsBroken when the one named by COPILOT_API_CONFIG is missing."""
    named = (os.environ if environ is None else environ).get(ENV_PREFIX + "CONFIG")
    if named and not Path(named).exists():
        raise SettingsBroken(f"{ENV_PREFIX}CONFIG names {named}, which does not exist")
    return Path(named) if named else config_dir() / FILE_NAME


def strangers(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Variables that look like ours but are none: a misspelt one would otherwise be ignored in silence."""
    known = {ENV_PREFIX + "CONFIG", *(variable for name in options() for variable in variables(name))}
    names = os.environ if environ is None else environ
    return tuple(sorted(name for name in names if name.startswith(ENV_PREFIX) and name not in known))


def _from_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            # Whoever writes the settings decides where tokens are sent.
            if why := belongs_to_others(os.fstat(file.fileno()), strictly=path == config_dir() / FILE_NAME):
                raise SettingsBroken(f"{path} {why}", hint="look what is in it, then make it yours alone")
            text = file.read().decode()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsBroken(f"{path} cannot be read: {error}") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsBroken(f"{path} is not valid TOML: {error}", hint="mend that line, or move the file away") from error
    known = options()
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        where = f"{path} line {_line_of(key, text)}"
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            raise SettingsBroken(
                f"{where}: there is no setting {key!r}",
                hint=f"did you mean {close[0]!r}?" if close else "copilot-api debug lists the settings",
            )
        found[name] = checked(name, value, f"{where}: {key}")
    return found


def _line_of(key: str, text: str) -> int:
    pattern = re.compile(rf"""^\s*\[?\s*["']?{re.escape(key)}["']?\s*[\]=.]""")
    return next((n for n, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def _from_text(name: str, text: str, where: str) -> Any:
    """A value from an environment variable, where everything is text: lists by commas, tables as `a=b,c=d`."""
    default = _default(name)
    if isinstance(default, bool):
        word = text.strip().lower()
        if word in {"1", "true", "yes", "on"}:
            return True
        if word in {"0", "false", "no", "off"}:
            return False
        raise SettingsBroken(f"{where} must be true or false, not {text!r}")
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, dict):
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        return checked(name, {key.strip(): value.strip() for key, _, value in pairs}, where)
    if isinstance(default, str):
        return checked(name, text.strip(), where)
    try:
        number: int | float = int(text) if isinstance(default, int) else float(text)
    except ValueError:
        raise SettingsBroken(f"{where} must be a number, not {text!r}") from None
    return checked(name, number, where)


def checked(name: str, value: Any, where: str) -> Any:
    """`value` as the setting's type and within its bounds. Raises SettingsBroken."""
    default, metadata = _default(name), options()[name].metadata
    if isinstance(default, bool):
        return _expect(value, isinstance(value, bool), where, "true or false")
    if isinstance(default, tuple):
        items = cast("list[str]", value if isinstance(value, list | tuple) else [value])
        good = all(isinstance(item, str) for item in items)
        return tuple(_expect(items, good, where, "a list of texts", hidden=metadata["secret"]))
    if isinstance(default, dict):
        good = isinstance(value, dict) and all(isinstance(v, str) and k and v for k, v in value.items())
        return _expect(value, good, where, "a table of texts")
    if isinstance(default, str):
        good = isinstance(value, str) and (not metadata["choices"] or value in metadata["choices"])
        return _expect(value, good, where, " or ".join(metadata["choices"]) or "a text", hidden=metadata["secret"])
    whole = isinstance(default, int)
    good = isinstance(value, int if whole else int | float) and not isinstance(value, bool) and math.isfinite(value)
    _expect(value, good, where, "a whole number" if whole else "a number")
    low, high = metadata["low"], metadata["high"]
    if low is not None and value < low:
        raise SettingsBroken(f"{where} must be at least {low:g}, not {value!r}")
    if high is not None and value > high:
        raise SettingsBroken(f"{where} must be at most {high:g}, not {value!r}")
    return value if whole else float(value)


def _expect(value: Any, good: bool, where: str, what: str, *, hidden: bool = False) -> Any:  # noqa: FBT001 - the verdict on value
    if not good:
        raise SettingsBroken(f"{where} must be {what}" + ("" if hidden else f", not {value!r}"))
    return value


def _default(name: str) -> Any:
    declared = options()[name]
    if declared.default is not dataclasses.MISSING:
        return declared.default
    return declared.default_factory() if declared.default_factory is not dataclasses.MISSING else None


def config_dir() -> Path:
    """The platform's folder for this program's settings."""
    from platformdirs import user_config_path

    return user_config_path("copilot-api", appauthor=False, roaming=True)


def data_dir() -> Path:
    """The platform's folder for what this program keeps."""
    from platformdirs import user_data_path

    return user_data_path("copilot-api", appauthor=False)


def run_folders() -> tuple[Path, ...]:
    """Where running servers leave word of themselves: the first folder is the one for that, others may hold some, too. Blocks.

    The first goes away when the person logs out, or the machine goes down. A terminal that was entered with su may not know it,
    or know another person's.
    """
    kept = data_dir() / "run"
    if sys.platform == "win32":
        return (kept,)
    user = os.geteuid()
    named = os.environ.get("XDG_RUNTIME_DIR")
    found = [folder for folder in (Path(named or f"/run/user/{user}"),) if folder.is_dir() and folder.stat().st_uid == user]
    return (*(folder / "copilot-api" for folder in found), kept)


def legacy_token_path() -> Path:
    """Where npm copilot-api 0.7 left the GitHub token in plain text, on every operating system."""
    return Path.home() / ".local" / "share" / "copilot-api" / "github_token"


def forget_the_unpacking() -> None:
    """Takes what the start of the one file left in the environment out of it: programs that we start are not part of that."""
    for name in [name for name in os.environ if name.startswith("NUITKA_")]:
        del os.environ[name]


def has_session_bus() -> bool:
    """Whether a D-Bus session is there to ask for the Secret Service (Linux)."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS")) or bool(runtime and Path(runtime, "bus").exists())


def session_bus() -> str:
    """The address of the D-Bus session, which is in its usual place where only the folder is told; "" where there is none."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or (f"unix:path={runtime}/bus" if runtime else "")


def proxy_variables(environ: Mapping[str, str] | None = None) -> dict[str, tuple[str, str]]:
    """Value and name of the variables that name network proxies, as "https", "all", "no" and so on.

    Programs agree on them: the spelling in small letters is the stronger one, and takes the other back where it is empty.
    """
    environ = os.environ if environ is None else environ
    found: dict[str, tuple[str, str]] = {}
    for name in sorted(environ):  # capitals come first
        kind = name.lower().removesuffix("_proxy")
        if kind in PROXY_KINDS and name.lower() != kind:
            found[kind] = environ[name].strip(), name
    return {kind: (value, name) for kind, (value, name) in found.items() if value}


def displays() -> tuple[str, ...]:
    """The graphical sessions this process belongs to: "wayland", "x11"; what a clipboard or a browser needs (Linux)."""
    return tuple(kind for kind, variable in (("wayland", "WAYLAND_DISPLAY"), ("x11", "DISPLAY")) if os.environ.get(variable))


def has_screen() -> bool:
    """Whether a window of ours would be seen by somebody, as far as one can tell."""
    return sys.platform in {"win32", "darwin"} or bool(displays())


def allows_colour() -> bool:
    """False when NO_COLOR (no-color.org) or a terminal without colours says so."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # The old Windows console prints escape sequences as they are; the terminals that know them set one of these.
    return os.name != "nt" or any(os.environ.get(name) for name in ("WT_SESSION", "ANSICON", "TERM"))


def shell() -> str:
    """The shell that the environment names, such as zsh, fish or bash; on Windows powershell or cmd."""
    if os.name == "nt":
        # PowerShell puts its own folders in front of the two that every process has.
        return "powershell" if os.environ.get("PSModulePath", "").count(";") > 1 else "cmd"  # noqa: SIM112 - Windows' own spelling
    return Path(os.environ.get("SHELL") or "sh").name
