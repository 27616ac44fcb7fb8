"""What is taken out of other people's modules is there, and missed by nobody."""

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from spared import SPARED, spared

# Imports aiohttp with the connector that it is given, counts how often roots are read, then asks without a check.
IMPORTED = """
import asyncio, ssl, sys
from importlib.machinery import PathFinder, SourceFileLoader

class Given(SourceFileLoader):
    def get_code(self, name):
        return compile(sys.stdin.read(), self.path, "exec")

class Finder:
    def find_spec(name, path=None, target=None):
        if name == "aiohttp.connector":
            spec = PathFinder.find_spec(name, path)
            spec.loader = Given(name, spec.origin)
            return spec

read = []
load = ssl.SSLContext.set_default_verify_paths
ssl.SSLContext.set_default_verify_paths = lambda self: (read.append(self), load(self))
sys.meta_path.insert(0, Finder)
import aiohttp

async def ask():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(1)) as http:
        await http.get(sys.argv[1], ssl=False)

try:
    asyncio.run(ask())
except Exception as error:
    print(len(read), type(error).__name__)
"""


def source_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin
    return Path(spec.origin).read_text("utf-8")


@pytest.mark.parametrize("module", SPARED)
def test_what_is_taken_out_is_there(module: str) -> None:
    source = source_of(module)
    assert len(spared(module, source).splitlines()) == len(source.splitlines()), "tracebacks name the same lines"


def test_other_modules_stay_as_they_are() -> None:
    assert spared("aiohttp.client", "import this\n") == "import this\n"


def test_a_release_that_says_it_otherwise_stops_the_build() -> None:
    with pytest.raises(ValueError, match=r"aiohttp\.connector does not say .* look at it"):
        spared("aiohttp.connector", "import this\n")


def test_no_roots_are_read_and_nobody_gets_an_unchecked_connection() -> None:
    source = source_of("aiohttp.connector")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        told = [
            subprocess.run([sys.executable, "-c", IMPORTED, url], input=text, capture_output=True, text=True, check=True).stdout
            for text in (source, spared("aiohttp.connector", source))
        ]
    (before, waited), (after, refused) = (line.split() for line in told)
    assert (int(before), int(after)) == (2, 0)
    assert (waited, refused) == ("TimeoutError", "AttributeError")
