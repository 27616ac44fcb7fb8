"""A number means what stood there when it was drawn, whatever has become of the menu since."""

from hypothesis import given
from hypothesis import strategies as st

from copilot_api.desktop.drawn import REMEMBERED, Drawn, Numbering, plain
from copilot_api.desktop.face import Face
from copilot_api.desktop.menu import LINE, Act, Row, rows
from tests.desktop.glances import GLANCES

STOP, QUIT = Row("Stop serving", Act("serve", target=False)), Row("Quit", Act("quit"))


def numbers(drawn: Drawn) -> dict[str, int]:
    return {each.row.label: each.number for each in drawn.all() if each.row.label}


def test_a_row_keeps_its_number_while_others_come_and_go() -> None:
    numbering = Numbering()
    before = numbers(numbering.draw((Row("Serving"), STOP, QUIT)))
    after = numbers(numbering.draw((Row("Serving, 3 active"), Row("More words"), LINE, QUIT)))
    assert after["Quit"] == before["Quit"]
    assert after["Serving, 3 active"] == before["Serving"]
    assert not {after["More words"]} & set(before.values())


def test_a_row_that_does_something_else_gets_another_number() -> None:
    numbering = Numbering()
    off = numbers(numbering.draw((Row("Start at login", Act("start-at-login", target=True), is_checked=False),)))
    on = numbers(numbering.draw((Row("Start at login", Act("start-at-login", target=False), is_checked=True),)))
    assert off["Start at login"] != on["Start at login"]
    assert numbering.act(off["Start at login"]) == Act("start-at-login", target=True)
    assert numbering.act(on["Start at login"]) == Act("start-at-login", target=False)


def test_two_rows_that_do_the_same_are_two() -> None:
    drawn = Numbering().draw((QUIT, Row("End", Act("quit"))))
    assert len(set(numbers(drawn).values())) == 2


def test_a_click_on_a_row_that_is_gone_still_means_that_row() -> None:
    numbering = Numbering()
    number = numbers(numbering.draw((STOP, QUIT)))["Stop serving"]
    numbering.draw((QUIT,))
    assert numbering.act(number) == STOP.act
    assert numbers(numbering.draw((STOP, QUIT)))["Stop serving"] != number


def test_rows_that_are_long_gone_are_forgotten_and_shown_ones_never() -> None:
    numbering = Numbering()
    first = numbers(numbering.draw((QUIT, Row("0", Act("approve", "once 0")))))
    for turn in range(1, REMEMBERED + 10):
        numbering.draw((QUIT, Row(str(turn), Act("approve", f"once {turn}"))))
    assert numbering.act(first["0"]) is None
    assert numbering.act(first["Quit"]) == QUIT.act
    assert len(numbering._acts) == REMEMBERED


@given(st.lists(st.sampled_from(list(Face)), min_size=1, max_size=12))
def test_no_number_ever_changes_its_meaning(faces: list[Face]) -> None:
    numbering, meant = Numbering(), dict[int, Act | None]()
    for face in faces:
        drawn = numbering.draw(rows(GLANCES[face]))
        shown = [each.number for each in drawn.all()]
        assert len(shown) == len(set(shown))
        for each in drawn.all():
            assert meant.setdefault(each.number, each.row.act) == each.row.act
            assert numbering.act(each.number) == each.row.act


def test_the_outline_tells_coming_and_going_from_other_words() -> None:
    numbering = Numbering()
    first = numbering.draw((Row("Serving"), Row("Set up", children=(QUIT,)))).outline
    assert numbering.draw((Row("Stopped"), Row("Set up", children=(QUIT,)))).outline == first
    assert numbering.draw((Row("Stopped"), Row("Set up", children=(QUIT, STOP)))).outline != first


def test_text_that_no_bus_takes_is_mended() -> None:
    assert plain("a\0b\ud800c · ü 😀") == "ab?c · ü 😀"
    assert plain("<b>", lambda text: text.replace("<", "&lt;")) == "&lt;b>"
