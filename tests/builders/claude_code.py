"""Claude Code in print mode, set up for one server."""

from dataclasses import dataclass
from pathlib import Path

from tests.builders.unattended import run

QUIET = ("DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER", "DISABLE_ERROR_REPORTING", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC")


@dataclass
class ClaudeCode:
    """The program with a private HOME, a folder to work in and no way out but `url`."""

    program: Path
    home: Path
    work: Path
    url: str

    async def says(self, prompt: str, *, model: str, **environ: str) -> str:
        """Its answer to `prompt`, printed. Fails when it fails."""
        for folder in (self.home, self.work):
            folder.mkdir(exist_ok=True)
        roles = {f"ANTHROPIC_DEFAULT_{role}_MODEL": model for role in ("OPUS", "SONNET", "HAIKU")}
        settings = {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_AUTH_TOKEN": "dummy",
            "ANTHROPIC_MODEL": model,
            "IS_SANDBOX": "1",  # it refuses to work as root otherwise
            **roles,
            **dict.fromkeys(QUIET, "1"),
            **environ,
        }
        command = (self.program, "-p", "--allowedTools", "Bash,Read,Write,Edit", "--add-dir", self.work, "--", prompt)
        ended = await run(*command, home=self.home, work=self.work, **settings)
        assert ended.code == 0, f"{ended.out}\n{ended.err}"
        return ended.out
