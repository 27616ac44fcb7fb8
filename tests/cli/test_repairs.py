"""`debug --repairs`: the table, with the counts of the server that runs, or without any."""

import json

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.translate.repairs import ROWS
from tests.builders.program import Program
from tests.builders.serving import Serve, Serving

ASK = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "q"}], "store": True, "stream": True}


def port_of(server: Serving) -> str:
    return server.url.rpartition(":")[2]


async def test_without_a_server_the_table_has_no_counts(program: Program, unused_tcp_port: int) -> None:
    ended = await program.run("debug", "--repairs", "--port", str(unused_tcp_port))
    assert ended.code == 0
    assert f"warning: no copilot-api answers at http://127.0.0.1:{unused_tcp_port}, so nothing is counted" in ended.err
    head, *lines = ended.out.splitlines()
    assert head.split("  ")[0] == "REPAIR"
    assert [line.split()[0] for line in lines] == [row.name for row in ROWS]
    told = json.loads((await program.run("debug", "--repairs", "--json", "--port", str(unused_tcp_port))).out)
    assert (told["server"], told["learned"]) == ("", [])
    assert [row["name"] for row in told["repairs"]] == [row.name for row in ROWS]
    assert {row["fired"] for row in told["repairs"]} == {None}


async def test_a_running_server_tells_its_counts_and_lessons(
    program: Program, server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    said = {"error": {"message": "Unknown parameter: 'newest'."}}
    for body in (ASK, ASK | {"newest": 1}):
        if "newest" in body:
            sandbox.script.fault("status", status=400, body=said)
        async with http.post(server.url + "/v1/chat/completions", json=body) as response:
            assert response.status == 200
            await response.read()
    ended = await program.run("debug", "--repairs", "--port", port_of(server))
    assert (ended.code, ended.err) == (0, "")
    rows = {tuple(line.split()[:3]): line.split()[3] for line in ended.out.splitlines()[1:]}
    assert rows["fields-dropped", "request", "/chat/completions"] == "2"
    assert rows["refused-field-dropped", "retry", "any"] == "1"
    assert rows["cap-named", "request", "/chat/completions"] == "0"
    assert ended.out.splitlines()[-1] == "learned: gpt-4.1 at /chat/completions refuses newest"
    told = json.loads((await program.run("debug", "--repairs", "--json", "--port", port_of(server))).out)
    assert told["server"] == server.url
    assert told["learned"] == [{"model": "gpt-4.1", "endpoint": "/chat/completions", "field": "newest"}]


@pytest.mark.parametrize(("key", "counts"), [("right", True), ("wrong", False)])
async def test_a_server_with_a_key_wants_to_see_it(program: Program, serve: Serve, key: str, counts: bool) -> None:
    server = await serve(api_keys=("right",))
    program.environ["COPILOT_API_KEY"] = key
    told = json.loads((await program.run("debug", "--repairs", "--json", "--port", port_of(server))).out)
    assert bool(told["server"]) is counts


async def test_what_is_not_ours_is_not_believed(program: Program, sandbox: Sandbox) -> None:
    port = sandbox.copilot_url.rpartition(":")[2]
    told = json.loads((await program.run("debug", "--repairs", "--json", "--port", port)).out)
    assert told["server"] == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost"])  # noqa: S104 - bound by nobody here
async def test_the_server_is_asked_where_this_machine_reaches_it(program: Program, server: Serving, host: str) -> None:
    program.environ |= {"COPILOT_API_HOST": host, "COPILOT_API_PORT": port_of(server)}
    assert json.loads((await program.run("debug", "--repairs", "--json")).out)["server"] == server.url
    program.environ["COPILOT_API_HOST"] = "::"
    told = json.loads((await program.run("debug", "--repairs", "--json")).out)
    assert told["server"] in {"", f"http://[::1]:{port_of(server)}"}
