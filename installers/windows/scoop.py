"""The manifest for scoop, a package manager that unpacks archives: for a bucket, or by its address."""

import json
from pathlib import Path

from installers import product, release
from installers.job import Job
from installers.windows import portable


def scoop(job: Job) -> Path:
    """Makes copilot-api.json out of the .zip. Raises CannotMake."""
    path = job.out / f"{product.NAME}.json"
    checksum = release.sha256(job.out / portable.name(), target="zip")
    path.write_text(json.dumps(manifest(checksum), indent=4) + "\n", "utf-8")
    return path


def manifest(checksum: str) -> dict[str, object]:
    """What scoop reads; `autoupdate` lets a bucket follow releases by itself."""
    file, version = portable.name(), product.version()
    later = f"{release.homepage()}/releases/download/v$version/{file.replace(version, '$version')}"
    return {
        "version": version,
        "description": product.SUMMARY,
        "homepage": release.homepage(),
        "license": product.LICENCE,
        "architecture": {"64bit": {"url": release.url(file), "hash": checksum}},
        "bin": f"{product.NAME}.exe",
        "shortcuts": [[f"{product.NAME}.exe", product.TITLE, "tray"]],
        "checkver": {"github": release.homepage()},
        "autoupdate": {
            "architecture": {"64bit": {"url": later}},
            "hash": {"url": "$baseurl/SHA256SUMS"},
        },
    }
