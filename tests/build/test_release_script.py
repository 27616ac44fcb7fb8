"""`build/release.py`: each verb on what it is for, and on what must not be released."""

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import pytest

from copilot_api import RELEASES_URL, __version__
from copilot_api.settings import Settings
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
    assert all(
        verb in done.stderr
        for verb in ("notes VERSION", "ours OWNER/NAME", "stamp OWNER/NAME", "sums FILE", "sbom", "smoke PROGRAM")
    )


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


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a stamp is put on, apart from the clone of these tests."""
    for name in ("build/release.py", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "copilot_api", tmp_path / "copilot_api", ignore=shutil.ignore_patterns("__pycache__", "data"))
    return tmp_path


def stamped(clone: Path, repository: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(clone / "build" / "release.py"), "stamp", repository]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_clone_looks_for_releases_nowhere() -> None:
    assert RELEASES_URL == Settings().releases_url == ""


def test_a_stamped_clone_knows_where_the_next_release_will_be(clone: Path) -> None:
    done = stamped(clone, "somebody/copilot.api-2")
    assert done.returncode == 0, done.stderr
    ask = "from copilot_api.settings import Settings; print(Settings().releases_url)"
    told = subprocess.run([sys.executable, "-c", ask], cwd=clone, capture_output=True, text=True, check=True).stdout
    assert told == "https://api.github.com/repos/somebody/copilot.api-2/releases/latest\n"
    project = tomllib.loads((clone / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"] == {"Homepage": "https://github.com/somebody/copilot.api-2"}
    assert project.keys() == {*tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"], "urls"}


def test_a_second_stamp_is_refused(clone: Path) -> None:
    stamped(clone, "somebody/copilot-api")
    done = stamped(clone, "somebody/else")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is it stamped already?" in done.stderr


def test_a_stamp_that_names_no_repository_is_refused(clone: Path) -> None:
    done = stamped(clone, 'somebody/x"\nimport os\n"')
    assert done.returncode == 1
    assert "is not OWNER/NAME" in done.stderr
    assert (clone / "copilot_api" / "__init__.py").read_bytes() == (ROOT / "copilot_api" / "__init__.py").read_bytes()


@contextmanager
def pypi(status: int, body: object) -> Iterator[str]:
    """A package index that answers each question about a project alike."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/pypi/copilot-api-local/json" else 500)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


OURS = "https://github.com/somebody/copilot-api"


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (404, {}, 0, "nobody has copilot-api-local on PyPI yet"),
        (200, {"info": {"project_urls": {"Homepage": OURS}}}, 0, f"copilot-api-local on PyPI is from {OURS}"),
        (
            200,
            {"info": {"project_urls": {"Homepage": "https://a.example"}}},
            1,
            f"is not from {OURS}; it names https://a.example",
        ),
        (200, {"info": {"project_urls": None}}, 1, f"is not from {OURS}; it names no page"),
        (503, {}, 1, "PyPI does not say whose copilot-api-local is: HTTP Error 503"),
    ],
)
def test_a_project_of_somebody_else_on_pypi_stops_the_release(status: int, body: object, code: int, said: str) -> None:
    with pypi(status, body) as index:
        done = release("ours", "somebody/copilot-api", index, NO_PROXY="127.0.0.1")
    assert done.returncode == code
    assert said in (done.stderr if code else done.stdout)


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
