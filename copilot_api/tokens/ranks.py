"""The merge ranks of OpenAI's encodings, bundled: read from the package, never from the network.

A file holds the tokens in the order of their ranks with SEPARATOR between them, so that one `bytes.split` reads it. An empty
place is a rank that no token has. `build/ranks.py` writes these files from the published ones and checks SHA256.
"""

from pathlib import Path

# Neither byte occurs in UTF-8, so no merge ever joined the two.
SEPARATOR = b"\xff\xfe"

# Of the published `.tiktoken` files, as tiktoken itself pins them.
SHA256 = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "p50k_base": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
}
# Ranks that are the beginning of another file's: (that file, how many).
DERIVED = {"r50k_base": ("p50k_base", 50256)}

FOLDER = Path(__file__).parent / "data"


def load(name: str) -> dict[bytes, int]:
    """The rank of each token of `name`, one of SHA256. Takes about 35 ms for the largest; build an encoding and let it go."""
    stored, length = DERIVED.get(name, (name, None))
    tokens = (FOLDER / f"{stored}.ranks").read_bytes().split(SEPARATOR)[:length]
    ranks = dict(zip(tokens, range(len(tokens)), strict=True))
    ranks.pop(b"", None)
    return ranks
