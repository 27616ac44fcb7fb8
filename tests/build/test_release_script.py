"""`build/release.py`: each verb on what it is for, and on what must not be released."""

import hashlib
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from copilot_api import __version__
from tests.builders.linters import Linters

ROOT = Path(__file__).parent.parent.parent
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.argv[1]))
"""


def release(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:

    command = [sys.executable, ROOT / "build" / "release.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})


def program(folder: Path, body: str) -> Path:
    """A program of one's own instead of copilot-api; `body` is what it does when it is not asked for its version."""
    path = folder / "program"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nif sys.argv[1:] == ['--version']:\n"
        f"    print('copilot-api {__version__}')\n    sys.exit()\n{body}",
        "utf-8",
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("arguments", [[], ["verb"]])
def test_it_says_what_it_can_do(arguments: list[str]) -> None:
    done = release(*arguments)
    assert done.returncode == 2
    assert all(verb in done.stderr for verb in ("notes VERSION", "sums FILE", "sbom", "smoke PROGRAM"))


def test_the_notes_are_that_versions_part_of_the_changelog() -> None:
    done = release("notes", __version__)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "### Added" in lines
    assert not [line for line in lines if line.startswith(("# ", "## "))]
    # Each sentence on a line of its own: GitHub would show the breaks of the file.
    assert all(line.startswith(("- ", "### ")) or not line for line in lines)
    changelog = " ".join((ROOT / "CHANGELOG.md").read_text("utf-8").split())
    assert all(line in changelog for line in lines)


def test_a_tag_that_is_not_the_programs_version_stops_the_release() -> None:
    done = release("notes", "9.9.9")
    assert done.returncode == 1
    assert done.stderr == f"error: the program is version {__version__}, not 9.9.9\n"


def test_the_sums_are_those_that_sha256sum_checks(tmp_path: Path) -> None:
    for name in ("b.zip", "a.deb"):
        (tmp_path / name).write_text(name, "utf-8")
    done = release("sums", tmp_path / "b.zip", tmp_path / "a.deb")
    sums = [hashlib.sha256(name.encode()).hexdigest() for name in ("a.deb", "b.zip")]
    assert done.stdout == f"{sums[0]}  a.deb\n{sums[1]}  b.zip\n"


def test_two_files_of_one_name_stop_the_release(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for path in (tmp_path / "a", tmp_path / "inner" / "a"):
        path.touch()
    assert release("sums", tmp_path / "a", tmp_path / "inner" / "a").returncode == 1


def test_the_bill_names_what_the_program_needs_with_version_and_licence() -> None:
    done = release("sbom", SOURCE_DATE_EPOCH="1700000000")
    assert done.returncode == 0, done.stderr
    bill = json.loads(done.stdout)
    assert bill["metadata"]["component"]["version"] == __version__
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    parts = {part["name"]: part for part in bill["components"]}
    assert {"CPython", "aiohttp", "multidict", "orjson", "pillow", "tiktoken", "typer"} <= parts.keys()
    assert not {"pytest", "mypy", "nuitka", "hatchling"} & parts.keys(), "tools of developers are not in the program"
    assert parts["orjson"]["purl"] == f"pkg:pypi/orjson@{metadata.version('orjson')}"
    assert parts["aiohttp"]["licenses"] == [{"expression": "Apache-2.0 AND MIT"}]
    needs = {row["ref"]: row["dependsOn"] for row in bill["dependencies"]}
    assert "multidict" in needs["aiohttp"]
    assert set(needs["copilot-api"]) <= {part["bom-ref"] for part in bill["components"]}


def test_two_bills_of_one_time_are_alike() -> None:
    first, second = (release("sbom", SOURCE_DATE_EPOCH="1700000000").stdout for _ in range(2))
    assert first == second


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_bill_fits_the_schema_of_cyclonedx(linters: Linters) -> None:
    assert linters.python(VALIDATE, release("sbom").stdout) == "None\n"


def test_a_program_that_works_passes() -> None:
    done = release("smoke", sys.executable, "-m", "copilot_api")
    assert done.returncode == 0, done.stderr
    told = [line.split(" after ")[0] for line in done.stdout.splitlines()]
    assert told == ["serves", "chat: answers", "messages: answers", "responses: answers", "gemini: answers", "stops"]


def test_settings_and_secrets_from_outside_do_not_reach_the_program(tmp_path: Path) -> None:
    path = program(tmp_path, "import os\nprint(sorted(os.environ), os.environ['HOME'], file=sys.stderr)\n")
    done = release("smoke", path, GH_TOKEN="gho_x", COPILOT_API_PORT="1", PYTHONPATH=".", XDG_DATA_HOME="/x")
    assert done.returncode == 1
    assert "did not serve" in done.stderr
    assert not [name for name in ("GH_TOKEN", "COPILOT_API_PORT", "PYTHONPATH", "XDG_DATA_HOME") if name in done.stderr]
    assert str(Path.home()) not in done.stderr.split("]")[1].split()


def test_another_version_does_not_pass(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_text("#!/bin/sh\necho copilot-api 0.0.1\n", "utf-8")
    path.chmod(0o755)
    done = release("smoke", path)
    assert (done.returncode, "--version ended with 0 and said" in done.stderr) == (1, True)


SERVES = """
import http.server, signal
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(ANSWER)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"serving GitHub Copilot at http://127.0.0.1:{server.server_port}\\npress Ctrl-C to stop", file=sys.stderr, flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(CODE)
"""
EVERYTHING = """b'{"object":"chat.completion"}{"type":"message"}{"object":"response"}{"candidates":1}'"""


@pytest.mark.parametrize(
    ("answer", "code", "complaint"),
    [
        ("b'{}'", "0", "chat: this is no answer: {}"),
        (EVERYTHING, "3", "it ended with exit code 3"),
    ],
    ids=["wrong answer", "wrong end"],
)
def test_a_program_that_does_something_else_does_not_pass(tmp_path: Path, answer: str, code: str, complaint: str) -> None:
    done = release("smoke", program(tmp_path, SERVES.replace("ANSWER", answer).replace("CODE", code)))
    assert done.returncode == 1
    assert complaint in done.stderr


def test_the_stand_in_for_those_passes_when_it_does_what_it_should(tmp_path: Path) -> None:
    done = release("smoke", program(tmp_path, SERVES.replace("ANSWER", EVERYTHING).replace("CODE", "0")))
    assert done.returncode == 0, done.stderr
