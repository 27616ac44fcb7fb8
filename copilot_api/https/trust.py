"""Where this person's programs look for authorities that they trust: put there when asked to, and taken out again.

Only what belongs to the person is touched: what is the whole machine's takes an administrator, who is told the command.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from copilot_api.errors import HttpsUnusable

WITHIN_S = 60.0
"""macOS and Windows ask the person first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One such place. `id` is how it is noted, `name` what people call it; the commands are run one after the other."""

    id: str
    name: str
    add: tuple[tuple[str, ...], ...]
    remove: tuple[tuple[str, ...], ...]


def stores(home: Path, certificate: Path, name: str, sha1: str, *, platform: str = sys.platform) -> list[Store]:
    """Those that this person has."""
    match platform:
        case "darwin":
            return [_keychain(home, certificate, sha1)]
        case "win32":
            return [_windows(certificate, sha1)]
        case _:
            return [_nss(folder, certificate, name) for folder in _databases(home)] if shutil.which("certutil") else []


def add(store: Store) -> None:
    """Puts it there. Raises HttpsUnusable."""
    _run(store, store.add)


def remove(store: Store) -> None:
    """Takes it out. Raises HttpsUnusable."""
    _run(store, store.remove)


def for_the_machine(certificate: Path, *, platform: str = sys.platform) -> Sequence[str]:
    """What an administrator types to have every program of the machine trust it, and the way back."""
    match platform:
        case "darwin":
            keychain = "/Library/Keychains/System.keychain"
            return [f"sudo security add-trusted-cert -d -p ssl -k {keychain} '{certificate}'"]
        case "win32":
            return [f'certutil -addstore Root "{certificate}"']
        case _:
            if shutil.which("trust"):
                return [f"sudo trust anchor --store '{certificate}'", f"sudo trust anchor --remove '{certificate}'"]
            place = "/usr/local/share/ca-certificates/copilot-api.crt"
            return [
                f"sudo install -m 644 '{certificate}' {place} && sudo update-ca-certificates",
                f"sudo rm {place} && sudo update-ca-certificates --fresh",
            ]


def _databases(home: Path) -> Iterable[Path]:
    """Chromium's and its kin's, which is made where there is none, and those of Firefox's profiles."""
    yield home / ".pki" / "nssdb"
    for profiles in (home / ".mozilla" / "firefox", home / "snap" / "firefox" / "common" / ".mozilla" / "firefox"):
        yield from sorted(found.parent for found in profiles.glob("*/cert9.db"))


def _nss(folder: Path, certificate: Path, name: str) -> Store:
    database = f"sql:{folder}"
    make: tuple[tuple[str, ...], ...] = (
        () if (folder / "cert9.db").exists() else (("certutil", "-N", "-d", database, "--empty-password"),)
    )
    return Store(
        id=f"nss:{folder}",
        name=f"the browsers' own store in {folder}",
        add=(*make, ("certutil", "-A", "-d", database, "-n", name, "-t", "C,,", "-i", str(certificate))),
        remove=(("certutil", "-D", "-d", database, "-n", name),),
    )


def _keychain(home: Path, certificate: Path, sha1: str) -> Store:
    keychain = str(home / "Library" / "Keychains" / "login.keychain-db")
    return Store(
        id="keychain",
        name="your login keychain",
        add=(("security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k", keychain, str(certificate)),),
        remove=(
            ("security", "remove-trusted-cert", str(certificate)),
            ("security", "delete-certificate", "-Z", sha1.upper(), keychain),
        ),
    )


def _windows(certificate: Path, sha1: str) -> Store:
    return Store(
        id="windows",
        name="your certificate store",
        add=(("certutil", "-user", "-f", "-addstore", "Root", str(certificate)),),
        remove=(("certutil", "-user", "-delstore", "Root", sha1),),
    )


def _run(store: Store, commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        if command[0] == "certutil" and command[1] == "-N":
            Path(command[3].removeprefix("sql:")).mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            nothing = subprocess.DEVNULL
            done = subprocess.run(command, stdin=nothing, capture_output=True, text=True, timeout=WITHIN_S, check=False)  # noqa: S603 - ours
        except (OSError, subprocess.TimeoutExpired) as error:
            raise HttpsUnusable(f"{store.name} cannot be changed: {command[0]} does not answer") from error
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())[:300]
            raise HttpsUnusable(
                f"{store.name} cannot be changed: {said or 'it was refused'}", hint=f"try it yourself: {' '.join(command)}"
            )
