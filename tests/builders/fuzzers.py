"""Programs that look for inputs that break us, as tests/fuzz pins them, installed once; and a run of each."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "tests" / "fuzz" / "requirements.lock"
LIMIT_S = 300


class Fuzzers:
    """A folder of programs beside the developer's own, made anew when what is pinned changes."""

    def __init__(self) -> None:
        state = hashlib.sha256(LOCK.read_bytes()).hexdigest()
        self.folder = ROOT / ".venv" / "fuzz"
        stamp = self.folder / "installed"
        if stamp.exists() and stamp.read_text("utf-8") == state:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", self.folder], check=True, timeout=LIMIT_S)
        pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-compile",
            "--require-hashes",
            "--no-deps",
        ]
        subprocess.run([self.folder / "bin" / "python", *pip, "-r", LOCK], check=True, timeout=LIMIT_S)
        stamp.write_text(state, "utf-8")

    def fuzz(self, target: str, folder: Path, seconds: int) -> subprocess.CompletedProcess[str]:
        """Fuzzes one of tests/fuzz/targets.py; what is found lies in `folder` afterwards."""
        # Ours and what we need; what both have is the fuzzer's.
        path = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
        return self._run("python", "-m", "tests.fuzz.run", target, folder, str(seconds), within_s=seconds + 120, path=path)

    def schemathesis(self, *arguments: str | Path, within_s: float) -> subprocess.CompletedProcess[str]:
        """One run of it."""
        return self._run("schemathesis", *arguments, within_s=within_s)

    def _run(self, program: str, *arguments: str | Path, within_s: float, path: str = "") -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": path, "LANG": "C.UTF-8"}
        command = [self.folder / "bin" / program, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=within_s)
