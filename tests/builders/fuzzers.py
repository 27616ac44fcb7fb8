"""Programs that look for inputs that break us, as tests/fuzz pins them, installed once; and a run of each."""

import os
import subprocess
import sysconfig
from pathlib import Path

from tests.builders.installed import ROOT, installed, with_packages

LOCK = ROOT / "tests" / "fuzz" / "requirements.lock"


class Fuzzers:
    """A folder of programs beside the developer's own."""

    def __init__(self) -> None:
        self.folder = installed("fuzz", [LOCK], lambda folder: with_packages(folder, LOCK))

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
