"""The entry point. `--version` is answered before anything is imported that takes time."""

import gc
import sys

from copilot_api import __version__


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"copilot-api {__version__}\n")
        return
    # What is imported stays: to look through it for garbage again and again was a tenth of the start. `settle` ends this.
    gc.set_threshold(100_000, 10, 10)
    from copilot_api.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
