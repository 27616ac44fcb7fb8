"""A Windows of wine's, and what is looked at there."""

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = "HKCU\\Environment"
MACHINE = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment"
MARK = "copilot-api-runs.txt"
"""What the stand-in for our program leaves in the folder for temporary files: how it was started."""


@dataclass
class Windows:
    """A Windows of wine's, and the setup program."""

    prefix: Path
    setup: Path
    environ: dict[str, str]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["wine", *command],
            env=self.environ,
            capture_output=True,
            encoding="cp437",  # that of its consoles
            check=False,
            timeout=90,
        )

    def install(self, *switches: str) -> int:
        return self.run(self.setup, "/S", *switches).returncode

    def uninstall(self, folder: Path) -> None:
        """Removes as Windows does it, and waits: an uninstaller moves to a temporary folder and goes on from there."""
        assert self.run(folder / "uninstall.exe", "/S").returncode == 0
        deadline = time.monotonic() + 20
        while (folder / "uninstall.exe").exists():
            assert time.monotonic() < deadline, list(folder.iterdir())
            time.sleep(0.02)
        time.sleep(0.1)  # it removes itself before its folder

    def try_to_uninstall(self, folder: Path, *switches: str) -> int:
        """Removes from where it is, so that the exit code is to be had."""
        return self.run(folder / "uninstall.exe", "/S", *switches, f"_?={self.inside(folder)}").returncode

    def start(self, program: Path, *, for_s: float) -> subprocess.Popen[bytes]:
        """A running copilot-api."""
        self.mark.unlink(missing_ok=True)
        running = subprocess.Popen(
            ["wine", program, str(int(for_s * 1000))], env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.started()
        return running

    def started(self) -> str:
        """Waits until the program has started; gives its path and its arguments."""
        deadline = time.monotonic() + 20
        while not (self.mark.exists() and self.mark.stat().st_size):
            assert time.monotonic() < deadline, "the program did not start"
            time.sleep(0.05)
        return self.mark.read_text("utf-16-le")

    def value(self, key: str, name: str) -> str | None:
        """A value of the registry."""
        asked = self.run("reg", "query", key, "/v", name).stdout
        found = re.search(rf"^\s+{name}\s+REG_\w+[ ]*(.*?)\r?$", asked, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else None

    def kind(self, key: str, name: str) -> str:
        found = re.search(
            rf"^\s+{name}\s+(REG_\w+)", self.run("reg", "query", key, "/v", name).stdout, re.MULTILINE | re.IGNORECASE
        )
        assert found
        return found[1]

    def set_path(self, value: str, *, key: str = ENVIRONMENT, kind: str = "REG_EXPAND_SZ") -> None:
        self.run("reg", "add", key, "/v", "Path", "/t", kind, "/d", value, "/f")

    @property
    def mark(self) -> Path:
        return self.home.parent.parent / "Temp" / MARK

    @property
    def home(self) -> Path:
        """%LOCALAPPDATA%."""
        return next((self.prefix / "drive_c" / "users").glob("*/AppData/Local"))

    @property
    def program_folder(self) -> Path:
        """Where it goes for one person."""
        return self.home / "Programs" / "copilot-api"

    def inside(self, path: Path) -> str:
        """A path as Windows writes it."""
        return "C:\\" + "\\".join(path.relative_to(self.prefix / "drive_c").parts)

    def outside(self, path: str) -> Path:
        """The other way round."""
        return self.prefix / "drive_c" / path.removeprefix("C:\\").replace("\\", "/")

    def log_in(self) -> str:
        """Starts what a login starts; gives what was started of ours."""
        self.mark.unlink(missing_ok=True)
        assert self.run("wineboot").returncode == 0
        return self.started()

    def files(self) -> set[str]:
        """Every file that is ours or a link to it, and all else that may come and go with it."""
        kept = (self.prefix / "drive_c" / place for place in ("users", "ProgramData", "Program Files"))
        names = (str(path.relative_to(self.prefix)) for place in kept for path in place.rglob("*"))
        return {name for name in names if "/Temp/" not in name}
