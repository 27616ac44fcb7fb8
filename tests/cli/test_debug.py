"""`debug` tells what a helper needs to know, under the names of copilot-api 0.7, and no secret."""

import json
import platform
import sys
from pathlib import Path
from typing import Any

import pytest

from copilot_api import __version__
from copilot_api.cli import debug
from copilot_api.cli.debug import HIDDEN, gather
from copilot_api.form import Form
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings, options
from tests.builders.program import Program
from tests.builders.tls import Authority


async def test_json_has_the_keys_of_the_original(program: Program) -> None:
    """compat.md §2.1."""
    ended = await program.run("debug", "--json")
    found = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert list(found)[:4] == ["version", "runtime", "paths", "tokenExists"]
    assert list(found["runtime"]) == ["name", "version", "platform", "arch"]
    assert list(found["paths"]) == ["APP_DIR", "GITHUB_TOKEN_PATH"]
    assert found["version"] == __version__
    assert found["runtime"]["name"] == platform.python_implementation().lower()
    assert found["runtime"]["platform"] == sys.platform
    assert found["tokenExists"] is False
    assert found["paths"]["APP_DIR"].startswith(str(program.home))


@pytest.mark.parametrize(
    ("machine", "arch"), [("x86_64", "x64"), ("AMD64", "x64"), ("aarch64", "arm64"), ("riscv64", "riscv64")]
)
def test_architectures_have_nodes_names(monkeypatch: pytest.MonkeyPatch, machine: str, arch: str) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert gather(Settings(token_store="file"))["runtime"]["arch"] == arch


async def test_every_setting_is_shown_with_its_origin_and_no_secret(program: Program) -> None:
    config = program.home / "settings.toml"
    config.write_text('rate_limit = 2\napi_keys = ["key-canary"]\n[aliases]\nfast = "gpt-4.1"\n', "utf-8")
    program.environ |= {"COPILOT_API_CONFIG": str(config), "GH_TOKEN": "gho_canary12345678", "COPILOT_API_WAIT": "1"}
    ended = await program.run("debug", "--json")
    found = json.loads(ended.out)["settings"]
    assert list(found) == list(options())
    assert found["rate_limit"] == {"value": 2.0, "from": str(config)}
    assert found["wait"] == {"value": True, "from": "COPILOT_API_WAIT"}
    assert found["port"] == {"value": 4141, "from": "default"}
    assert found["github_token"] == {"value": HIDDEN, "from": "GH_TOKEN"}
    assert found["api_keys"] == {"value": HIDDEN, "from": str(config)}
    assert "canary" not in ended.out
    people = await program.run("debug")
    assert "canary" not in people.out
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in people.out.splitlines() if line}
    assert rows["aliases"] == f"fast = gpt-4.1 {config}"
    assert rows["betas"].startswith("interleaved-thinking-2025-05-14, ")
    assert rows["serve_token"] == "false default"


async def test_the_program_is_told_with_what_it_is_made_of(program: Program, form: Form) -> None:
    told = json.loads((await program.run("debug", "--json")).out)["program"]
    assert told["form"] == form.value
    assert list(told["libraries"]) == ["aiohttp", "orjson", "tiktoken", "typer"]
    assert all(version[0].isdigit() for version in told["libraries"].values())
    shown = (await program.run("debug")).out
    assert f"\nprogram: {form.value}, {' '.join(told['command'])}\n" in shown
    assert f"\nlibraries: aiohttp {told['libraries']['aiohttp']}, " in shown


def test_a_library_that_is_not_known_by_its_metadata_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled program knows only those that its build names."""
    monkeypatch.setattr(debug, "LIBRARIES", ("aiohttp", "no-such-library"))
    assert gather(Settings(token_store="file"))["program"]["libraries"]["no-such-library"] == ""


async def test_a_stored_token_is_found_and_its_place_named(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox)
    await program.run("auth", "--with-token", typed=sandbox.grant)
    found = json.loads((await program.run("debug", "--json")).out)
    assert found["tokenExists"] is True
    assert found["tokenStore"]["holdsToken"] is True
    assert found["paths"]["GITHUB_TOKEN_PATH"] == found["tokenStore"]["path"]
    assert sandbox.grant not in str(found)


async def test_a_token_of_the_original_is_mentioned(program: Program) -> None:
    program.leave_legacy_token("gho_old")
    assert json.loads((await program.run("debug", "--json")).out)["legacyTokenExists"] is True


async def test_the_proxy_and_the_roots_that_are_trusted_are_shown_and_no_password(program: Program, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    program.environ |= {
        "HTTPS_PROXY": "http://somebody:pass-canary@proxy.corp:8080",
        "NO_PROXY": "localhost,.corp",
        "COPILOT_API_CA_FILE": str(authority.root),
        "COPILOT_API_PROXY_ENV": "1",
    }
    told = await program.run("debug", "--json")
    network = json.loads(told.out)["network"]
    proxy = {"url": "http://proxy.corp:8080", "hasPassword": True, "from": "HTTPS_PROXY"}
    assert network["proxy"] == proxy
    assert (network["noProxy"], network["problem"]) == ("localhost,.corp", "")
    assert network["certificates"].endswith(f", and {authority.root}")
    shown = await program.run("debug", "--proxy", "socks5h://me:pass-canary@[::1]:9050")
    assert "\nnetwork proxy: socks5h://[::1]:9050, with a name and password, from --proxy\n" in shown.out
    assert f", and {authority.root}\n" in shown.out
    assert "canary" not in told.out + shown.out


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({}, ["network proxy: none"]),
        (
            {"proxy": "http://proxy:1"},
            ["network proxy: http://proxy:1, from --proxy"],
        ),
        ({"proxy": "ftp://me:canary@proxy"}, ["network: --proxy must begin with"]),
        ({"ca_file": "/nowhere.pem"}, ["network: --ca-file names /nowhere.pem, which does not exist"]),
    ],
)
def test_what_is_wrong_with_the_network_settings_is_no_failure(options: dict[str, Any], lines: list[str]) -> None:
    network = gather(Settings(token_store="file", **options))["network"]
    shown = list(debug._network_lines(network))
    assert [line for line in lines if not any(told.startswith(line) for told in shown)] == []
    assert "canary" not in str(network)


def test_exceptions_and_a_variable_of_which_nothing_comes_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:1")
    shown = list(debug._network_lines(gather(Settings(token_store="file", proxy_env=True))["network"]))
    assert shown[0] == "network proxy: none, because HTTP_PROXY is for http:// only; set HTTPS_PROXY"
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", ".corp")
    shown = list(debug._network_lines(gather(Settings(token_store="file", proxy_env=True))["network"]))
    assert shown[:2] == ["network proxy: http://proxy:1, from HTTPS_PROXY", "without the proxy: .corp"]


async def test_a_variable_that_is_almost_ours_is_told(program: Program) -> None:
    program.environ["COPILOT_API_PROT"] = "1"
    ended = await program.run("debug")
    assert ended.err == "warning: COPILOT_API_PROT is not one of our variables, so it has no effect\n"
    assert ended.out.startswith(f"copilot-api {__version__}\nruntime: ")
    assert "\ntoken exists: no\n" in ended.out


if sys.platform == "linux":

    async def test_a_keyring_that_cannot_be_used_is_told_and_is_no_failure(program: Program) -> None:
        del program.environ["COPILOT_API_TOKEN_STORE"]
        ended = await program.run("debug", "--json")
        found = json.loads(ended.out)
        assert ended.code == 0
        assert found["tokenStore"]["problem"].startswith("There is no desktop session here, so no keyring")
        assert found["paths"]["GITHUB_TOKEN_PATH"] == f"{program.home}/.local/share/copilot-api/github_token"
        assert "token store: keyring: There is no desktop session here" in (await program.run("debug")).out
