"""The three manifests for winget, as its repository of packages wants them (schema 1.6)."""

import json
from pathlib import Path

from installers import product, release
from installers.job import Job
from installers.windows import setup

SCHEMA = "1.6.0"
LOCALE = "en-US"

Yaml = str | int | list["Yaml"] | dict[str, "Yaml"]


def winget(job: Job) -> Path:
    """Makes the folder winget/, one file to each kind of manifest, out of the setup program. Raises CannotMake."""
    folder = job.fresh("winget")
    checksum = release.sha256(job.out / setup.name(), target="setup")
    for name, manifest in manifests(checksum).items():
        kind = manifest["ManifestType"]
        schema = f"# yaml-language-server: $schema=https://aka.ms/winget-manifest.{kind}.{SCHEMA}.schema.json\n\n"
        (folder / name).write_text(schema + text(manifest), "utf-8")
    target = job.out / "winget"
    target.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.replace(target / path.name)
    return target


def manifests(checksum: str) -> dict[str, dict[str, Yaml]]:
    """Each manifest by the name of its file."""
    name = f"{release.owner()}.{product.NAME}"
    parts: dict[str, dict[str, Yaml]] = {
        "version": {"DefaultLocale": LOCALE},
        "installer": _installer(checksum),
        "defaultLocale": _locale(),
    }
    endings = {"version": "", "installer": ".installer", "defaultLocale": f".locale.{LOCALE}"}
    return {
        f"{name}{endings[kind]}.yaml": {
            "PackageIdentifier": name,
            "PackageVersion": product.version(),
            **part,
            "ManifestType": kind,
            "ManifestVersion": SCHEMA,
        }
        for kind, part in parts.items()
    }


def _installer(checksum: str) -> dict[str, Yaml]:
    """One setup program, told by a switch for whom."""
    scopes: list[tuple[str, str, dict[str, Yaml]]] = [
        ("user", "/CURRENTUSER", {}),
        ("machine", "/ALLUSERS", {"ElevationRequirement": "elevationRequired"}),
    ]
    return {
        "Platform": ["Windows.Desktop"],
        "MinimumOSVersion": "10.0.17763.0",
        "InstallerType": "nullsoft",
        "InstallModes": ["interactive", "silent"],
        "UpgradeBehavior": "install",
        "Commands": [product.NAME],
        # The exit codes of setup.nsi.
        "ExpectedReturnCodes": [
            {"InstallerReturnCode": 1, "ReturnResponse": "cancelledByUser"},
            {"InstallerReturnCode": 3, "ReturnResponse": "packageInUse"},
        ],
        "Installers": [
            {
                "Architecture": "x64",
                "Scope": scope,
                "InstallerUrl": release.url(setup.name()),
                "InstallerSha256": checksum.upper(),
                "InstallerSwitches": {"Custom": switch},
                "AppsAndFeaturesEntries": [
                    {"DisplayName": product.TITLE, "Publisher": product.AUTHORS, "ProductCode": product.NAME}
                ],
                **more,
            }
            for scope, switch, more in scopes
        ],
    }


def _locale() -> dict[str, Yaml]:
    return {
        "PackageLocale": LOCALE,
        "Publisher": product.AUTHORS,
        "PublisherUrl": release.homepage(),
        "PublisherSupportUrl": f"{release.homepage()}/issues",
        "PackageName": product.TITLE,
        "PackageUrl": release.homepage(),
        "License": product.LICENCE,
        "LicenseUrl": f"{release.homepage()}/blob/v{product.version()}/LICENSE",
        "ShortDescription": product.SUMMARY,
        "Description": " ".join(product.DESCRIPTION),
        "Moniker": product.NAME,
        "Tags": ["anthropic", "claude-code", "github-copilot", "openai", "proxy"],
        "ReleaseNotesUrl": f"{release.homepage()}/releases/tag/v{product.version()}",
    }


def text(value: Yaml, indent: int = 0) -> str:
    """Plain data as YAML: texts quoted as JSON quotes them, which YAML reads, so that no text is taken for anything else."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join(f"{pad}{key}:{_below(item, indent)}" for key, item in value.items())
    if isinstance(value, list):
        return "".join(f"{pad}- {text(item, indent + 1).lstrip() if isinstance(item, dict) else text(item)}" for item in value)
    return (json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)) + "\n"


def _below(item: Yaml, indent: int) -> str:
    if isinstance(item, dict):
        return "\n" + text(item, indent + 1)
    return "\n" + text(item, indent) if isinstance(item, list) else " " + text(item)
