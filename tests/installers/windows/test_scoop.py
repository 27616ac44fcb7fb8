"""scoop's manifest leads to the zip of this release, and to those that follow."""

import hashlib
import json

import pytest

from copilot_api import __version__
from installers.job import CannotMake, Job
from installers.windows.portable import portable
from installers.windows.scoop import scoop


def test_it_names_the_zip_and_its_checksum(job: Job) -> None:
    packed = portable(job)
    manifest = json.loads(scoop(job).read_text("utf-8"))
    assert manifest["version"] == __version__
    assert manifest["architecture"]["64bit"] == {
        "url": f"https://github.com/owner/name/releases/download/v{__version__}/{packed.name}",
        "hash": hashlib.sha256(packed.read_bytes()).hexdigest(),
    }
    assert manifest["bin"] == "copilot-api.exe"
    assert manifest["shortcuts"] == [["copilot-api.exe", "Copilot API", "tray"]], "program, name, arguments"
    # What scoop's own check of buckets asks for.
    assert {"version", "description", "homepage", "license"} <= manifest.keys()


def test_a_later_version_is_found_by_putting_its_number_in(job: Job) -> None:
    portable(job)
    manifest = json.loads(scoop(job).read_text("utf-8"))
    later = manifest["autoupdate"]["architecture"]["64bit"]["url"]
    assert later.replace("$version", __version__) == manifest["architecture"]["64bit"]["url"]
    assert __version__ not in later


def test_without_the_zip_there_is_no_manifest(job: Job) -> None:
    with pytest.raises(CannotMake) as told:
        scoop(job)
    assert told.value.hint == "python -m installers zip makes it"
