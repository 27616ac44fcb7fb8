"""What every package says about the program: each fact once."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

from copilot_api.desktop.autostart.names import APP_ID, NAME, SUMMARY, TITLE

__all__ = ("APP_ID", "NAME", "SUMMARY", "TITLE")

ROOT = Path(__file__).resolve().parent.parent

DISTRIBUTION = "copilot-api-local"
"""The program as a Python package: the other name is a stranger's on PyPI."""
# One paragraph to each text; packages wrap them as their format wants it.
DESCRIPTION = (
    (
        "Serves the models of your own GitHub Copilot subscription on localhost, in the dialects of OpenAI (Chat Completions "
        "and Responses), Anthropic (Messages) and Google (Gemini), so that Claude Code, Codex, Gemini CLI, opencode, the "
        "makers' SDKs and many other programs work with every model of your plan."
    ),
    (
        "Sign in once with 'copilot-api auth', then serve with 'copilot-api start'. To look at it without an account, type "
        "'copilot-api start --sandbox': it then serves a simulated Copilot, and nothing leaves your machine."
    ),
    "This is not a product of GitHub, and GitHub does not support it.",
)
LICENCE = "MIT"
AUTHORS = "copilot-api contributors"
# The project has no mailbox; .invalid is reserved for addresses that lead nowhere (RFC 2606).
MAINTAINER = f"{AUTHORS} <noreply@copilot-api.invalid>"


def version() -> str:
    """The version that the program itself tells."""
    text = (ROOT / "copilot_api" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise ValueError("copilot_api/__init__.py names no version")
    return found[1]


def homepage() -> str:
    """Where the project lives: the repository whose workflow runs, else what pyproject.toml says; "" if neither knows."""
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project.get("urls", {}).get("Homepage", ""))


def epoch() -> int:
    """The time that packages say they were made at, in seconds: SOURCE_DATE_EPOCH, else that of the commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    try:
        asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)
        return int(asked.stdout)
    except (OSError, subprocess.CalledProcessError):  # no git, or unpacked from an sdist, which has no history
        return int((ROOT / "CHANGELOG.md").stat().st_mtime)
