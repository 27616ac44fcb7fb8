"""The workflow that looks for known faults in what we ship: with its own command, against a database of our own.

Slow: the linters are installed once.
"""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders.linters import Linters

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parent.parent.parent
COMMAND = (ROOT / ".github" / "workflows" / "advisories.yml").read_text("utf-8").split('"$bin/pip-audit" ')[1].splitlines()[0]


@contextmanager
def database(faulty: str, asked: dict[str, str]) -> Iterator[str]:
    """One that speaks as OSV does, and knows of one fault, in `faulty`; `asked` gets what it is asked about."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = question["package"]["name"]
            asked[name] = question["version"]
            fault = {"id": "OSV-1", "summary": "reads too much", "affected": [{"package": {"name": name, "ecosystem": "PyPI"}}]}
            body = json.dumps({"vulns": [fault]} if name == faulty else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/query"
        server.shutdown()


@pytest.mark.parametrize(("faulty", "code"), [("nothing", 0), ("aiohttp", 1)])
def test_each_package_of_the_lock_is_looked_up_and_a_known_fault_fails(linters: Linters, faulty: str, code: int) -> None:
    asked: dict[str, str] = {}
    with database(faulty, asked) as url:
        done = linters.run("pip-audit", *COMMAND.split(), "-s", "osv", "--osv-url", url, "--progress-spinner", "off")
    assert done.returncode == code, done.stderr
    assert ("OSV-1" in done.stdout) == bool(code)
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert {"aiohttp", "orjson", "pillow", "tiktoken", "typer"} <= asked.keys()
    assert all(f"\n{name}=={version}" in f"\n{lock}" for name, version in asked.items())
