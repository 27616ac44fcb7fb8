"""What must have come along: the tokenizers' data, and the way to the certificates of any distribution."""

import asyncio
import json
import re
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.tokens import Counter
from tests.builders.processes import apart
from tests.builders.program import Program
from tests.builders.tls import CORP, Authority, secured

TEXT = "Ølkjøp på Grünerløkka: def f(x): return {'京都': x ** 2}  # 🚲" * 20


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base", "p50k_base"])
async def test_every_tokenizer_counts_to_the_token(
    compiled: Program, sandbox: Sandbox, http: aiohttp.ClientSession, encoding: str
) -> None:
    entry = next(entry for entry in sandbox.models if entry["id"] == "gpt-4.1")
    capabilities = entry["capabilities"] | {"tokenizer": encoding}
    sandbox.models = [entry | {"capabilities": capabilities}]
    counts = []
    async with compiled.serving() as server:
        for text in ("", TEXT):
            body = {"model": "gpt-4.1", "input": "q" + text}
            async with http.post(f"{server.url}/v1/responses/input_tokens", json=body) as response:
                counts.append((await response.json())["input_tokens"])
    counter = Counter()
    sizes = [await asyncio.to_thread(counter.count_text, "q" + text, encoding) for text in ("", TEXT)]
    assert counts[1] - counts[0] == sizes[1] - sizes[0]
    assert sizes[1] > 500


async def test_a_picture_that_cannot_be_made_smaller_is_refused_without_naming_what_is_here_already(
    compiled: Program, http: aiohttp.ClientSession
) -> None:
    """Pillow is an extra from source only."""
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 4_500_000}"}}
    asked = {"model": "gpt-4.1", "messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]}]}
    body = BytesIO(json.dumps(asked).encode())
    async with compiled.serving() as server, http.post(f"{server.url}/v1/chat/completions", data=body) as response:
        assert response.status == 400
        message = (await response.json())["error"]["message"]
    assert "send a smaller picture" in message
    assert "images" not in message


def test_the_three_encodings_differ() -> None:
    """What shows that the test above shows something."""
    counter = Counter()
    assert len({counter.count_text(TEXT, name) for name in ("o200k_base", "cl100k_base", "p50k_base")}) == 3


# Where distributions keep them; the OpenSSL inside looks in Debian's folder only.
BUNDLES = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
]


@pytest.mark.parametrize("place", ["", *BUNDLES])
async def test_certificates_are_found_where_a_distribution_keeps_them(
    as_root: None, compiled: Program, sandbox: Sandbox, tmp_path: Path, place: str
) -> None:
    """packaging.md §7.13. With no place, nothing is trusted: that shows that the others show something."""
    authority = Authority(tmp_path)
    context = await asyncio.to_thread(authority.context, "127.0.0.1")
    async with secured(sandbox, context) as front:
        compiled.environ |= {f"COPILOT_API_{name.upper()}": url for name, url in front.urls("127.0.0.1").items()}
        put = [f"mkdir -p '{Path(place).parent}'", f"cp '{authority.root}' '{place}'"] if place else []
        hidden = ("mount -t tmpfs none /etc", "if [ -d /usr/lib/ssl ]; then mount -t tmpfs none /usr/lib/ssl; fi")
        ended = await apart(compiled, *hidden, *put).run("models")
    if place:
        assert (ended.code, "gpt-4.1" in ended.out) == (0, True), ended.err
    else:
        assert ended.code == 1
        assert f"its certificate is signed by '{CORP}', which this system does not trust" in ended.err


def traced(program: Program, trace: Path) -> Program:
    """The program, and each connection that it tries in `trace`; the process is still the program's own."""
    watch = ("/usr/bin/strace", "-D", "-f", "-q", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace))
    return Program(program.home, (*watch, *program.starts), program.environ)


def asked(trace: Path) -> set[tuple[str, int]]:
    """Whom it tried to reach, over any network but the machine's own sockets."""
    said = trace.read_text("utf-8")
    assert "AF_INET6" not in said
    return {(host, int(port)) for port, host in re.findall(r'htons\((\d+)\), sin_addr=inet_addr\("([\d.]+)"\)', said)}


def addresses(*urls: str) -> set[tuple[str, int]]:
    return {("127.0.0.1", int(url.rpartition(":")[2])) for url in urls}


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("start", "--help"), ("debug", "--json"), ("start", "--port", "http")]
)
async def test_nobody_is_asked_where_nothing_is_wanted(compiled: Program, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    await traced(compiled, tmp_path / "trace").run(*arguments)
    assert asked(tmp_path / "trace") == set()


async def test_a_command_asks_whom_it_is_set_to_ask(compiled: Program, sandbox: Sandbox, tmp_path: Path) -> None:
    """What shows that the others show something."""
    await traced(compiled, tmp_path / "trace").run("models")
    assert asked(tmp_path / "trace") == addresses(sandbox.github_api_url, sandbox.copilot_url)


async def test_a_server_asks_whom_it_is_set_to_ask(compiled: Program, sandbox: Sandbox, tmp_path: Path) -> None:
    async with traced(compiled, tmp_path / "trace").serving() as server:
        server.process.terminate()
        assert (await server.ended()).code == 0
    assert asked(tmp_path / "trace") == addresses(sandbox.github_api_url, sandbox.copilot_url)


async def test_the_sandbox_asks_nobody_but_itself(compiled: Program, sandbox: Sandbox, tmp_path: Path) -> None:
    async with traced(compiled, tmp_path / "trace").serving("--sandbox") as server:
        server.process.terminate()
        assert (await server.ended()).code == 0
    reached = asked(tmp_path / "trace")
    assert {host for host, _ in reached} == {"127.0.0.1"}
    assert not reached & addresses(sandbox.github_url, sandbox.github_api_url, sandbox.copilot_url)
