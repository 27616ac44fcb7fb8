"""Fuzzes a target with atheris until time is over, or something is found: python -m tests.fuzz.run TARGET FOLDER SECONDS."""

import sys
from pathlib import Path

import atheris  # which is where tests/fuzz/requirements.lock is installed, and nowhere else

with atheris.instrument_imports(include=["copilot_api"]):
    from tests.fuzz.targets import TARGETS, anything

LONGEST_S = 10
MOST_MIB = 2048


def main(name: str, folder: Path, seconds: int) -> None:
    """`folder` holds a corpus, which grows, and gets what was found."""
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={LONGEST_S}",
        f"-rss_limit_mb={MOST_MIB}",
        f"-artifact_prefix={folder}/found-",
        "-max_len=4096",
        "-print_final_stats=1",
        str(folder / "corpus"),
    ]
    atheris.Setup([sys.argv[0], *options], TARGETS.get(name, anything))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
