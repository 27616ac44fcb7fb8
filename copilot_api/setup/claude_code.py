"""The command that starts Claude Code against this server, in the words of the person's own shell."""

import re
import shlex
from collections.abc import Callable, Mapping

from copilot_api.dialects.models import Model


def variables(*, url: str, key: str, main: Model, small: Model) -> dict[str, str]:
    """What Claude Code reads from its environment; the first eight in the order of copilot-api 0.7.

    `url` is the server's base URL without `/v1`, `key` what it asks for ("dummy" where it asks for none). Names and values
    are those that Claude Code 2.1 was seen to use.
    """
    found = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_AUTH_TOKEN": key,
        "ANTHROPIC_MODEL": main.id,
        "ANTHROPIC_DEFAULT_SONNET_MODEL": main.id,
        "ANTHROPIC_SMALL_FAST_MODEL": small.id,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": small.id,
        "DISABLE_NON_ESSENTIAL_MODEL_CALLS": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "ANTHROPIC_DEFAULT_OPUS_MODEL": main.id,
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
        # Without this its first system block changes with every session, and nothing stays in the prompt cache.
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
    }
    limit = main.max_prompt or main.max_context
    if limit and not main.is_claude:
        # It takes a model that it does not know for one with a million tokens of context.
        found["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] = str(limit)
    return found


def launch(shell: str, pairs: Mapping[str, str]) -> str:
    """One line for `shell` that sets `pairs` and starts `claude`; a shell that is not known gets the form of sh."""
    return _SHELLS.get(shell, _posix)(pairs)


def _posix(pairs: Mapping[str, str]) -> str:
    return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in pairs.items()) + " && claude"


def _fish(pairs: Mapping[str, str]) -> str:
    return "; ".join(f"set -gx {name} {_fish_quoted(value)}" for name, value in pairs.items()) + " && claude"


def _powershell(pairs: Mapping[str, str]) -> str:
    # No `&&` before claude: Windows PowerShell 5 does not know it, and 7 would take it into the last assignment.
    return "".join(f"$env:{name} = {_powershell_quoted(value)}; " for name, value in pairs.items()) + "claude"


def _cmd(pairs: Mapping[str, str]) -> str:
    # No blank before `&`: cmd would make it part of the value.
    return "".join(f"set {name}={_cmd_quoted(value)}& " for name, value in pairs.items()) + "claude"


def _fish_quoted(value: str) -> str:
    if re.fullmatch(r"[\w.:/@+-]+", value, re.ASCII):
        return value
    return "'" + re.sub(r"([\\'])", r"\\\1", value) + "'"


def _powershell_quoted(value: str) -> str:
    """Always in quotes: a bare word would be a command. PowerShell takes the typographic quotes for plain ones."""
    return "'" + re.sub("(['\N{LEFT SINGLE QUOTATION MARK}-\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}])", r"\1\1", value) + "'"


def _cmd_quoted(value: str) -> str:
    """Carets before whatever cmd would act upon; they also keep it from finding a variable's name between two `%`."""
    return re.sub(r'([&|<>^"%()])', r"^\1", value)


_SHELLS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "powershell": _powershell,
    "pwsh": _powershell,
    "cmd": _cmd,
    "fish": _fish,
    "zsh": _posix,
    "bash": _posix,
    "sh": _posix,
}
