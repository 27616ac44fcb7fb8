"""winget's three manifests hold what its schema 1.6 requires, within its limits (winget-cli: schemas/JSON/manifests/v1.6.0).

The schema itself is in no package registry, so its rules for the fields that we write stand here.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from copilot_api import __version__
from installers.job import CannotMake, Job
from installers.windows import setup
from installers.windows.winget import manifests, text, winget
from tests.builders.linters import Linters

CHECKSUM = "0123456789abcdef" * 4
URL = r"[Hh][Tt][Tt][Pp][Ss]?://.+"
EVERY = {
    "PackageIdentifier": r'[^\.\s\\/:\*\?"<>\|\x01-\x1f]{1,32}(\.[^\.\s\\/:\*\?"<>\|\x01-\x1f]{1,32}){1,7}',
    "PackageVersion": r'[^\\/:\*\?"<>\|\x01-\x1f]{1,128}',
    "ManifestVersion": r"1\.6\.0",
}
# Each field that a kind may have here, with its form; those that the schema requires come first.
FORMS: dict[str, dict[str, str]] = {
    "version": {**EVERY, "DefaultLocale": r"[a-zA-Z]{2,3}(-[a-zA-Z]{1,8})*", "ManifestType": "version"},
    "defaultLocale": {
        **EVERY,
        "PackageLocale": r"[a-zA-Z]{2,3}(-[a-zA-Z]{1,8})*",
        "Publisher": r".{2,256}",
        "PackageName": r".{2,256}",
        "License": r".{3,512}",
        "ShortDescription": r".{3,256}",
        "ManifestType": "defaultLocale",
        "PublisherUrl": URL,
        "PublisherSupportUrl": URL,
        "PackageUrl": URL,
        "LicenseUrl": URL,
        "ReleaseNotesUrl": URL,
        "Description": r".{3,10000}",
        "Moniker": r".{1,40}",
        "Tags": r"[a-z-]{1,40}",
    },
    "installer": {
        **EVERY,
        "ManifestType": "installer",
        "Platform": r"Windows\.Desktop",
        "MinimumOSVersion": r"\d{1,5}(\.\d{1,5}){0,3}",
        "InstallerType": "nullsoft",
        "InstallModes": "interactive|silent|silentWithProgress",
        "UpgradeBehavior": "install|uninstallPrevious",
        "Commands": r".{1,40}",
    },
}
ENTRY = {
    "Architecture": "x64",
    "InstallerUrl": URL,
    "InstallerSha256": "[A-Fa-f0-9]{64}",
    "Scope": "user|machine",
    "ElevationRequirement": "elevationRequired",
}


@pytest.fixture
def made(job: Job) -> dict[str, dict[str, Any]]:
    """The manifests by their kind."""
    return {str(manifest["ManifestType"]): dict(manifest) for manifest in manifests(CHECKSUM).values()}


@pytest.mark.parametrize("kind", list(FORMS))
def test_each_manifest_has_the_fields_of_its_kind_in_their_form(made: dict[str, dict[str, Any]], kind: str) -> None:
    manifest = made[kind]
    plain = manifest.keys() - {"Installers", "ExpectedReturnCodes"}
    assert plain == FORMS[kind].keys()
    for field, form in FORMS[kind].items():
        for value in manifest[field] if isinstance(manifest[field], list) else [manifest[field]]:
            assert re.fullmatch(form, value), (field, value)


def test_one_program_serves_one_person_or_everyone(made: dict[str, dict[str, Any]]) -> None:
    entries = made["installer"]["Installers"]
    assert [(entry["Scope"], entry["InstallerSwitches"]) for entry in entries] == [
        ("user", {"Custom": "/CURRENTUSER"}),
        ("machine", {"Custom": "/ALLUSERS"}),
    ]
    for entry in entries:
        told = {field: entry[field] for field in ENTRY if field in entry}
        assert set(entry) - set(told) == {"InstallerSwitches", "AppsAndFeaturesEntries"}
        for field, value in told.items():
            assert re.fullmatch(ENTRY[field], value), field
        assert entry["InstallerUrl"].endswith(f"/v{__version__}/{setup.name()}")


def test_the_exit_codes_are_those_of_the_script(made: dict[str, dict[str, Any]]) -> None:
    codes = {one["ReturnResponse"]: one["InstallerReturnCode"] for one in made["installer"]["ExpectedReturnCodes"]}
    script = Path(setup.__file__).with_name("setup.nsi").read_text("utf-8")
    assert f"!define BUSY {codes['packageInUse']}\n" in script


def test_the_switches_are_those_of_the_script() -> None:
    script = Path(setup.__file__).with_name("setup.nsi").read_text("utf-8")
    for switch in ("/CURRENTUSER", "/ALLUSERS"):
        assert f'${{GetOptions}} $2 "{switch}" $3' in script


def test_texts_that_look_like_something_else_stay_texts() -> None:
    assert text({"a": "1.0", "b": "yes: no", "c": ["x"], "d": [{"e": 3, "f": "g"}]}) == (
        'a: "1.0"\nb: "yes: no"\nc:\n- "x"\nd:\n- e: 3\n  f: "g"\n'
    )


def test_without_the_setup_program_there_is_no_manifest(job: Job) -> None:
    with pytest.raises(CannotMake) as told:
        winget(job)
    assert told.value.hint == "python -m installers setup makes it"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_files_are_yaml_that_means_the_same(job: Job, linters: Linters) -> None:
    (job.out / setup.name()).write_bytes(b"setup")
    folder = winget(job)
    written = {path.name: linters.yaml(path) for path in folder.iterdir()}
    expected = manifests(hashlib.sha256(b"setup").hexdigest())
    assert written == {name: [manifest] for name, manifest in expected.items()}
