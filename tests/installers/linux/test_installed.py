"""The real packages on the systems of others: Debian without Python, with the glibc of today and of five years ago.

These take what build/build.py made, the folder and the one file, in dist. In CI it must be there; elsewhere they are left out
without it.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from installers import product
from installers.__main__ import TARGETS
from installers.job import Job
from tests.builders.claude_code import ClaudeCode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FOLDER = product.ROOT / "dist" / "copilot-api.dist"
FILE = product.ROOT / "dist" / "copilot-api"
# What a package manager writes for itself, and what changes while nobody does anything.
NOT_OURS = (
    "./dev",
    "./proc",
    "./root",
    "./run",
    "./sys",
    "./tmp",
    "./var/cache",
    "./var/lib/apt",
    "./var/lib/dpkg",
    "./var/log",
)
LIMIT_S = 30.0


def ask(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def mirror() -> str:
    """The mirror that apt itself uses on this machine."""
    listed = ask("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages").splitlines()
    return next((line.split()[1] for line in listed if line.startswith("Debian ")), "http://deb.debian.org/debian")


class Chroot:
    """A small Debian in a folder, with a person in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def command(self, *words: str) -> list[str]:
        """What runs `words` in it with nothing of ours in the environment."""
        # /proc is mounted for this one process, so that a test that is ended leaves nothing mounted.
        inside = ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', str(self.root)]
        return [*inside, "/usr/bin/env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """How `words` end in it."""
        return subprocess.run(self.command(*words), capture_output=True, text=True, check=False)

    def ask(self, *words: str) -> str:
        """What `words` print in it, nothing being wrong."""
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self) -> set[str]:
        """Every file and folder of the system."""
        listed = ask("find", self.root, "-xdev", "-printf", "./%P\\n").splitlines()
        return {path for path in listed if not path.startswith(NOT_OURS)}


def debian(suite: str, folder: Path) -> Chroot:
    """The suite's smallest system, which has no Python."""
    ask("debootstrap", "--variant=minbase", suite, folder / suite, mirror())
    return Chroot(folder / suite)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every Linux package of the real program."""
    assert FOLDER.is_dir(), "python3 build/dev.py build --standalone makes what these tests install"
    job = Job(folder=FOLDER, file=FOLDER, out=tmp_path_factory.mktemp("packages"))
    return {target: TARGETS[target](job) for target in ("deb", "rpm", "appimage", "tar")}


@pytest.fixture(scope="module")
def bookworm(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Chroot:
    """Debian 12 with what the .deb depends on, and the packages in /opt."""
    chroot = debian("bookworm", tmp_path_factory.mktemp("debian"))
    depends = ask("dpkg-deb", "--field", packages["deb"], "Depends").strip()
    chroot.ask("apt-get", "-qq", "satisfy", "-y", "--no-install-recommends", depends)
    for package in packages.values():
        (chroot.root / "opt" / package.name).write_bytes(package.read_bytes())
    assert chroot.run("which", "python3").returncode != 0
    return chroot


@contextmanager
def serving(chroot: Chroot, program: str) -> Iterator[str]:
    """The program in the chroot, serving the sandbox; its address."""
    command = chroot.command(program, "start", "--sandbox", "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if "press Ctrl-C to stop" in line:
                break
        assert server.poll() is None, said
        yield said.partition(" at ")[2].partition("\n")[0]
        server.terminate()
        assert server.wait(LIMIT_S) == 0


def asked(url: str) -> str:
    """What curl, outside, gets for a question."""
    question = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}
    address, kind = f"{url}/v1/chat/completions", "content-type: application/json"
    return ask("curl", "-sS", "--max-time", "30", address, "-H", kind, "-d", json.dumps(question))


def test_debian_installs_serves_removes_and_purges(packages: dict[str, Path], bookworm: Chroot) -> None:
    before = bookworm.files()
    bookworm.ask("dpkg", "--install", f"/opt/{packages['deb'].name}")
    assert bookworm.ask("dpkg", "--audit") == ""
    assert bookworm.ask("dpkg", "--verify", "copilot-api") == ""
    assert bookworm.ask("copilot-api", "--version") == f"copilot-api {product.version()}\n"
    with serving(bookworm, "copilot-api") as url:
        assert '"object":"chat.completion"' in asked(url)

    own = [
        bookworm.root / "root" / path
        for path in (".config/copilot-api/config.toml", ".local/share/copilot-api/grants/github.com")
    ]
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")
    installed = bookworm.files() - before
    listed = {f".{line}" for line in bookworm.ask("dpkg", "--listfiles", "copilot-api").splitlines()}
    assert installed <= listed
    assert {
        "./usr/bin/copilot-api",
        "./usr/lib/copilot-api/copilot-api",
        "./usr/lib/systemd/user/copilot-api.service",
    } <= installed

    bookworm.ask("dpkg", "--remove", "copilot-api")
    assert bookworm.files() == before
    bookworm.ask("dpkg", "--purge", "copilot-api")
    assert bookworm.files() == before
    assert bookworm.run("dpkg", "--status", "copilot-api").returncode != 0
    assert all(path.exists() for path in own)


def test_the_appimage_serves_where_there_is_neither_python_nor_fuse(packages: dict[str, Path], bookworm: Chroot) -> None:
    program = f"/opt/{packages['appimage'].name}"
    (bookworm.root / program[1:]).chmod(0o755)
    assert not (bookworm.root / "dev" / "fuse").exists()
    assert bookworm.ask(program, "--version") == f"copilot-api {product.version()}\n"
    with serving(bookworm, program) as url:
        assert '"object":"chat.completion"' in asked(url)


def test_the_archive_serves_from_a_home_folder(packages: dict[str, Path], bookworm: Chroot) -> None:
    bookworm.ask("mkdir", "-p", "/root/.local")
    bookworm.ask("tar", "-xzf", f"/opt/{packages['tar'].name}", "-C", "/root/.local", "--strip-components=1")
    with serving(bookworm, "/root/.local/bin/copilot-api") as url:
        assert '"object":"chat.completion"' in asked(url)


async def test_claude_code_outside_works_with_the_one_file_in_a_debian_without_python(
    bookworm: Chroot, client_programs: Path, tmp_path: Path
) -> None:
    program = bookworm.root / "opt" / "copilot-api"
    program.write_bytes(FILE.read_bytes())
    program.chmod(0o755)
    with serving(bookworm, "/opt/copilot-api") as url:
        claude_code = ClaudeCode(program=client_programs / "claude", home=tmp_path / "home", work=tmp_path / "work", url=url)
        for model in ("claude-sonnet-4.6", "gpt-5.3-codex"):
            said = await claude_code.says("What is the answer?", model=model)
            assert f"the copilot-api sandbox, answering as {model}" in said
            assert "What is the answer?" in said


def test_an_older_system_takes_the_package_if_its_glibc_will_do_and_refuses_it_if_not(
    packages: dict[str, Path], tmp_path: Path
) -> None:
    needed = ask("dpkg-deb", "--field", packages["deb"], "Depends").partition("libc6 (>= ")[2].partition(")")[0]
    chroot = debian("bullseye", tmp_path)
    has = chroot.ask("dpkg-query", "--show", "--showformat", "${Version}", "libc6")
    will_do = subprocess.run(["dpkg", "--compare-versions", has, "ge", needed], check=False).returncode == 0
    (chroot.root / "opt" / packages["deb"].name).write_bytes(packages["deb"].read_bytes())
    before = chroot.files()
    tried = chroot.run("apt-get", "-q", "install", "-y", "--no-install-recommends", f"/opt/{packages['deb'].name}")
    if will_do:
        assert tried.returncode == 0, tried.stderr
        assert chroot.ask("copilot-api", "--version") == f"copilot-api {product.version()}\n"
    else:
        assert tried.returncode != 0
        assert f"Depends: libc6 (>= {needed}) but {has} is to be installed" in tried.stdout + tried.stderr
        assert chroot.files() == before


@pytest.mark.parametrize(
    ("target", "judge"),
    [
        ("deb", ("lintian", "--allow-root", "--fail-on", "error,warning")),
        ("rpm", ("rpmlint", "--strict", "--config", "installers/linux/rpmlint.toml")),
    ],
)
def test_no_checker_of_packages_has_a_remark(packages: dict[str, Path], target: str, judge: tuple[str, ...]) -> None:
    command = [*judge, str(packages[target])]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=product.ROOT, env={**os.environ, "LC_ALL": "C"}
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout == "" or " 0 errors, 0 warnings" in done.stdout
