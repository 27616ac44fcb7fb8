"""What the release workflow does beyond building, as verbs that run on every system and can be tried at home.

    python build/release.py notes VERSION         that version's part of CHANGELOG.md
    python build/release.py ours OWNER/NAME       whether the project on PyPI is that repository's, or nobody's yet
    python build/release.py stamp OWNER/NAME      writes into this clone where its releases are: a workflow's, not your own
    python build/release.py sums FILE...          SHA256SUMS of those files
    python build/release.py sbom                  what the program contains, as CycloneDX (run it in .venv)
    python build/release.py smoke PROGRAM...      starts it with --sandbox, asks in each dialect, stops it

Results go to standard output; exit code 1 means that something is wrong, and what.
"""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DISTRIBUTION = "copilot-api-local"
"""The program as a Python package."""
START_S = 60.0
"""How long the program may take until it serves: a machine that has just seen it for the first time scans it for viruses."""
STOP_S = 45.0

QUESTION = "Hello"
# Path, body, and what only an answer of that dialect holds.
ASKED: dict[str, tuple[str, dict[str, Any], str]] = {
    "chat": (
        "/v1/chat/completions",
        {"model": "gpt-4.1", "messages": [{"role": "user", "content": QUESTION}]},
        '"object":"chat.completion"',
    ),
    "messages": (
        "/v1/messages",
        {"model": "claude-haiku-4.5", "max_tokens": 64, "messages": [{"role": "user", "content": QUESTION}]},
        '"type":"message"',
    ),
    "responses": ("/v1/responses", {"model": "gpt-5-mini", "input": QUESTION}, '"object":"response"'),
    "gemini": (
        "/v1beta/models/gpt-4.1:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": QUESTION}]}]},
        '"candidates":',
    ),
}


class Wrong(Exception):
    """Something that must not be released."""


def notes(arguments: list[str]) -> int:
    """The part of CHANGELOG.md that tells of a version, which must be the program's own."""
    (version,) = arguments
    if version != own_version():
        raise Wrong(f"the program is version {own_version()}, not {version}")
    print(cut((ROOT / "CHANGELOG.md").read_text("utf-8"), version))
    return 0


def cut(changelog: str, version: str) -> str:
    """The text under a version's heading. Raises Wrong when there is none, or nothing in it."""
    found = re.search(rf"^## {re.escape(version)}(?: \(.*\))?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise Wrong(f"CHANGELOG.md tells nothing of {version}")
    # GitHub shows every line break of a release's notes, and the file is wrapped.
    return re.sub(r"(?<=\S)\n {2}(?=\S)", " ", found[1].strip())


def own_version() -> str:
    """The version that the program tells."""
    return (ROOT / "copilot_api" / "__init__.py").read_text("utf-8").split('__version__ = "')[1].split('"')[0]


def ours(arguments: list[str]) -> int:
    """Asks PyPI whose project goes by our name, before anything is built for it. Raises Wrong when it is a stranger's.

    What really keeps strangers' projects from us is trusted publishing, at the end: PyPI gives a workflow the right to upload
    only to projects whose owner has named that workflow, and takes no announcement of a new project by a name that is taken.
    """
    repository, index = [*arguments, "https://pypi.org"][:2]
    try:
        with urllib.request.urlopen(f"{index}/pypi/{DISTRIBUTION}/json", timeout=30) as answer:
            told = json.load(answer)["info"]
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise Wrong(f"PyPI does not say whose {DISTRIBUTION} is: {error}") from error
        print(f"nobody has {DISTRIBUTION} on PyPI yet")
        return 0
    pages = sorted((told.get("project_urls") or {}).values())
    if home(repository) not in pages:
        raise Wrong(f"{DISTRIBUTION} on PyPI is not from {home(repository)}; it names {', '.join(pages) or 'no page'}")
    print(f"{DISTRIBUTION} on PyPI is from {home(repository)}")
    return 0


def stamp(arguments: list[str]) -> int:
    """What a release knows and a clone does not: where it looks for the next one, and what PyPI shows as its page."""
    (repository,) = arguments
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise Wrong(f"{repository!r} is not OWNER/NAME")
    releases = f"https://api.github.com/repos/{repository}/releases/latest"
    _put(ROOT / "copilot_api" / "__init__.py", r'^RELEASES_URL = ""$', f'RELEASES_URL = "{releases}"')
    _put(ROOT / "pyproject.toml", r"^(?=\[project\.scripts\]$)", f'[project.urls]\nHomepage = "{home(repository)}"\n\n')
    return 0


def _put(path: Path, pattern: str, text: str) -> None:
    """Writes `text` where the pattern is. Raises Wrong where it is not, as in a clone that is stamped already."""
    changed, times = re.subn(pattern, text, path.read_text("utf-8"), flags=re.MULTILINE)
    if times != 1:
        raise Wrong(f"{path.relative_to(ROOT)} has no place for {text.strip()!r}; is it stamped already?")
    path.write_text(changed, "utf-8")


def home(repository: str) -> str:
    """A repository's page."""
    return f"https://github.com/{repository}"


def sums(arguments: list[str]) -> int:
    """The checksums in the form that `sha256sum --check` reads, by name."""
    paths = sorted((Path(argument) for argument in arguments), key=lambda path: path.name)
    if not paths or len({path.name for path in paths}) < len(paths):
        raise Wrong("no files are named, or two of one name")
    for path in paths:
        with path.open("rb") as file:
            print(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}")
    return 0


def sbom(arguments: list[str]) -> int:
    """A bill of materials: our program, the Python in it, and each package that it needs on this system."""
    if arguments:
        raise Wrong("sbom takes no arguments")
    print(json.dumps(bill(made_at=int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))), indent=2))
    return 0


def bill(*, made_at: int) -> dict[str, Any]:
    """CycloneDX 1.6. The same packages at the same time give the same bill."""
    version = own_version()
    packages = sorted(needed(DISTRIBUTION, {"images"}))
    parts = [_python(), *(_component(name) for name in packages)]
    told = json.dumps([version, made_at, parts])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, told)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(made_at, UTC).isoformat().replace("+00:00", "Z"),
            "component": {
                "type": "application",
                "bom-ref": "copilot-api",
                "name": "copilot-api",
                "version": version,
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": parts,
        "dependencies": [
            {"ref": "copilot-api", "dependsOn": sorted({"python", *direct(DISTRIBUTION, {"images"})})},
            *({"ref": name, "dependsOn": sorted(direct(name, set()))} for name in packages),
        ],
    }


def needed(name: str, extras: set[str]) -> set[str]:
    """Everything that `name` needs on this system, and all that those need."""
    found: set[str] = set()
    waiting = list(direct(name, extras))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += direct(one, set())
    return found


def direct(name: str, extras: set[str]) -> set[str]:
    """What `name` itself asks for on this system."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    asked = (Requirement(text) for text in metadata.requires(name) or [])
    wanted = extras or {""}
    return {
        str(canonicalize_name(one.name))
        for one in asked
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (wanted | {""}))
    }


def _component(name: str) -> dict[str, Any]:
    about = metadata.metadata(name)
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": name,
        "name": name,
        "version": about["Version"],
        "purl": f"pkg:pypi/{name}@{about['Version']}",
    }
    if "License-Expression" in about:
        component["licenses"] = [{"expression": about["License-Expression"]}]
    elif told := _licence(about):
        component["licenses"] = [{"license": {"name": told}}]
    return component


def _licence(about: Any) -> str:
    """The licence where a package does not tell it as an expression: its own word for it, else what it is filed under."""
    filed = [line.rsplit(" :: ", 1)[1] for line in about.get_all("Classifier") or [] if line.startswith("License :: ")]
    own = about.get("License") or ""
    return own if own and "\n" not in own and len(own) < 80 else " AND ".join(filed)


def _python() -> dict[str, Any]:
    version = ".".join(map(str, sys.version_info[:3]))
    return {
        "type": "platform",
        "bom-ref": "python",
        "name": "CPython",
        "version": version,
        "licenses": [{"license": {"id": "PSF-2.0"}}],
        "cpe": f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
    }


def smoke(arguments: list[str]) -> int:
    """Whether the program does what it is for, in a HOME of its own and without a setting from outside."""
    if not arguments:
        raise Wrong("no program is named")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        environ = environment(Path(home))
        said = subprocess.run(
            [*arguments, "--version"], env=environ, capture_output=True, text=True, check=False, timeout=START_S
        )
        if (said.returncode, said.stdout.strip()) != (0, f"copilot-api {own_version()}"):
            raise Wrong(f"--version ended with {said.returncode} and said {said.stdout!r} {said.stderr!r}")
        for line in serve(arguments, environ):
            print(line)
    return 0


def environment(home: Path) -> dict[str, str]:
    """This machine's environment without what is ours, Python's or a secret."""
    ours = ("COPILOT_", "GH_", "GITHUB_", "PYTHON", "VIRTUAL_ENV", "XDG_")
    places = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), str(home))
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)} | places


def serve(command: list[str], environ: dict[str, str]) -> Iterator[str]:
    """Starts it, asks, stops it; tells how long each took. Raises Wrong."""
    # On Windows, so that Ctrl-Break reaches the program alone.
    group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    began = time.monotonic()
    with subprocess.Popen(
        [*command, "start", "--sandbox", "--port", "0"],
        env=environ,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        creationflags=group,
    ) as program:
        limit = threading.Timer(START_S, program.kill)
        limit.start()
        try:
            url, said = _served_at(program)
            yield f"serves after {time.monotonic() - began:.2f} s"
            for dialect, (path, body, expected) in ASKED.items():
                asked = time.monotonic()
                answer = post(url + path, body)
                if expected not in re.sub(r'("\w+":) ', r"\1", answer):
                    raise Wrong(f"{dialect}: this is no answer: {answer[:300]}")
                yield f"{dialect}: answers after {time.monotonic() - asked:.2f} s"
            limit.cancel()
            yield f"stops after {_stopped(program, said):.2f} s"
        finally:
            limit.cancel()
            program.kill()


def _served_at(program: "subprocess.Popen[str]") -> tuple[str, list[str]]:
    """The address, once it serves there, and what it said. Raises Wrong."""
    assert program.stderr is not None  # noqa: S101 - a pipe was asked for
    said: list[str] = []
    for line in program.stderr:
        said.append(line)
        if "press Ctrl-C" in line:
            found = re.search(r"serving GitHub Copilot.* at (http://\S+)", "".join(said))
            if found:
                return found[1], said
    raise Wrong(f"it did not serve within {START_S:g} s, and said: {''.join(said)}")


def _stopped(program: "subprocess.Popen[str]", said: list[str]) -> float:
    """Asks it to stop; gives the seconds that took. Raises Wrong."""
    began = time.monotonic()
    # On Windows Ctrl-C cannot be sent to one program alone; Ctrl-Break can.
    program.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))
    try:
        _, rest = program.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired as error:
        raise Wrong(f"it did not stop within {STOP_S:g} s") from error
    if program.returncode:
        raise Wrong(f"it ended with exit code {program.returncode}, and said: {''.join(said)}{rest}")
    return time.monotonic() - began


def post(url: str, body: dict[str, Any]) -> str:
    """The answer to a question. Raises Wrong."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    # A proxy of the machine's environment has no business between the program and us.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as response:
            return str(response.read().decode())
    except OSError as error:
        raise Wrong(f"{url}: {error}") from error


VERBS: dict[str, Callable[[list[str]], int]] = {
    "notes": notes,
    "ours": ours,
    "stamp": stamp,
    "sums": sums,
    "sbom": sbom,
    "smoke": smoke,
}


def main(arguments: list[str]) -> int:
    """Runs the verb that comes first; gives the exit code."""
    if not arguments or arguments[0] not in VERBS:
        print(__doc__, file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        return VERBS[arguments[0]](arguments[1:])
    except (Wrong, OSError, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
