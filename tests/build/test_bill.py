"""`build/bill.py`: what a build holds, by name, version and licence, and who asked for it."""

import json
import ssl
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import bill
import pytest

from copilot_api import __version__
from installers.job import CannotMake
from tests.builders.linters import Linters

ROOT = Path(__file__).parent.parent.parent
REPORT = """<nuitka-compilation-report><distributions>
  <distribution name="aiohttp"/><distribution name="multidict"/><distribution name="copilot-api-local"/>
</distributions></nuitka-compilation-report>"""
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.argv[1]))
"""


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as a build leaves it, with the report of its compiler."""
    folder = tmp_path / "copilot-api.dist"
    folder.mkdir()
    for name in ("copilot-api", "libssl.so.3", "libcrypto.so.3"):
        (folder / name).touch()
    report = tmp_path / "scratch" / "standalone" / "report.xml"
    report.parent.mkdir(parents=True)
    report.write_text(REPORT, "utf-8")
    return folder


def parts(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {part["name"]: part for part in told["components"]}


def needs(told: dict[str, Any]) -> dict[str, list[str]]:
    return {row["ref"]: row["dependsOn"] for row in told["dependencies"]}


def test_a_builds_bill_names_what_is_in_it_and_nothing_else(built: Path) -> None:
    told = bill.of_build(built, made_at=0)
    assert parts(told).keys() - {"Nuitka"} == {"Python", "OpenSSL", "aiohttp", "multidict"}
    assert told["metadata"]["component"] == {
        "type": "application",
        "bom-ref": "copilot-api",
        "name": "copilot-api",
        "version": __version__,
        "licenses": [{"license": {"id": "MIT"}}],
    }


def test_what_is_from_pypi_can_be_looked_up_there_and_python_where_its_faults_are_listed(built: Path) -> None:
    found = parts(bill.of_build(built, made_at=0))
    assert found["aiohttp"]["purl"] == f"pkg:pypi/aiohttp@{metadata.version('aiohttp')}"
    assert found["Python"]["cpe"] == f"cpe:2.3:a:python:python:{sys.version.split()[0]}:*:*:*:*:*:*:*"
    assert found["OpenSSL"]["version"] == ssl.OPENSSL_VERSION.split()[1]
    assert not {"purl", "cpe"} & found["OpenSSL"].keys()


def test_licences_that_spdx_lists_are_expressions_and_others_are_names(built: Path) -> None:
    (built / "liblzma.so.5").touch()
    found = parts(bill.of_build(built, made_at=0))
    assert found["aiohttp"]["licenses"] == [{"expression": "Apache-2.0 AND MIT"}]
    assert found["XZ Utils"]["licenses"] == [{"license": {"name": "public-domain"}}]


def test_who_asked_for_what_is_told_as_far_as_it_is_there(built: Path) -> None:
    told = needs(bill.of_build(built, made_at=0))
    assert told["copilot-api"] == [name for name in ("aiohttp", "nuitka", "openssl", "python") if name in told["copilot-api"]]
    assert {"aiohttp", "openssl", "python"} <= set(told["copilot-api"])
    assert told["aiohttp"] == ["multidict"], "the others that aiohttp needs are not in this build"


def test_a_library_whose_licence_nobody_knows_stops_it(built: Path) -> None:
    (built / "libsurprise.so.1").touch()
    with pytest.raises(CannotMake, match=r"libsurprise\.so\.1 came in, and its licence is not known"):
        bill.of_build(built, made_at=0)


def test_a_folder_that_holds_no_program_has_no_bill(tmp_path: Path) -> None:
    with pytest.raises(CannotMake, match="holds no copilot-api"):
        bill.of_build(tmp_path / "elsewhere", made_at=0)


def test_the_packages_bill_names_all_that_it_needs_and_what_those_need() -> None:
    told = bill.of_package(made_at=0)
    assert {"Python", "aiohttp", "multidict", "orjson", "pillow", "tiktoken", "typer"} <= parts(told).keys()
    assert not {"OpenSSL", "Nuitka", "pytest"} & parts(told).keys()
    assert "multidict" in needs(told)["aiohttp"]
    everything = {part["bom-ref"] for part in told["components"]}
    assert {name for row in needs(told).values() for name in row} <= everything


def test_the_same_parts_at_the_same_time_give_the_same_bill(built: Path) -> None:
    first, again, later = (bill.of_build(built, made_at=at) for at in (1_700_000_000, 1_700_000_000, 1_700_000_001))
    assert first == again
    assert first["serialNumber"] != later["serialNumber"]
    assert first["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["nowhere"], "holds no copilot-api"), (["one", "two"], "sbom takes one folder, or none")],
)
def test_the_verb_says_what_is_wrong(arguments: list[str], complaint: str) -> None:
    command = [sys.executable, str(ROOT / "build" / "release.py"), "sbom", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert complaint in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_both_fit_the_schema_of_cyclonedx(built: Path, linters: Linters) -> None:
    for told in (bill.of_build(built, made_at=0), bill.of_package(made_at=0)):
        assert linters.python(VALIDATE, json.dumps(told)) == "None\n"
