"""The options of a command are those of settings.py: spelt, explained and checked there."""

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from copilot_api import settings
from copilot_api.cli.options import ACCOUNT, WITH_FLAGS, with_settings
from copilot_api.errors import SettingsBroken
from copilot_api.settings import Settings


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in settings.options():
        for variable in settings.variables(name):
            monkeypatch.delenv(variable, raising=False)
    return monkeypatch


def call(*arguments: str) -> Settings:
    """What a command with every option is handed for `arguments`."""
    seen: list[Settings] = []
    program = typer.Typer(rich_markup_mode=None)

    @program.command()
    @with_settings(*WITH_FLAGS)
    def command(loaded: Settings, *, extra: Annotated[bool, typer.Option("--extra")] = False) -> None:
        assert extra is ("--extra" in arguments)
        seen.append(loaded)

    result = CliRunner().invoke(program, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return seen[0]


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        # compat.md §2.1, every option and alias of `start`
        (["--port", "4242"], "port", 4242),
        (["-p", "4242"], "port", 4242),
        (["--port=4242"], "port", 4242),
        (["--verbose"], "verbose", True),
        (["-v"], "verbose", True),
        (["--account-type", "business"], "account_type", "business"),
        (["-a", "enterprise"], "account_type", "enterprise"),
        (["--manual"], "manual", True),
        (["--rate-limit", "30"], "rate_limit", 30.0),
        (["-r", "30"], "rate_limit", 30.0),
        (["--wait"], "wait", True),
        (["-w"], "wait", True),
        (["--github-token", "gho_x"], "github_token", "gho_x"),
        (["-g", "gho_x"], "github_token", "gho_x"),
        (["--show-token"], "show_token", True),
        (["--proxy-env"], "proxy_env", True),
        (["--proxy", "socks5h://127.0.0.1:9050"], "proxy", "socks5h://127.0.0.1:9050"),
        (["--ca-file", "corp.pem"], "ca_file", "corp.pem"),
        # and ours
        (["--host", "0.0.0.0"], "host", "0.0.0.0"),  # noqa: S104 - parsed, not bound
        (["--sandbox"], "sandbox", True),
        (["--enterprise-url", "company.ghe.com"], "enterprise_url", "company.ghe.com"),
        (["--api-key", "a", "--api-key", "b"], "api_keys", ("a", "b")),
        (["--token-store", "file"], "token_store", "file"),
        (["--no-wait"], "wait", False),
    ],
)
def test_every_option_reaches_its_setting(environ: pytest.MonkeyPatch, arguments: list[str], name: str, value: object) -> None:
    loaded = call(*arguments)
    assert getattr(loaded, name) == value
    assert loaded.origins[name] == "flag"


def test_what_is_not_given_stays_as_it_was(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COPILOT_API_PORT", "4300")
    environ.setenv("COPILOT_API_MANUAL", "1")
    loaded = call("--extra")
    assert (loaded.port, loaded.manual, loaded.api_keys) == (4300, True, ())
    assert loaded.origins == {"port": "COPILOT_API_PORT", "manual": "COPILOT_API_MANUAL"}


def test_a_flag_can_switch_off_what_the_file_switches_on(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COPILOT_API_MANUAL", "1")
    assert call("--no-manual").manual is False


def test_a_broken_value_is_the_settings_own_error(environ: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsBroken, match=r"^--port must be at most 65535, not 70000$"):
        call("--port", "70000")


def test_every_account_option_has_a_flag() -> None:
    assert set(ACCOUNT) <= set(WITH_FLAGS)
