"""Questions are asked one at a time, understood in several spellings, and never block the loop."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest
import typer

from copilot_api.cli.terminal import Terminal

MODELS = ["claude-opus-4.5", "claude-sonnet-4.5", "gpt-4.1", "gpt-4.1-mini"]


class Keys:
    """What a person types: the far end of standard input."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def hang_up(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        keys = Keys(writer)
        yield keys
        with suppress(OSError):
            keys.hang_up()  # ends the reading thread too


async def test_an_answer_is_the_typed_line_without_blanks(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    keys.type("  octo-dev é \nnext\n")
    terminal = Terminal()
    assert await terminal.ask("who?") == "octo-dev é"
    assert await terminal.ask("and?") == "next"
    assert capsys.readouterr().err == "who? and? "


async def test_the_loop_runs_on_while_a_person_thinks(keys: Keys) -> None:
    answer, ticks = asyncio.gather(Terminal().ask("who?")), 0
    for _ in range(20):
        await asyncio.sleep(0.005)
        ticks += not answer.done()
    keys.type("me\n")
    assert list(await answer) == ["me"]
    assert ticks == 20


async def test_questions_wait_for_each_other(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    """compat.md §2.6 ⚠: concurrent prompts of the original were mixed up."""
    terminal = Terminal()
    answers = asyncio.gather(terminal.ask("one?"), terminal.ask("two?"))
    await asyncio.sleep(0.02)
    assert capsys.readouterr().err == "one? "
    keys.type("1\n")
    await asyncio.sleep(0.05)
    assert capsys.readouterr().err == "two? "
    keys.type("2\n")
    assert list(await answers) == ["1", "2"]


async def test_a_question_that_was_withdrawn_leaves_its_line_to_the_next(keys: Keys) -> None:
    terminal = Terminal()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(terminal.ask("one?"), 0.02)
    second = asyncio.gather(terminal.ask("two?"))
    await asyncio.sleep(0.02)
    keys.type("2\n3\n")
    assert list(await second) == ["2"]
    assert await terminal.ask("three?") == "3"


async def test_a_line_that_nobody_asked_for_is_dropped(keys: Keys) -> None:
    terminal = Terminal()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(terminal.ask("one?"), 0.02)
    keys.type("stray\n")
    await asyncio.sleep(0.05)
    second = asyncio.gather(terminal.ask("two?"))
    await asyncio.sleep(0.02)
    keys.type("2\n")
    assert list(await second) == ["2"]


async def test_the_end_of_the_input_means_that_the_person_has_left(keys: Keys) -> None:
    keys.hang_up()
    with pytest.raises(typer.Abort):
        await Terminal().ask("who?")


@pytest.mark.parametrize(
    ("typed", "default", "answer"),
    [("y", False, True), ("YES", False, True), ("n", True, False), ("no", True, False), ("", True, True), ("", False, False)],
)
async def test_yes_and_no_in_many_spellings(
    keys: Keys,
    typed: str,
    default: bool,
    answer: bool,
) -> None:
    keys.type(f"{typed}\n")
    assert await Terminal().confirm("really?", default=default) is answer


async def test_yes_or_no_is_asked_until_it_is_answered(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    keys.type("perhaps\ny\n")
    assert await Terminal().confirm("really?", default=False)
    assert capsys.readouterr().err == "really? [y/N] please answer y or n\nreally? [y/N] "


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("3", "gpt-4.1"),
        ("", "claude-sonnet-4.5"),
        ("gpt-4.1", "gpt-4.1"),
        ("Opus", "claude-opus-4.5"),
        ("mini", "gpt-4.1-mini"),
        ("0\n5\nclaude\nnothing\n4", "gpt-4.1-mini"),
    ],
)
async def test_a_choice_by_number_name_or_part(keys: Keys, typed: str, chosen: str) -> None:
    keys.type(f"{typed}\n")
    assert await Terminal().select("main model", MODELS, default=1) == chosen


async def test_the_choices_are_numbered(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    keys.type("x\n1\n")
    await Terminal().select("model", ["a", "b"])
    assert (
        capsys.readouterr().err == "   1  a\n   2  b\nmodel [1] please type a number from 1 to 2, or part of a name\nmodel [1] "
    )


async def test_enter_can_be_awaited_beside_other_work(keys: Keys) -> None:
    pressed = asyncio.Event()
    Terminal().on_enter(pressed.set)
    assert not pressed.is_set()
    keys.type("\n")
    await asyncio.wait_for(pressed.wait(), 5)


async def test_enter_can_be_withdrawn(keys: Keys) -> None:
    terminal, pressed = Terminal(), asyncio.Event()
    terminal.on_enter(pressed.set)()
    answer = asyncio.gather(terminal.ask("who?"))
    await asyncio.sleep(0.02)
    keys.type("answer\n")
    assert list(await answer) == ["answer"]
    assert not pressed.is_set()


async def test_the_end_of_the_input_is_no_enter(keys: Keys) -> None:
    pressed = asyncio.Event()
    Terminal().on_enter(pressed.set)
    keys.hang_up()
    await asyncio.sleep(0.05)
    assert not pressed.is_set()


if sys.platform != "win32":

    async def test_a_terminal_that_goes_away_is_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
        outer, inner = os.openpty()
        with os.fdopen(inner, encoding="utf-8") as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            os.close(outer)
            with pytest.raises(typer.Abort):
                await Terminal().ask("who?")
