"""Commands and options are those of the real program."""

import os
import subprocess
import sys

from installers.commands import Command, root


def by_words(*words: str) -> Command:
    return next(command for command in root().everyone() if command.words == ("copilot-api", *words))


def test_every_command_is_there_with_every_option_that_its_help_shows() -> None:
    environ = {**os.environ, "COLUMNS": "200"}
    for command in root().everyone():
        arguments = [sys.executable, "-m", "copilot_api", *command.words[1:], "--help"]
        shown = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environ).stdout
        listed = shown.split("Options:")[1].split("Commands:")[0].splitlines()
        told = {word.rstrip(",") for line in listed for word in line[:60].split()}
        spellings = {spelling for option in command.options for spelling in option.all_spellings}
        assert {word for word in told if word.startswith("-")} <= spellings, command.words
        for child in command.children:
            assert f"\n  {child.name} " in shown


def test_options_tell_what_they_take() -> None:
    options = {spelling: option for option in by_words("start").options for spelling in option.all_spellings}
    assert options["--port"].value == options["-r"].value == "NUMBER"
    assert options["--token-store"].value == "keyring|file"
    assert options["--token-store"].choices == ("keyring", "file")
    assert options["--no-manual"] is options["--manual"]
    assert options["--manual"].value == ""
    assert options["--api-key"].repeats
    assert not options["--host"].repeats


def test_what_a_command_asks_for_without_an_option_is_told() -> None:
    told = [(argument.name, argument.help) for argument in by_words("keys", "add").arguments]
    assert told == [("NAME", "What it is for, such as claude-code")]
    assert by_words("start").arguments == ()


def test_a_command_may_have_commands_of_its_own() -> None:
    assert [child.name for child in by_words("auth").children] == ["status"]
    assert by_words("auth", "status").name == "status"
