"""The container's files: judged by their linters, and in what they say by what the program needs.

Slow: the linters are installed once. No image is built here, which takes a registry.
"""

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from copilot_api import settings
from copilot_api.service import Service
from installers import product
from tests.builders.linters import Linters

ROOT = Path(__file__).parent.parent.parent.parent
DOCKERFILE = ROOT / "installers" / "container" / "Dockerfile"
COMPOSE = ROOT / "installers" / "container" / "compose.yaml"
KUBERNETES = ROOT / "installers" / "kubernetes" / "copilot-api.yaml"
TEXT = DOCKERFILE.read_text("utf-8")
LAST_STAGE = TEXT[TEXT.rindex("\nFROM ") :]
SECRETS = {"GH_TOKEN", "COPILOT_API_KEY"}


def healthcheck() -> list[str]:
    """The command of HEALTHCHECK, with the line's continuations joined."""
    found = re.search(r"^HEALTHCHECK .*?CMD (\[.*?\])$", TEXT.replace("\\\n", " "), re.MULTILINE)
    assert found
    command: list[str] = json.loads(found[1])
    return command


def test_the_last_stage_runs_as_a_number_that_is_not_root() -> None:
    (user,) = re.findall(r"^USER (.+)$", LAST_STAGE, re.MULTILINE)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_no_secret_has_a_place_in_the_image() -> None:
    assert not re.search(rf"^(?:ENV|ARG)\b.*(?:{'|'.join(SECRETS)})", TEXT, re.MULTILINE)


def test_what_is_handed_to_the_build_holds_no_secret_and_no_history() -> None:
    rules = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    assert all((ROOT / name).exists() for name in let_in)
    assert not {name for name in let_in if name.startswith(".")}


async def test_the_probe_finds_a_server_that_serves(service: Service) -> None:
    port = service.url.rsplit(":", 1)[1]
    assert await _probe(port) == 0


async def test_the_probe_fails_where_nothing_serves(unused_tcp_port: int) -> None:
    assert await _probe(str(unused_tcp_port)) != 0


async def _probe(port: str) -> int:
    process = await asyncio.create_subprocess_exec(*healthcheck(), env={"COPILOT_API_PORT": port}, stderr=subprocess.DEVNULL)
    async with asyncio.timeout(10):
        return await process.wait()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_hadolint_has_nothing_to_say_of_the_dockerfile(linters: Linters) -> None:
    done = linters.run("hadolint", "--failure-threshold", "style", DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_compose_fits_its_schema_and_shuts_the_container_in(linters: Linters) -> None:
    done = linters.run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    assert done.returncode == 0, done.stdout
    (composed,) = linters.yaml(COMPOSE)
    (container,) = composed["services"].values()
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in container["ports"])
    # Each must be given by whoever starts it, or compose says so and stops.
    assert {name for name, value in container["environment"].items() if value.startswith(f"${{{name}:?")} == SECRETS


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kubernetes_takes_the_example_strictly(linters: Linters) -> None:
    done = linters.run("kubernetes-validate", "--strict", KUBERNETES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" passed ") + done.stderr.count(" passed ") == 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_example_keeps_the_rules_for_restricted_pods_and_asks_for_health(linters: Linters) -> None:
    pod, container = pod_and_container(linters)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}
    assert container["image"] == f"copilot-api:{product.version()}"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_the_example_sets_are_settings_and_secrets_are_referred_to(linters: Linters) -> None:
    pod, container = pod_and_container(linters)
    known = {variable for name in settings.options() for variable in settings.variables(name)}
    given = {entry["name"]: entry for entry in container["env"]}
    assert given.keys() <= known
    assert {name for name, entry in given.items() if "secretKeyRef" in entry.get("valueFrom", {})} == SECRETS
    # A service named copilot-api would set COPILOT_API_PORT to an address, which is not a port.
    assert pod["enableServiceLinks"] is False
    assert "copilot-api" in given["COPILOT_API_ALLOWED_HOSTS"]["value"].split(",")


def pod_and_container(linters: Linters) -> tuple[dict[str, Any], dict[str, Any]]:
    """The deployment's pod, and the one container in it."""
    deployment, _service = linters.yaml(KUBERNETES)
    pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    return pod, container
