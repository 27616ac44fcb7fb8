"""The one file and the folder of the cache into which it unpacks itself."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from packing import packed

import copilot_api
from copilot_api.leftovers import held
from tests.builders.processes import apart, family
from tests.builders.program import Program

if sys.platform != "win32":
    from tests.builders.program import OnScreen

LONG_AGO = time.time() - 10 * 86400


def cache_of(program: Program) -> Path:
    """The folder that holds what was unpacked."""
    [folder] = [path.parent for path in (program.home / ".cache").rglob("copilot_api") if (path / "tokens").is_dir()]
    return folder


def largest(folder: Path) -> Path:
    return max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("attempt", range(3))
async def test_six_first_starts_at_once_all_succeed(one_file: Program, attempt: int) -> None:
    """packaging.md §7.5: unpacking over each other, one of them died of SIGBUS in every sixth try."""
    ended = await asyncio.gather(*(one_file.run("--version") for _ in range(6)))
    assert {(run.code, run.err) for run in ended} == {(0, "")}


def test_it_holds_each_file_as_we_pack_it(one_file: Program) -> None:
    """build/packing.py, and not as Nuitka would: file by file on one core."""
    ranks = Path(copilot_api.__file__).parent / "tokens" / "data" / "o200k_base.ranks"
    assert packed(ranks.read_bytes()) in Path(one_file.starts[0]).read_bytes()


async def test_it_is_one_process(one_file: Program) -> None:
    """build/one_process.h: Nuitka's own start waits beside the program, and changes or drops signals on their way."""
    async with one_file.serving() as server:
        assert family(server.process.pid) == [server.process.pid]


async def test_the_second_start_writes_nothing(one_file: Program) -> None:
    await one_file.run("--version")
    before = {path: path.stat().st_mtime_ns for path in cache_of(one_file).rglob("*") if path.is_file()}
    assert (await one_file.run("--version")).code == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before


async def reads_of(program: Program, trace: Path) -> list[str]:
    """What a start opened before it became the program, of what had been unpacked."""
    watch = ("/usr/bin/strace", "-q", "-e", "trace=openat,execve", "-o", str(trace))
    assert (await Program(program.home, (*watch, *program.starts), program.environ).run("--version")).code == 0
    before, _, _ = trace.read_text("utf-8").rpartition("execve(")
    return [line.split('"')[1] for line in before.splitlines() if f'"{cache_of(program)}' in line and "openat" in line]


async def test_a_start_that_knows_what_is_unpacked_does_not_read_it_again(one_file: Program, tmp_path: Path) -> None:
    """build/unpacked.h: to read it all took a third of the time of `--version`."""
    await one_file.run("--version")
    opened = await reads_of(one_file, tmp_path / "trace")
    cache = str(cache_of(one_file))
    assert {path for path in opened if path not in {cache, *map(str, cache_of(one_file).rglob("*/"))}} == {f"{cache}/.unpacked"}


async def test_once_the_machine_has_started_anew_all_is_read_again(as_root: None, one_file: Program, tmp_path: Path) -> None:
    """A power cut may have taken back what was written."""
    await one_file.run("--version")
    (tmp_path / "boot").write_text("11111111-2222-3333-4444-555555555555\n", "utf-8")
    elsewhere = apart(one_file, f"mount --bind '{tmp_path}/boot' /proc/sys/kernel/random/boot_id")
    program = str(cache_of(one_file) / "copilot-api.bin")
    assert program in await reads_of(elsewhere, tmp_path / "trace")
    assert program not in await reads_of(elsewhere, tmp_path / "trace")


@pytest.mark.parametrize("said", ["", "0000000000000000", "x" * 20_000, "\0\n\0\n"])
async def test_a_note_of_what_is_unpacked_that_says_nothing_is_made_anew(one_file: Program, said: str) -> None:
    await one_file.run("--version")
    note = cache_of(one_file) / ".unpacked"
    before = note.read_text("utf-8")
    note.write_text(said, "utf-8")
    assert (await one_file.run("--version")).out.startswith("copilot-api ")
    assert note.read_text("utf-8") == before


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
async def test_a_damaged_cache_is_mended(one_file: Program, damage: str) -> None:
    await one_file.run("--version")
    file = largest(cache_of(one_file))
    whole = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(whole[:4096] + b"x" * (len(whole) - 4096 if damage == "changed" else 0))
    assert (await one_file.run("--version")).code == 0
    assert file.read_bytes() == whole


@pytest.mark.parametrize("keeps", [False, True])
async def test_an_older_version_is_removed_unless_it_still_runs(one_file: Program, keeps: bool) -> None:
    await one_file.run("--version")
    own = cache_of(one_file)
    old = own.with_name("0.0.1-older")
    shutil.copytree(own, old, copy_function=os.link)
    os.utime(old, (LONG_AGO, LONG_AGO))
    with held(old if keeps else own):
        if keeps:
            os.utime(old / ".in-use", (LONG_AGO, LONG_AGO))
        async with one_file.serving() as server:
            server.process.terminate()
            assert (await server.ended()).code == 0
    assert old.exists() is keeps
    assert (await one_file.run("--version")).code == 0


async def test_a_cache_that_cannot_be_written_is_named_and_another_will_do(one_file: Program) -> None:
    (one_file.home / ".cache").write_text("not a folder", "utf-8")
    refused = await one_file.run("--version")
    assert refused.code == 2
    assert f"{one_file.home}/.cache/" in refused.err
    one_file.environ["XDG_CACHE_HOME"] = str(one_file.home / "elsewhere")
    assert (await one_file.run("--version")).code == 0


@pytest.mark.parametrize(("options", "reason"), [("noexec", "Permission denied"), ("size=4m", "No space left on device")])
async def test_a_cache_that_will_not_do_is_told(as_root: None, one_file: Program, options: str, reason: str) -> None:
    cache = one_file.home / ".cache"
    cache.mkdir()
    refused = await apart(one_file, f"mount -t tmpfs -o {options} none '{cache}'").run("--version")
    assert refused.code == 2
    assert refused.out == ""
    assert reason in refused.err


if sys.platform != "win32":

    async def test_programs_that_it_starts_do_not_take_themselves_for_a_part_of_it(
        one_file: Program, on_screen: OnScreen
    ) -> None:
        copier = Path(one_file.environ["PATH"], "xclip")
        copier.write_text(f"#!/bin/sh\nexec /usr/bin/env > '{one_file.home}/seen'\n", "utf-8")
        copier.chmod(0o755)
        screen = await on_screen("start", "--port", "0", "-c", environ={"DISPLAY": ":0", "SHELL": "/bin/bash"})
        await screen.expect("main model for Claude Code [")
        screen.type("\n")
        await screen.expect("small, fast model [")
        screen.type("\n")
        await screen.expect("the command that starts Claude Code is on the clipboard")
        screen.interrupt()
        assert await screen.ended() == 0
        seen = (one_file.home / "seen").read_text("utf-8")
        assert f"HOME={one_file.home}" in seen
        assert "NUITKA" not in seen
