"""The workflows are judged by actionlint, zizmor and their schema, and name only what is there.

Slow: the linters are installed once.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from installers.__main__ import TARGETS
from tests.builders.linters import Linters

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# What there is at GitHub since this actionlint, which knows the machines of its day.
NEWER_MACHINES = {"ubuntu-24.04", "ubuntu-24.04-arm", "windows-2025", "macos-15", "macos-15-intel"}
NEWER_PERMISSIONS = {"attestations"}


def is_news(finding: dict[str, Any]) -> bool:
    """Whether actionlint complains only of what is newer than itself."""
    quoted = re.search(r'"([^"]+)"', finding["message"])
    name = quoted[1] if quoted else ""
    return (finding["kind"], name) in {
        *(("runner-label", machine) for machine in NEWER_MACHINES),
        *(("permissions", scope) for scope in NEWER_PERMISSIONS),
    }


def test_actionlint_finds_nothing(linters: Linters) -> None:
    found = linters.actionlint(*WORKFLOWS)
    assert any(is_news(finding) for finding in found), "it did not look, or it knows the machines now: empty the lists above"
    assert [finding for finding in found if not is_news(finding)] == []


def test_zizmor_finds_nothing(linters: Linters) -> None:
    done = linters.run("zizmor", "--offline", "--no-progress", ".")
    assert done.returncode == 0, done.stdout


def test_the_workflows_fit_githubs_schema(linters: Linters) -> None:
    done = linters.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def jobs(linters: Linters) -> dict[str, dict[str, Any]]:
    """Every job of every workflow."""
    return {f"{path.stem}/{name}": job for path in WORKFLOWS for name, job in linters.yaml(path)[0]["jobs"].items()}


def commands(job: dict[str, Any]) -> list[str]:
    return [line.strip() for step in job["steps"] for line in step.get("run", "").splitlines()]


def test_each_job_may_do_little_and_not_for_long(jobs: dict[str, dict[str, Any]]) -> None:
    for name, job in jobs.items():
        writes = {scope for scope, access in job["permissions"].items() if access == "write"}
        assert writes <= {"release/draft": {"contents", "id-token", "attestations"}, "release/pypi": {"id-token"}}.get(
            name, set()
        )
        assert job["timeout-minutes"] <= 90


def test_scripts_and_targets_that_are_called_exist(jobs: dict[str, dict[str, Any]]) -> None:
    called = [line for job in jobs.values() for line in commands(job)]
    scripts = {found for line in called for found in re.findall(r"\bbuild/\w+\.py|\.ci/run", line)}
    assert scripts >= {"build/dev.py", "build/release.py", ".ci/run"}
    assert all((ROOT / script).exists() for script in scripts)
    asked = [line.split(" -m installers ")[1].split() for line in called if " -m installers " in line]
    # The bundle is made on the way to its image.
    assert {target for targets in asked for target in targets} == TARGETS.keys() - {"app"}


def test_each_system_and_processor_of_the_release_is_built_and_tried(jobs: dict[str, dict[str, Any]]) -> None:
    machines = {
        name: [row["machine"] for row in jobs[f"release/{name}"]["strategy"]["matrix"]["include"]]
        for name in ("linux", "linux-packages", "macos")
    }
    both = ["x86_64", "aarch64"]
    assert machines == {"linux": both, "linux-packages": both, "macos": ["arm64", "x86_64"]}
    for name in ("linux", "linux-packages", "windows", "windows-install", "macos", "wheel"):
        assert any("release.py smoke" in line for line in commands(jobs[f"release/{name}"])), name


def test_tests_run_on_three_systems_with_the_oldest_and_the_newest_python(jobs: dict[str, dict[str, Any]]) -> None:
    matrix = jobs["test/tests"]["strategy"]["matrix"]
    assert {system.split("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert oldest is not None
    assert matrix["python"][0] == oldest[1]
