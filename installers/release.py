"""Where a release's files are to be had, and their checksums: what the manifests of package managers tell."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from installers import product
from installers.job import CannotMake


def homepage() -> str:
    """The project's page. Raises CannotMake where nothing names it: a manifest that leads nowhere is worth nothing."""
    found = product.homepage()
    if not found:
        raise CannotMake("nothing says where the project lives", hint="set GITHUB_REPOSITORY=OWNER/NAME, as workflows do")
    return found


def owner() -> str:
    """Whose repository it is. Raises CannotMake."""
    return urlsplit(homepage()).path.strip("/").split("/")[0]


def url(name: str) -> str:
    """Where the file of that name can be downloaded. Raises CannotMake."""
    return f"{homepage()}/releases/download/v{product.version()}/{name}"


def sha256(path: Path, *, target: str) -> str:
    """The checksum of a package that `target` makes, in small letters. Raises CannotMake when it is not there."""
    if not path.is_file():
        raise CannotMake(f"{path} is not there", hint=f"python -m installers {target} makes it")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
