"""Client programs that work by themselves: with a private HOME, nobody to answer them, and a limit of time."""

import asyncio
import os
import re
from pathlib import Path

from tests.builders.program import ROOT, Ended, end

LIMIT_S = 120.0


def readme_example(client: str, url: str) -> str:
    """The file that README has for `client`, with `url` for the address in it."""
    readme = (ROOT / "README.md").read_text("utf-8")
    found = re.search(rf"^\*\*{client}.*?^```\w+\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert found, f"README has no example for {client}"
    return found[1].replace("http://127.0.0.1:4141", url)


async def run(*command: object, home: Path, work: Path, **environ: str) -> Ended:
    """How a program ended that was run in the folder `work`. It is ended itself when it takes too long."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=work,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(home), **environ},
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            await end(process)
    return Ended(process.returncode or 0, out.decode(), err.decode())
