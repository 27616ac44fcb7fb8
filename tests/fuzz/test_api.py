"""Requests that nobody thought of: none of them breaks the server, and each answer is what its description says."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from copilot_api.service import Service
from copilot_api.settings import Settings
from tests.builders.fuzzers import Fuzzers
from tests.builders.program import Program
from tests.builders.serving import serving
from tests.fuzz.api import description

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SHORT_S = 20
NIGHT_S = 300


def plain(path: str) -> str:
    """A path without the versions in front of it and the names of what varies in it."""
    while path.startswith(("/v1/", "/v1beta/", "/v1alpha/", "/anthropic/")):
        path = "/" + path.split("/", 2)[2]
    return re.sub(r"\{\w+(:[^}]*)?\}(:\w+)?", "{}", path).rstrip("/") or "/"


async def test_the_description_is_true(service: Service) -> None:
    """Every path in it is served, and every path that is served is in it."""
    assert service._serving is not None
    served = {plain(resource.canonical) for resource in service._serving._runner.app.router.resources()}
    # What was answered is not kept by id, and every request for it is told so.
    assert {plain(path) for path in description()["paths"]} == served - {"/responses/{}"}


async def attack(fuzzers: Fuzzers, program: Program, folder: Path, seconds: int) -> None:
    described = folder / "openapi.json"
    described.write_text(json.dumps(description()))
    async with serving(program, Settings(sandbox=True)) as running:
        done = await asyncio.to_thread(
            fuzzers.schemathesis,
            "run",
            described,
            f"--url={running.url}",
            f"--checks={CHECKS}",
            "--phases=examples,coverage,fuzzing",
            f"--max-time={seconds}",
            "--request-timeout=20",
            "--workers=1",
            "--warnings=off",
            "--seed=7",
            "--continue-on-failure",
            within_s=1000,
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert re.search(r"\d{3,} generated, [\d ]*\d{3,} ", done.stdout) or "passed" in done.stdout, done.stdout[-2000:]
    assert "answered 400" in running.err
    assert "fault of our own" not in running.err


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_request_breaks_the_server(fuzzers: Fuzzers, program: Program, tmp_path: Path) -> None:
    await attack(fuzzers, program, tmp_path, SHORT_S)


@pytest.mark.nightly
@pytest.mark.timeout(1100)
async def test_no_request_breaks_the_server_in_a_night(fuzzers: Fuzzers, program: Program, tmp_path: Path) -> None:
    await attack(fuzzers, program, tmp_path, NIGHT_S)
