"""Codex in its mode for scripts, set up as README says."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.builders.program import Ended
from tests.builders.unattended import readme_example, run

Setting = str | bool | int


@dataclass
class Codex:
    """The program with a private HOME and a folder to work in."""

    program: Path
    home: Path
    work: Path
    url: str

    async def does(self, prompt: str, *options: str, model: str, **provider: Setting) -> Ended:
        """How it ended when it was asked to do `prompt`. `provider` goes into its table of this server."""
        (self.home / ".codex").mkdir(parents=True, exist_ok=True)
        self.work.mkdir(exist_ok=True)
        (self.home / ".codex" / "config.toml").write_text(self._config(model, provider), "utf-8")
        command = (self.program, "exec", "--skip-git-repo-check", *options, "--", prompt)
        return await run(*command, home=self.home, work=self.work)

    def _config(self, model: str, provider: dict[str, Setting]) -> str:
        """README's example for another model, with a free hand for the program."""
        example = tomllib.loads(readme_example("Codex", self.url))
        [(name, table)] = example.pop("model_providers").items()
        top = example | {"model": model, "approval_policy": "never", "sandbox_mode": "danger-full-access"}
        # So that a program that is signed in asks nobody else about the account.
        top["chatgpt_base_url"] = f"{self.url}/account"
        return f"{_lines(top)}[model_providers.{name}]\n{_lines(table | provider)}"


def _lines(settings: dict[str, Setting]) -> str:
    """Settings as TOML, which writes these values as JSON does."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
