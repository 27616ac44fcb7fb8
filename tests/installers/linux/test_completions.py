"""Completions complete, in the real shells, with the keys that a person presses."""

import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from installers.commands import root
from installers.linux import completions

LIMIT_S = 20.0
FILES = {"bash": "copilot-api", "zsh": "_copilot-api", "fish": "copilot-api.fish"}
# What each shell is told at its start: no settings of the machine's, the completion under test.
BEGIN = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
PREPARE = {
    "bash": "bind 'set bell-style none'; bind 'set show-all-if-ambiguous on'; . {folder}/copilot-api",
    "zsh": "fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt beep",
}


class Shell:
    """An interactive shell at a terminal."""

    def __init__(self, name: str, folder: Path) -> None:
        self._terminal, inner = os.openpty()
        environ = {"HOME": str(folder), "PATH": os.environ["PATH"], "TERM": "dumb", "PS1": "> ", "LC_ALL": "C.UTF-8"}
        command = ["setsid", "--ctty", "--wait", *BEGIN[name]]  # or the shell would miss a terminal of its own
        self._process = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, env=environ)
        os.close(inner)
        # The echo of the line has two quotes between the words; what it prints has not.
        self.type(PREPARE[name].format(folder=folder) + "; echo rea''dy\n", until="ready\r\n")

    def type(self, keys: str, *, until: str) -> str:
        """What stands on the terminal after those keys, as soon as it holds `until`."""
        os.write(self._terminal, keys.encode())
        shown, deadline = "", time.monotonic() + LIMIT_S
        while until not in shown:
            left = deadline - time.monotonic()
            assert left > 0, f"{until!r} did not come after {keys!r}, but: {shown!r}"
            if select.select([self._terminal], [], [], min(left, 0.5))[0]:
                shown += os.read(self._terminal, 65536).decode(errors="replace")
        return shown

    def end(self) -> None:
        os.close(self._terminal)
        self._process.wait(LIMIT_S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completions")
    for shell, write in completions.SHELLS.items():
        (path / FILES[shell]).write_text(write(), "utf-8")
    return path


@pytest.fixture(params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest, folder: Path) -> Iterator[Shell]:
    opened = Shell(request.param, folder)
    yield opened
    opened.end()


@pytest.mark.parametrize("name", FILES)
def test_the_shell_has_nothing_against_the_file(name: str, folder: Path) -> None:
    done = subprocess.run([name, "-n", folder / FILES[name]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# What is typed, and what must then stand behind it.
FINISHED = [
    ("copilot-api star\t", "start "),
    ("copilot-api status --js\t", "--json "),
    ("copilot-api ch\t", "check-usage "),
    ("copilot-api auth st\t", "status "),
    ("copilot-api start --tok\t", "--token-store"),
    ("copilot-api start --token-store f\t", "file "),
    ("copilot-api start --token-store=k\t", "keyring "),
    ("copilot-api start --no-man\t", "--no-manual "),
    ("copilot-api auth --with\t", "--with-token "),
    ("copilot-api auth status --js\t", "--json "),
    ("copilot-api start --port 4200 --sand\t", "--sandbox "),
]


@pytest.mark.parametrize(("typed", "finished"), FINISHED, ids=[typed.strip() for typed, _ in FINISHED])
def test_tab_finishes_a_word(shell: Shell, typed: str, finished: str) -> None:
    shell.type(typed, until=finished)


def test_tab_lists_the_commands(shell: Shell) -> None:
    shown = shell.type("copilot-api \t\t", until="start")
    for command in root().children:
        if command.name not in shown:
            shown += shell.type("", until=command.name)


@pytest.mark.parametrize("typed", ["copilot-api start --port \t", "copilot-api start --host \t"])
def test_nothing_is_offered_where_only_the_person_knows(shell: Shell, typed: str) -> None:
    shown = shell.type(typed + "\x15echo do''ne\n", until="done\r\n")
    assert "--sandbox" not in shown
    assert "copilot-api.fish" not in shown


def fish(folder: Path, typed: str) -> list[str]:
    """What fish offers for a line, by its own engine."""
    environ = {"HOME": str(folder), "PATH": os.environ["PATH"], "TERM": "dumb", "LC_ALL": "C.UTF-8", "LINE": typed}
    script = f"source {folder}/copilot-api.fish; complete -C $LINE"
    done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True, env=environ)
    assert done.stderr == ""
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("typed", "finished"), FINISHED, ids=[typed.strip() for typed, _ in FINISHED])
def test_fish_finishes_a_word(folder: Path, typed: str, finished: str) -> None:
    assert [offered.rpartition("=")[2] for offered in fish(folder, typed.rstrip("\t"))] == [finished.strip()]


def test_fish_lists_the_commands_and_tells_what_they_do(folder: Path) -> None:
    assert sorted(fish(folder, "copilot-api ")) == sorted(command.name for command in root().children)


def test_fish_offers_no_options_of_other_commands(folder: Path) -> None:
    for command in root().everyone():
        offered = {word for word in fish(folder, " ".join((*command.words, "--"))) if word.startswith("--")}
        assert offered == {word for option in command.options for word in option.all_spellings if word.startswith("--")}


@pytest.mark.parametrize("typed", ["copilot-api start --port ", "copilot-api start --host "])
def test_fish_offers_nothing_where_only_the_person_knows(folder: Path, typed: str) -> None:
    assert fish(folder, typed) == []
