"""Wherever it is put and whatever it is denied, it starts, answers, and leaves nothing behind."""

import json
import os
import shutil
from pathlib import Path

import aiohttp
import pytest

from copilot_api.form import Form
from copilot_api.sandbox import Sandbox
from tests.builders.processes import apart
from tests.builders.program import Program

CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hei"}]}


async def answers(program: Program, http: aiohttp.ClientSession) -> str:
    """Starts a server, asks it for an answer, stops it. Gives what it said on standard error."""
    async with program.serving() as server:
        async with http.post(f"{server.url}/v1/chat/completions", json=CHAT) as response:
            assert response.status == 200
            assert (await response.json())["choices"][0]["message"]["content"]
        server.process.terminate()
        ended = await server.ended()
    assert (ended.code, ended.out) == (0, "")
    assert "Traceback" not in ended.err
    return ended.err


async def test_it_needs_no_python_and_no_other_program(compiled: Program, http: aiohttp.ClientSession) -> None:
    assert shutil.which("python3", path=compiled.environ["PATH"]) is None
    assert "serving GitHub Copilot of sandbox-dev at " in await answers(compiled, http)


async def test_next_to_no_environment_will_do(compiled: Program) -> None:
    compiled.environ = {name: compiled.environ[name] for name in ("HOME", "XDG_CACHE_HOME") if name in compiled.environ}
    ended = await compiled.run("debug", "--json")
    assert (ended.code, ended.err) == (0, "")


async def test_it_runs_where_it_may_not_write(
    as_root: None, compiled: Program, executable: Path, http: aiohttp.ClientSession
) -> None:
    """A folder below /usr, an image of a container."""
    folder = executable.resolve().parent
    program = apart(compiled, f"mount --bind '{folder}' '{folder}'", f"mount -o remount,bind,ro '{folder}'")
    await answers(program, http)


async def test_it_runs_where_no_temporary_file_can_be_written(
    as_root: None, compiled: Program, executable: Path, form: Form, http: aiohttp.ClientSession
) -> None:
    """What it lives in is moved out of /tmp first, where the tests keep it."""
    program = apart(
        compiled,
        f"mount --bind '{executable.resolve().parent}' /media",
        f"mount --bind '{compiled.home}' /mnt",
        *(f"mount -t tmpfs -o ro none {folder}" for folder in ("/tmp", "/var/tmp", "/dev/shm")),
    )
    program.starts = (*program.starts[:-1], f"/media/{executable.name}")
    program.environ |= {name: "/mnt" for name in ("HOME", "XDG_CACHE_HOME") if name in program.environ}
    program.environ["TMPDIR"] = "/tmp"
    program.environ["COPILOT_API_TOKEN_STORE"] = "file"
    await answers(program, http)


async def test_names_may_hold_blanks_and_any_letter(
    compiled: Program, executable: Path, form: Form, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    home = compiled.home / "Zoë's home · 家"
    home.mkdir()
    here = home / "pro grams" / "copilot-api ünder a name"
    if form is Form.ONE_FILE:
        here.parent.mkdir()
        shutil.copy(executable, here)
    else:
        shutil.copytree(executable.resolve().parent, here.parent, copy_function=os.link)
        here = here.with_name(executable.resolve().name)
    for name in {"HOME", "XDG_CACHE_HOME"} & compiled.environ.keys():
        compiled.environ[name] = str(home)
    del compiled.environ["GH_TOKEN"]
    program = Program(home, (str(here),), compiled.environ)
    assert (await program.run("auth", "--with-token", typed=sandbox.grant)).code == 0
    assert program.stored() == [sandbox.grant] or sandbox.grant in program.stored()[0]
    await answers(program, http)
    assert json.loads((await program.run("debug", "--json")).out)["program"]["command"] == [str(here)]


async def test_a_link_to_it_is_as_good(compiled: Program, executable: Path, http: aiohttp.ClientSession) -> None:
    """What a package puts into /usr/bin, and what an autostart entry names."""
    link = compiled.home / "copilot"
    link.symlink_to(executable)
    program = Program(compiled.home, (str(link),), compiled.environ)
    await answers(program, http)
    [command] = json.loads((await program.run("debug", "--json")).out)["program"]["command"]
    assert Path(command) in {link, executable.resolve()}


async def test_it_knows_its_form_its_place_and_its_libraries(compiled: Program, executable: Path, form: Form) -> None:
    told = json.loads((await compiled.run("debug", "--json")).out)["program"]
    assert told["form"] == form.value
    assert told["command"] == [str(executable)]
    assert "" not in told["libraries"].values()
    assert told["libraries"]


@pytest.mark.parametrize("option", ["-c", "-m"])
async def test_it_is_not_python(compiled: Program, option: str) -> None:
    """Libraries that start `sys.executable -c ...` must not get anything done by it."""
    ended = await compiled.run(option, "print('run')")
    assert (ended.code, ended.out) == (2, "")


async def test_it_leaves_no_file_but_its_cache(compiled: Program, http: aiohttp.ClientSession) -> None:
    folder = compiled.home / "temporary"
    folder.mkdir()
    compiled.environ["TMPDIR"] = str(folder)
    before = {path for path in Path("/tmp").iterdir() if path.name.startswith("onefile")}
    await answers(compiled, http)
    assert list(folder.iterdir()) == []
    assert {path for path in Path("/tmp").iterdir() if path.name.startswith("onefile")} == before
