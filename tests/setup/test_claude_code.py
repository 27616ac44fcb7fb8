"""The launch command sets what Claude Code reads, in the words of each shell, whatever the values hold."""

import json
import shutil
import subprocess
import sys

import pytest

from copilot_api.dialects.models import Model
from copilot_api.setup.claude_code import launch, variables

SONNET = Model(id="claude-sonnet-4.5", max_prompt=128000)
GPT = Model(id="gpt-4.1", max_prompt=111000)
# The order of copilot-api 0.7 (compat.md §2.1).
CONTRACT = [
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "ANTHROPIC_SMALL_FAST_MODEL",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "DISABLE_NON_ESSENTIAL_MODEL_CALLS",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
]
ODD = "a b'c\"d$HOME`e`\\f%PATH%&g|h<i>j^k(l)!m;n*\u2019o\u00e9"


def test_the_original_variables_come_first_and_in_their_order() -> None:
    found = variables(url="http://127.0.0.1:4141", key="dummy", main=SONNET, small=GPT)
    assert list(found)[:8] == CONTRACT
    assert list(found.values())[:8] == [
        "http://127.0.0.1:4141",
        "dummy",
        "claude-sonnet-4.5",
        "claude-sonnet-4.5",
        "gpt-4.1",
        "gpt-4.1",
        "1",
        "1",
    ]


def test_todays_variables_follow() -> None:
    found = variables(url="http://127.0.0.1:4141", key="dummy", main=SONNET, small=SONNET)
    assert list(found.items())[8:] == [
        ("ANTHROPIC_DEFAULT_OPUS_MODEL", "claude-sonnet-4.5"),
        ("CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY", "1"),
        ("CLAUDE_CODE_ATTRIBUTION_HEADER", "0"),
    ]


@pytest.mark.parametrize(
    ("model", "limit"),
    [(GPT, "111000"), (Model(id="gpt-5", max_context=128000), "128000"), (Model(id="gpt-5"), None), (SONNET, None)],
)
def test_a_model_that_claude_code_does_not_know_comes_with_its_limit(model: Model, limit: str | None) -> None:
    found = variables(url="u", key="k", main=model, small=model)
    assert found.get("CLAUDE_CODE_MAX_CONTEXT_TOKENS") == limit


@pytest.mark.parametrize(
    ("shell", "command"),
    [
        ("bash", "export A=http://127.0.0.1:4141 B=1 && claude"),
        ("zsh", "export A=http://127.0.0.1:4141 B=1 && claude"),
        ("sh", "export A=http://127.0.0.1:4141 B=1 && claude"),
        ("elvish", "export A=http://127.0.0.1:4141 B=1 && claude"),
        ("fish", "set -gx A http://127.0.0.1:4141; set -gx B 1 && claude"),
        ("powershell", "$env:A = 'http://127.0.0.1:4141'; $env:B = '1'; claude"),
        ("pwsh", "$env:A = 'http://127.0.0.1:4141'; $env:B = '1'; claude"),
        ("cmd", "set A=http://127.0.0.1:4141& set B=1& claude"),
    ],
)
def test_each_shell_has_its_form(shell: str, command: str) -> None:
    assert launch(shell, {"A": "http://127.0.0.1:4141", "B": "1"}) == command


def test_powershell_values_are_quoted() -> None:
    """compat.md §2.1 ⚠: the original left them bare, so that PowerShell ran them as commands."""
    assert launch("powershell", {"A": "it's $HOME \u2019\u201b"}) == "$env:A = 'it''s $HOME \u2019\u2019\u201b\u201b'; claude"


def test_cmd_neither_expands_nor_runs_a_value() -> None:
    assert launch("cmd", {"A": '%PATH% & calc | "x" > y'}) == 'set A=^%PATH^% ^& calc ^| ^"x^" ^> y& claude'


def test_fish_values_are_quoted() -> None:
    assert launch("fish", {"A": "it's $HOME\\n"}) == r"set -gx A 'it\'s $HOME\\n' && claude"


def _seen_by_claude(tmp_path_factory: pytest.TempPathFactory, shell: str, pairs: dict[str, str]) -> dict[str, str]:
    """What a program named `claude` finds in its environment when the command is typed into the real shell."""
    folder = tmp_path_factory.mktemp("bin")
    claude = folder / "claude"
    names = list(pairs)
    claude.write_text(f"#!{sys.executable}\nimport json, os\nprint(json.dumps({{k: os.environ[k] for k in {names!r}}}))\n")
    claude.chmod(0o755)
    environ = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([shell, "-c", launch(shell, pairs)], env=environ, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("shell", [name for name in ("sh", "bash", "zsh", "fish", "pwsh") if shutil.which(name)])
def test_odd_characters_arrive_whole_in_a_real_shell(tmp_path_factory: pytest.TempPathFactory, shell: str) -> None:
    pairs = {"ANTHROPIC_AUTH_TOKEN": ODD, "ANTHROPIC_MODEL": "gpt-4.1", "EMPTY": ""}
    assert _seen_by_claude(tmp_path_factory, shell, pairs) == pairs
