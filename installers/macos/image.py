"""The disk image, and what signs it: only on a Mac, and with a certificate only where the environment brings one."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from installers import product
from installers.job import CannotMake, Job, run
from installers.macos.bundle import LAUNCHER, bundle

AD_HOC = "-"
# The first bytes of programs and libraries: 64-bit, and several in one.
MACH_O = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs: the name of a certificate in the keychain, and the key with which Apple lets itself be asked to notarise."""

    identity: str = AD_HOC
    key: str = ""
    key_id: str = ""
    issuer: str = ""

    @property
    def notarises(self) -> bool:
        """Apple notarises what a certificate of its own has signed."""
        return self.identity != AD_HOC and bool(self.key)


def signer(environ: Mapping[str, str]) -> Signer:
    """The signer that COPILOT_API_MACOS_* name; without any, the signature that Apple's processors demand of every program.

    Raises CannotMake when only a part of the key is there: a release must not lose its seal by a slip of the pen.
    """
    identity = environ.get("COPILOT_API_MACOS_IDENTITY", "")
    parts = [environ.get(f"COPILOT_API_MACOS_NOTARY_{part}", "") for part in ("KEY", "KEY_ID", "ISSUER")]
    if any(parts) and not (identity and all(parts)):
        raise CannotMake(
            "the key for notarisation is incomplete",
            hint="set COPILOT_API_MACOS_IDENTITY and COPILOT_API_MACOS_NOTARY_KEY, _KEY_ID and _ISSUER, or no NOTARY at all",
        )
    return Signer(identity=identity or AD_HOC, key=parts[0], key_id=parts[1], issuer=parts[2])


def image(job: Job) -> Path:
    """Makes copilot-api-VERSION-macos-MACHINE.dmg: bundles, signs, packs, notarises. Raises CannotMake."""
    if platform.system() != "Darwin":
        raise CannotMake("a disk image can be made on a Mac only", hint="the bundle, target app, can be made anywhere")
    app = bundle(job)
    path = job.out / name(platform.machine())
    for command in commands(app, path, job.fresh("dmg"), signer(os.environ)):
        run(*command)
    return path


def name(machine: str) -> str:
    """What the image for `machine` (arm64, x86_64) is called."""
    return f"{product.NAME}-{product.version()}-macos-{machine}.dmg"


def commands(app: Path, path: Path, work: Path, who: Signer) -> Iterator[Sequence[str | Path]]:
    """All that is run, in this order; `work` is an empty folder.

    Signed from the inside out, file by file: Apple calls codesign's --deep unfit for that. What lies beside programs counts as
    code and is signed, too; such signatures are attributes of the file, which a disk image keeps and a zip loses.
    """
    for file in to_sign(app):
        yield _sign(file, who)
    yield _sign(app, who)
    yield "codesign", "--verify", "--deep", "--strict", app
    yield "cp", "-R", app, work
    yield "ln", "-s", "/Applications", work / "Applications"
    yield (
        *("hdiutil", "create", "-volname", product.TITLE, "-srcfolder", work),
        *("-fs", "HFS+", "-format", "UDZO", "-ov", path),
    )
    yield _sign(path, who, hardened=False)
    if who.notarises:
        key = ("--key", who.key, "--key-id", who.key_id, "--issuer", who.issuer)
        yield "xcrun", "notarytool", "submit", path, *key, "--wait", "--timeout", "30m"
        yield "xcrun", "stapler", "staple", path


def to_sign(app: Path) -> list[Path]:
    """What is signed by itself, the deepest first: everything among the programs but the one that stands for the bundle."""
    inside = app / "Contents"
    found = [path for path in (inside / "MacOS").rglob("*") if path != inside / "MacOS" / LAUNCHER]
    found += [path for path in (inside / "Resources").rglob("*") if path.is_file() and _is_code(path)]
    return sorted(
        (path for path in found if path.is_file() and not path.is_symlink()), key=lambda path: (-len(path.parts), path)
    )


def _is_code(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in MACH_O


def _sign(path: Path, who: Signer, *, hardened: bool = True) -> Sequence[str | Path]:
    # The hardened runtime loads libraries of its own signer only, and an ad-hoc signature is nobody's.
    runtime = ("--options", "runtime") if hardened and who.identity != AD_HOC else ()
    stamp = "--timestamp" if who.identity != AD_HOC else "--timestamp=none"
    return "codesign", "--force", "--sign", who.identity, stamp, *runtime, path
