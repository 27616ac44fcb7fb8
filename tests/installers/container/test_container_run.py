"""The image, built and run: what the Dockerfile says, in a real container.

Slow: it needs podman, runc and debootstrap. No registry is asked: Debian's own tool makes the image that the last stage begins
with, and what build/build.py made at dist/copilot-api.dist stands in for the first stage, which would compile it once more. In
CI it must be there; elsewhere these tests are left out without it.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from copilot_api import __version__
from installers import product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FOLDER = product.ROOT / "dist" / "copilot-api.dist"
CONTAINER = product.ROOT / "installers" / "container"
BASE = "docker.io/library/debian:bookworm-slim"
IMAGE = "localhost/copilot-api"
LIMIT_S = 30.0
# As in compose.yaml and in the example for Kubernetes, and without a network.
SHUT_IN = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"]
# podman's own are above what a build machine may have.
SHUT_IN += ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
# Neither curl nor Python is in there. Answers end where the connection does, as HTTP/1.0 has it.
ASK = "exec 3<>/dev/tcp/127.0.0.1/4141; printf 'GET /v1/models HTTP/1.0\\r\\n%s\\r\\n' \"$1\" >&3; head -n 1 <&3"


def mirror() -> str:
    """The mirror that apt itself uses on this machine."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return next((line.split()[1] for line in told.splitlines() if line.startswith("Debian ")), "http://deb.debian.org/debian")


@dataclass
class Podman:
    """podman with a store of its own."""

    store: Path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Runs a command of podman's; runc, because it takes either kind of control groups."""
        own = ["--root", self.store / "root", "--runroot", self.store / "run"]
        runs = ["--cgroup-manager", "cgroupfs", "--runtime", shutil.which("runc") or "runc", "--events-backend", "none"]
        command = [str(word) for word in ("podman", *own, *runs, *arguments)]
        # The flag for it is forgotten between two calls (podman 4.3).
        environ = {**os.environ, "STORAGE_DRIVER": "overlay"}
        return subprocess.run(command, cwd=product.ROOT, env=environ, capture_output=True, text=True, check=False, timeout=120)

    def ask(self, *arguments: str | Path) -> str:
        """What a command prints, nothing being wrong."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    """With the image in its store."""
    assert FOLDER.is_dir(), "python3 build/dev.py build --standalone makes what goes into the image"
    folder = Path(tempfile.mkdtemp(prefix="podman-"))  # no path that pytest makes would be short enough for it
    made = Podman(folder / "store")
    subprocess.run(["debootstrap", "--variant=minbase", "bookworm", folder / "base", mirror()], check=True, capture_output=True)
    subprocess.run(["tar", "-C", folder / "base", "-cf", folder / "base.tar", "."], check=True)
    made.ask("import", "--quiet", folder / "base.tar", BASE)
    shutil.copytree(FOLDER, folder / "stage" / "out" / FOLDER.name, symlinks=True)
    made.ask(
        *("build", "--format", "docker", "--isolation", "chroot", "--network", "host", "--pull=never"),
        *("--build-context", f"build={folder / 'stage'}", "--ignorefile", CONTAINER / "Dockerfile.dockerignore"),
        *("--file", CONTAINER / "Dockerfile", "--tag", IMAGE, "."),
    )
    yield made
    made.run("rm", "--all", "--force")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def serving(podman: Podman) -> Iterator[str]:
    """The name of a container that serves the sandbox."""
    given = ["--env", "GH_TOKEN=gho_secret", "--env", "COPILOT_API_KEY=sesame"]
    name = podman.ask("run", "--detach", *SHUT_IN, *given, IMAGE, "start", "--sandbox")
    deadline = time.monotonic() + LIMIT_S
    while "press Ctrl-C" not in podman.run("logs", name).stderr:
        assert time.monotonic() < deadline, podman.run("logs", name).stderr
        time.sleep(0.2)
    yield name
    podman.run("rm", "--force", name)


def test_the_program_is_its_entry(podman: Podman) -> None:
    assert podman.ask("run", "--rm", *SHUT_IN, IMAGE, "--version") == f"copilot-api {__version__}"


def test_its_own_probe_finds_it_healthy(podman: Podman, serving: str) -> None:
    done = podman.run("healthcheck", "run", serving)
    assert done.returncode == 0, done.stdout + done.stderr


def test_who_shows_no_key_is_refused_and_who_shows_one_is_served(podman: Podman, serving: str) -> None:
    assert " 401 " in podman.ask("exec", serving, "bash", "-c", ASK, "ask", "")
    assert " 200 " in podman.ask("exec", serving, "bash", "-c", ASK, "ask", "x-api-key: sesame\r\n")


def test_it_is_not_root_and_can_write_to_its_data_alone(podman: Podman, serving: str) -> None:
    assert podman.ask("exec", serving, "id", "-u") == "10001"
    assert podman.run("exec", serving, "touch", "/opt/copilot-api/x").returncode != 0
    podman.ask("exec", serving, "touch", "/data/x")


def test_stopped_it_ends_by_itself_with_exit_code_0(podman: Podman) -> None:
    name = podman.ask("run", "--detach", *SHUT_IN, "--env", "COPILOT_API_KEY=sesame", IMAGE, "start", "--sandbox")
    deadline = time.monotonic() + LIMIT_S
    while "press Ctrl-C" not in podman.run("logs", name).stderr:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    podman.ask("stop", "--time", "20", name)
    assert podman.ask("inspect", "--format", "{{.State.ExitCode}}", name) == "0"


def test_without_a_key_it_does_not_serve(podman: Podman) -> None:
    done = podman.run("run", "--rm", *SHUT_IN, IMAGE, "start", "--sandbox")
    assert done.returncode != 0
    assert "0.0.0.0 can be reached from other machines, and there is no API key" in done.stderr


def test_no_layer_holds_a_secret_or_more_than_the_program_needs(podman: Podman) -> None:
    (image,) = json.loads(podman.ask("inspect", IMAGE))
    names = {entry.split("=")[0] for entry in image["Config"]["Env"]}
    assert names == {"HOME", "COPILOT_API_HOST", "PATH"}
    there = podman.run("run", "--rm", *SHUT_IN, "--entrypoint", "bash", IMAGE, "-c", "command -v python3 gcc curl; ls /src")
    assert there.stdout == ""
