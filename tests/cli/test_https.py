"""`https` with the real program: set up, served, trusted by real clients, and removed without a trace."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.builders.browser import QUIET, found
from tests.builders.program import Program


def authority(program: Program) -> Path:
    [path] = program.home.rglob("https/ca.pem")
    return path


async def out_of(*command: str | Path, **environ: str) -> tuple[int, str]:
    """Exit code and output of a program with an environment of its own."""
    code, out, _ = await all_of(*command, **environ)
    return code, out


async def all_of(*command: str | Path, **environ: str) -> tuple[int, str, str]:
    """The same, and what it said on standard error."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=kept | environ
    )
    async with asyncio.timeout(50):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_set_up_it_says_how_clients_come_to_trust_it(program: Program) -> None:
    ended = await program.run("https", "setup")
    path = authority(program)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("made: certificates for localhost, 127.0.0.1 and ::1, and for nothing else")
    for hint in (f"NODE_EXTRA_CA_CERTS={path}", f"SSL_CERT_FILE={path}", f"--cacert '{path}'", "copilot-api start --https"):
        assert hint in ended.err
    again = await program.run("https", "setup")
    assert again.err.startswith("the certificates are there, and valid\n")


async def test_status_tells_what_is_there(program: Program) -> None:
    assert json.loads((await program.run("https", "status", "--json")).out) == {"isSetUp": False, "isOn": False}
    assert (await program.run("https")).err == "https is not set up; copilot-api https setup does that\n"
    await program.run("https", "setup")
    facts = json.loads((await program.run("https", "status", "--json")).out)
    path = authority(program)
    _, told = await out_of("openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256")
    assert told.strip().endswith(facts["sha256"])
    assert (facts["isSetUp"], facts["isOn"], facts["certificate"], facts["trustedBy"]) == (True, False, str(path), [])
    lines = (await program.run("https", "status")).out.splitlines()
    assert lines[0] == f"certificates: valid, until {facts['validUntil']}"
    assert lines[2] == f"SHA-256: {facts['sha256']}"


async def test_damaged_ones_are_told_and_made_anew(program: Program) -> None:
    await program.run("https", "setup")
    path = authority(program)
    (path.parent / "server-0.pem").unlink()
    ended = await program.run("https", "status")
    assert "certificates: not usable" in ended.out
    assert "hint: copilot-api https setup" in ended.err
    before = path.read_bytes()
    assert (await program.run("https", "setup")).err.startswith("made: ")
    assert path.read_bytes() != before


async def test_removed_nothing_is_left(program: Program) -> None:
    await program.run("https", "setup")
    folder = authority(program).parent
    program.environ["COPILOT_API_HTTPS"] = "true"
    ended = await program.run("https", "remove")
    assert ended.err == ("removed\nwarning: https is still switched on in the settings\nhint: copilot-api debug shows where\n")
    assert list(folder.iterdir()) == []
    del program.environ["COPILOT_API_HTTPS"]
    assert (await program.run("https", "remove")).err == "there was nothing to remove\n"
    ended = await program.run("start", "--sandbox", "--port", "0", "--https")
    assert ended.err == "error: there is no certificate to serve https with\nhint: copilot-api https setup makes one\n"


@pytest.mark.usefixtures("nss")
async def test_browsers_are_told_when_that_is_asked_for_and_told_otherwise_when_it_goes(program: Program) -> None:
    database = program.home / ".pki" / "nssdb"
    ended = await program.run("https", "setup", "--trust")
    assert f"trusted by the browsers' own store in {database}\n" in ended.err
    facts = json.loads((await program.run("https", "status", "--json")).out)
    assert facts["trustedBy"] == [f"nss:{database}"]
    listing = ("certutil", "-L", "-d", f"sql:{database}")
    assert facts["name"] in (await out_of(*listing))[1]
    again = await program.run("https", "setup", "--trust")
    assert f"trusted by the browsers' own store in {database}\n" in again.err
    assert (await out_of(*listing))[1].count("copilot-api") == 1
    ended = await program.run("https", "remove")
    assert ended.err == f"no longer trusted by the browsers' own store in {database}\nremoved\n"
    assert "copilot-api" not in (await out_of(*listing))[1]


@pytest.mark.usefixtures("nss")
async def test_what_cannot_be_taken_out_is_told_and_the_rest_goes(program: Program) -> None:
    await program.run("https", "setup", "--trust")
    name = json.loads((await program.run("https", "status", "--json")).out)["name"]
    database = f"sql:{program.home}/.pki/nssdb"
    await out_of("certutil", "-D", "-d", database, "-n", name)
    ended = await program.run("https", "remove")
    assert ended.code == 0
    assert "warning: the browsers' own store in" in ended.err
    assert "cannot be changed" in ended.err
    assert ended.err.endswith("removed\n")


async def test_without_a_store_of_ones_own_that_is_told(program: Program, tmp_path: Path) -> None:
    program.environ["PATH"] = str(tmp_path)
    ended = await program.run("https", "setup", "--trust")
    assert ended.code == 0
    assert "warning: there is no store of certificates here that is yours alone\nhint: apt install libnss3-tools\n" in ended.err


async def test_a_note_that_nobody_understands_can_be_cleared_away(program: Program) -> None:
    await program.run("https", "setup")
    (authority(program).parent / "state.json").write_text("nonsense")
    ended = await program.run("https", "status")
    assert (ended.code, "copilot-api https remove clears it away" in ended.err) == (1, True)
    assert (await program.run("https", "remove")).err == "removed\n"
    assert (await program.run("https", "setup")).code == 0


async def test_curl_and_python_are_served_once_they_are_told(program: Program) -> None:
    await program.run("https", "setup")
    path = authority(program)
    async with program.serving("--sandbox", "--https") as server:
        secure = server.err.split("https, too         ")[1].split("\n")[0]
        assert secure.startswith("https://localhost:")
        assert secure.rpartition(":")[2] == server.url.rpartition(":")[2]
        assert (await out_of("curl", "-sS", secure + "/health"))[0] == 60
        code, said = await out_of("curl", "-sS", "--cacert", path, secure + "/health")
        assert (code, '"status":"ok"' in said) == (0, True)
        read = f"import urllib.request as r; print(r.urlopen({secure + '/health'!r}).read())"
        assert '"status":"ok"' in (await out_of("python3", "-c", read, SSL_CERT_FILE=str(path)))[1]


@pytest.mark.slow
async def test_node_is_served_once_it_is_told(program: Program) -> None:
    await program.run("https", "setup")
    async with program.serving("--sandbox", "--https") as server:
        secure = server.err.split("https, too         ")[1].split("\n")[0]
        fetch = f"fetch('{secure}/health').then(r => r.text()).then(console.log, e => console.log(e.cause.code))"
        assert "UNABLE_TO_VERIFY" in (await out_of("node", "-e", fetch))[1]
        told = {"NODE_EXTRA_CA_CERTS": str(authority(program))}
        assert '"status":"ok"' in (await out_of("node", "-e", fetch, **told))[1]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("nss", "browser")
async def test_a_browser_shows_it_once_it_is_told_and_not_before_nor_after(program: Program) -> None:
    chromium = found()
    assert chromium

    async def page(url: str, profile: str) -> str:
        """What is shown, or why nothing is."""
        options = (*QUIET, f"--user-data-dir={program.home}/{profile}", "--dump-dom", url)
        _, shown, complaint = await all_of(chromium, *options, HOME=str(program.home))
        return shown or complaint

    await program.run("https", "setup")
    async with program.serving("--sandbox", "--https") as server:
        secure = server.err.split("https, too         ")[1].split("\n")[0]
        assert "ERR_CERT_AUTHORITY_INVALID" in await page(secure + "/health", "before")
        await program.run("https", "setup", "--trust")
        for host in ("localhost", "127.0.0.1"):
            assert "uptime_s" in await page(secure.replace("localhost", host) + "/health", "told")
        await program.run("https", "remove")
        assert "ERR_CERT_AUTHORITY_INVALID" in await page(secure + "/health", "after")
