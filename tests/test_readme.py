"""README says what the program does: commands, options, settings, links; neither knows one that the other does not."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import typer

from copilot_api import settings
from copilot_api.cli.app import ENDINGS, app
from copilot_api.cli.options import WITH_FLAGS
from copilot_api.settings import Settings
from tests.builders.serving import Serving

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
FIRST_SCREEN = README.splitlines()[:30]
COMMANDS = ["python3 build/dev.py start --sandbox", "python3 build/dev.py test"]
# What typer adds to every command.
EVERYWHERE = {"--help", "-h"}


def section(title: str) -> str:
    """The text under a heading, up to the next one of its level."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines[2:]]


def commands(command: Any = None, path: str = "copilot-api") -> Iterator[tuple[str, Any]]:
    """Every command of the program by its full name."""
    command = command or typer.main.get_command(app)
    children = getattr(command, "commands", {})
    if path != "copilot-api":
        yield path, command
    for name, child in children.items():
        yield from commands(child, f"{path} {name}")


def spellings(command: Any) -> set[str]:
    """Every spelling of every option, without the `--no-` forms; arguments have none."""
    return {spelling for option in command.params for spelling in option.opts if spelling.startswith("-")} - EVERYWHERE


@pytest.mark.parametrize("command", COMMANDS)
def test_the_two_commands_stand_on_the_first_screen(command: str) -> None:
    assert command in FIRST_SCREEN
    assert (ROOT / "build" / "dev.py").exists()


def test_windows_has_its_form_of_them_on_the_first_screen() -> None:
    assert any(r"`py build\dev.py start --sandbox` and `py build\dev.py test`" in line for line in FIRST_SCREEN)


def test_every_command_is_described_and_no_other() -> None:
    described = [row[0].strip("`") for row in rows(section("Commands"))]
    assert sorted(described) == sorted(path for path, _ in commands())


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_option_of_a_command_is_named_and_no_other(path: str, command: Any) -> None:
    own = next(row[2] for row in rows(section("Commands")) if row[0] == f"`{path}`")
    named = set(re.findall(r"`(-[\w-]+)`", own))
    aliases = {alias for name in WITH_FLAGS for alias in settings.options()[name].metadata["flags"]}
    if "every option of the [settings](#settings)" in own:
        named |= aliases
    # A short form is told once, in the table of settings.
    short = {alias for alias in aliases if not alias.startswith("--")}
    assert named | short == spellings(command) | short


def test_the_root_has_its_options_described() -> None:
    assert spellings(typer.main.get_command(app)) == {"--version", "-V"}
    assert "`copilot-api --version` (`-V`)" in README
    assert "`--help` (`-h`)" in README


def test_the_exit_codes_are_those_of_the_help() -> None:
    assert ENDINGS.lower().removesuffix(".") in README.lower()


def setting_row(name: str) -> list[str]:
    """How a setting must stand in README."""
    option, default = settings.options()[name], getattr(Settings(), name)
    flags = ", ".join(f"`{flag}`" for flag in option.metadata["flags"])
    if isinstance(default, bool):
        shown = "on" if default else "off"
    elif isinstance(default, tuple):
        shown = ", ".join(f"`{item}`" for item in default)
    elif isinstance(default, float):
        shown = f"`{default:g}`"
    else:
        shown = f"`{default}`" if default else ""
    return [f"`{name}`", flags, shown, option.metadata["help"]]


def test_every_setting_is_described_as_the_program_explains_it() -> None:
    table = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    expected = [setting_row(name) for name in settings.options()]
    assert rows(table) == expected, "\n".join("| " + " | ".join(row) + " |" for row in expected)


def test_the_further_variables_are_described() -> None:
    further = {variable for name in settings.options() for variable in settings.variables(name)[1:]}
    assert further == {"COPILOT_API_KEY", "COPILOT_GITHUB_TOKEN", "GH_TOKEN"}
    assert all(f"`{variable}`" in section("Settings") for variable in further)


def test_every_command_line_shown_is_one_that_works() -> None:
    known = {path: spellings(command) | EVERYWHERE for path, command in commands()}
    known["copilot-api"] = {"--version", "-V", "--help"}
    shown = re.findall(r"`(copilot-api(?: [^`]*)?)`", README) + re.findall(r"^(copilot-api .*)$", README, re.MULTILINE)
    assert len(shown) > 15
    for line in shown:
        words = line.split("#")[0].split("<")[0].split()
        path = max((p for p in known if words[: len(p.split())] == p.split()), key=len, default="")
        assert path, line
        options = {word for word in words[len(path.split()) :] if word.startswith("-")}
        assert options <= known[path], line


def test_every_option_mentioned_anywhere_exists() -> None:
    known = {spelling for _, command in commands() for spelling in spellings(command)} | EVERYWHERE | {"--version", "-V"}
    foreign = {
        "--no-manual",
        "--no-",
        "--upgrade",
        "--strip-components",
        "--standalone",
        "--check",
        "--executable",
        "--seed",
    }
    mentioned = set(re.findall(r"(?<![\w-])(--[a-z][\w-]*|--no-)", README))
    assert mentioned - foreign <= known


def test_nobody_is_told_to_install_by_a_name_that_is_not_ours_yet() -> None:
    """On PyPI `copilot-api` is a stranger's, and our own name is nobody's before the first release."""
    told = re.findall(r"(?:pipx? install|uv tool install|uvx)(?: --?\S+)* ([^-\s`#]\S*)", README)
    assert len(told) >= 3
    assert [name for name in told if not name.strip("'").startswith((".", "/"))] == []


def test_the_example_of_a_settings_file_is_one(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", section("Settings"), re.DOTALL)
    assert example is not None
    path = tmp_path / "config.toml"
    path.write_text(example[1], "utf-8")
    assert settings.load(environ={}, path=path).origins.keys() == tomllib.loads(example[1]).keys()


def test_the_examples_of_client_files_are_json() -> None:
    examples = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert len(examples) == 3
    assert all(json.loads(example) for example in examples)


def test_the_example_for_codex_is_toml() -> None:
    example = re.search(r"```toml\n(.*?)```", section("Point clients at it"), re.DOTALL)
    assert example is not None
    assert tomllib.loads(example[1])["model_providers"]["copilot-api"]["wire_api"] == "responses"


async def test_every_route_described_is_served(server: Serving, http: aiohttp.ClientSession) -> None:
    described = re.findall(r"`(GET|POST) (/[^`]*)`", section("Routes"))
    assert len(described) == 17
    for method, path in described:
        url = server.url + path.replace("{id}", "gpt-4.1").replace("{model}", "gpt-4.1")
        async with http.request(method, url, json={} if method == "POST" else None) as response:
            assert response.status in ({400} if method == "POST" else {403} if path == "/token" else {200}), path


def test_every_link_leads_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_every_room_of_the_house_is_described() -> None:
    package = ROOT / "copilot_api"
    rooms = {f"{p.name}/" for p in package.iterdir() if (p / "__init__.py").exists()}
    rooms |= {p.name for p in package.glob("*.py") if not p.name.startswith("__")}
    assert set(re.findall(r"`([\w]+(?:/|\.py))`", section("How it is built"))) == rooms


def test_files_that_are_mentioned_exist() -> None:
    for name in re.findall(r"`((?:tests|build|\.ci)/[\w./]+)`", README):
        assert (ROOT / name).exists(), name


def test_the_folder_build_is_part_of_the_project() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert not {"build", "build/", "/build/"} & set(ignored)
