"""The AppImage runs without FUSE, unpacks once, and shows AppImage tools what they look for."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from installers import product
from tests.installers.conftest import Make


@pytest.fixture(scope="module")
def package(make: Make) -> Path:
    return make("appimage")


def run(package: Path, *arguments: str, home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs it with nothing in its environment but a home folder; the program in it is coreutils' env."""
    wanted = {"HOME": str(home), "PATH": os.environ["PATH"], "TMPDIR": str(home), **environ}
    return subprocess.run([package, *arguments], capture_output=True, text=True, check=False, env=wanted, cwd=home)


def cache(home: Path) -> list[Path]:
    return sorted((home / ".cache" / "copilot-api").iterdir())


def test_it_runs_with_its_arguments(package: Path, tmp_path: Path) -> None:
    done = run(package, "echo", "two words", "--help", home=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "two words --help\n", "")


@pytest.mark.parametrize("how", [["--appimage-extract-and-run"], []])
def test_the_way_that_needs_no_fuse_elsewhere_is_accepted(package: Path, tmp_path: Path, how: list[str]) -> None:
    done = run(package, *how, "echo", "hello", home=tmp_path, APPIMAGE_EXTRACT_AND_RUN="1")
    assert (done.returncode, done.stdout) == (0, "hello\n")


def test_the_exit_code_is_the_programs(package: Path, tmp_path: Path) -> None:
    assert run(package, "sh", "-c", "exit 7", home=tmp_path).returncode == 7


def test_the_program_knows_where_it_came_from(package: Path, tmp_path: Path) -> None:
    told = dict(line.split("=", 1) for line in run(package, home=tmp_path).stdout.splitlines())
    assert told["APPIMAGE"] == str(package)
    assert told["APPDIR"] == str(cache(tmp_path)[0])
    assert told["OWD"] == str(tmp_path)


def test_it_unpacks_once(package: Path, tmp_path: Path) -> None:
    run(package, "true", home=tmp_path)
    (folder,) = cache(tmp_path)
    assert folder.name.startswith(f"appimage-{product.version()}-")
    before = folder.lstat().st_mtime_ns, (folder / "AppRun").lstat().st_ctime_ns
    run(package, "true", home=tmp_path)
    assert cache(tmp_path) == [folder]
    assert (folder.lstat().st_mtime_ns, (folder / "AppRun").lstat().st_ctime_ns) == before


def test_first_starts_at_once_do_not_meet(package: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda number: run(package, "echo", str(number), home=tmp_path), range(16)))
    assert [done.stdout for done in ended] == [f"{number}\n" for number in range(16)]
    assert len(cache(tmp_path)) == 1


def test_what_other_versions_left_is_removed_unless_it_runs(package: Path, tmp_path: Path) -> None:
    base = tmp_path / ".cache" / "copilot-api"
    for name in ("appimage-0.9.0-old", "appimage-0.8.0-running", ".new-cut"):
        (base / name / "usr").mkdir(parents=True)
    (base / "something else").mkdir()
    base.chmod(0o700)
    with subprocess.Popen(["flock", "--shared", base / "appimage-0.8.0-running", "cat"], stdin=subprocess.PIPE) as running:
        while subprocess.run(["flock", "--nonblock", base / "appimage-0.8.0-running", "true"], check=False).returncode == 0:
            pass
        run(package, "true", home=tmp_path)
        left = {path.name for path in cache(tmp_path)}
        assert running.stdin is not None
        running.stdin.close()
    assert left == {"appimage-0.8.0-running", "something else", *(name for name in left if product.version() in name)}
    assert len(left) == 3


def test_a_running_program_holds_its_folder(package: Path, tmp_path: Path) -> None:
    run(package, "true", home=tmp_path)
    (folder,) = cache(tmp_path)
    tried = run(package, "sh", "-c", f"flock --nonblock '{folder}' true || echo held", home=tmp_path)
    assert tried.stdout == "held\n"


def test_where_the_cache_cannot_be_written_the_scratch_folder_will_do(package: Path, tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("a file", "utf-8")
    assert run(package, "echo", "here", home=tmp_path).stdout == "here\n"
    assert (tmp_path / f"copilot-api-{os.getuid()}").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_write_is_not_trusted(package: Path, tmp_path: Path) -> None:
    base = tmp_path / ".cache" / "copilot-api"
    base.mkdir(parents=True)
    base.chmod(0o777)
    run(package, "true", home=tmp_path)
    assert list(base.iterdir()) == []
    assert (tmp_path / f"copilot-api-{os.getuid()}").exists()


def test_where_nothing_can_be_written_it_says_what_to_set(package: Path, tmp_path: Path) -> None:
    done = run(package, "true", home=tmp_path, HOME="/proc/none", TMPDIR="/proc/none")
    assert done.returncode == 2
    assert done.stderr.endswith(
        "error: there is no folder to unpack into\nhint: set XDG_CACHE_HOME to one that can be written and run from\n"
    )


def test_an_unknown_option_of_the_head_is_named(package: Path, tmp_path: Path) -> None:
    done = run(package, "--appimage-mount", home=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no option --appimage-mount\nhint: --appimage-help")


def test_appimage_tools_find_what_they_look_for(package: Path, tmp_path: Path) -> None:
    assert package.read_bytes()[8:11] == b"AI\x02"
    offset = run(package, "--appimage-offset", home=tmp_path).stdout.strip()
    command = ["unsquashfs", "-quiet", "-no-progress", "-offset", offset, "-dest", "by-tool", str(package)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert run(package, "--appimage-extract", home=tmp_path).returncode == 0
    subprocess.run(["diff", "--recursive", "--no-dereference", "by-tool", "squashfs-root"], cwd=tmp_path, check=True)
    root = tmp_path / "squashfs-root"
    assert (root / "AppRun").readlink() == Path("usr/bin/copilot-api")
    assert (root / ".DirIcon").resolve().read_bytes().startswith(b"\x89PNG")
    subprocess.run(["desktop-file-validate", root / "copilot-api.desktop"], check=True)
    assert not (root / "usr" / "lib" / "systemd").exists()
    assert "squashfuse" in (root / "usr" / "share" / "doc" / "copilot-api" / "LICENCES.txt").read_text("utf-8")


def test_the_head_needs_no_library(package: Path) -> None:
    told = subprocess.run(["readelf", "--wide", "--segments", package], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in told


def test_two_runs_give_the_same_bytes(package: Path, make: Make) -> None:
    assert make("appimage").read_bytes() == package.read_bytes()
