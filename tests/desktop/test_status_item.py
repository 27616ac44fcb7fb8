"""The icon's protocol, spoken by another program over a real bus."""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from copilot_api.desktop.face import Face, title
from copilot_api.desktop.icons import SIZES, Icons
from copilot_api.desktop.linux_tray import LinuxTray
from tests.builders.bar import ITEM, PROPERTIES, WATCHER, Bar, Caller, Failed, bar
from tests.builders.desktop import Desktop
from tests.builders.trays import Running, picture, running
from tests.builders.waiting import until
from tests.desktop.glances import GLANCES


@pytest.fixture
def there(session_bus: Desktop) -> Iterator[Bar]:
    with bar(session_bus.address) as running:
        yield running


@pytest.fixture
def tray(there: Bar) -> Iterator[Running]:
    with running(LinuxTray(), picture(Face.SERVING)) as shown:
        until(lambda: shown.hosts == [True])
        yield shown


@pytest.mark.usefixtures("tray")
def test_everything_that_bars_ask_for_is_told(there: Bar) -> None:
    [told] = there.call(there.items[0], (ITEM[0], PROPERTIES), "GetAll", "s", ITEM[1])
    values = {name: value for name, (_, value) in told.items()}
    assert there.items[0].startswith("org.kde.StatusNotifierItem-")
    assert values["Id"] == "copilot-api"
    assert values["Category"] == "ApplicationStatus"
    assert values["ItemIsMenu"] is True
    assert values["Menu"] == "/MenuBar"
    assert values["ToolTip"] == ("", [], title(GLANCES[Face.SERVING]), "")
    assert values["Status"] == "Active"


def is_drawn(there: Bar, times: int) -> bool:
    return len(there.signals("NewIcon")) == times


def has_status(there: Bar, status: str) -> bool:
    return bool(there.item("Status") == status)


def test_each_face_is_shown_in_every_size_and_told_once(there: Bar, tray: Running) -> None:
    icons = Icons()
    for count, face in enumerate([face for face in Face if face is not Face.SERVING], start=1):
        tray.backend.show(picture(face))
        until(partial(is_drawn, there, count))
        shown = there.item("IconPixmap")
        assert shown == [(size, size, icons.argb(face)[size]) for size in SIZES]
        assert there.item("AttentionIconPixmap") == shown
        assert there.item("ToolTip")[2] == title(GLANCES[face])


def test_what_wants_a_hand_is_told_so_that_it_is_not_hidden(there: Bar, tray: Running) -> None:
    for face, status in ((Face.APPROVAL, "NeedsAttention"), (Face.SIGNING_IN, "NeedsAttention"), (Face.FAILING, "Active")):
        tray.backend.show(picture(face))
        until(partial(has_status, there, status))
    assert there.signals("NewStatus") == [("NeedsAttention",), ("Active",)]


def test_the_same_face_with_other_words_is_not_drawn_again(there: Bar, tray: Running) -> None:
    tray.backend.show(picture(Face.LOW))
    until(lambda: bool(there.signals("NewIcon")))
    words = picture(Face.LOW)
    tray.backend.show(type(words)(words.face, "other words", words.rows))
    until(lambda: there.item("ToolTip")[2] == "other words")
    assert len(there.signals("NewIcon")) == 1


def test_a_click_of_a_bar_that_opens_no_menu_is_answered(there: Bar, tray: Running) -> None:
    assert there.call(there.items[0], ITEM, "Activate", "ii", 10, 10) == ()
    assert there.call(there.items[0], ITEM, "Scroll", "is", 1, "vertical") == ()
    assert tray.acts == []


@pytest.mark.usefixtures("tray")
@pytest.mark.parametrize(
    ("member", "signature", "arguments"),
    [("Activate", "", ()), ("Activate", "ss", ("1", "2")), ("SecondaryActivate", "ii", (1, 1)), ("ContextMenu", "ii", (1, 1))],
)
def test_what_it_does_not_do_is_an_error(member: str, signature: str, arguments: tuple[Any, ...], there: Bar) -> None:
    with pytest.raises(Failed):
        there.call(there.items[0], ITEM, member, signature, *arguments)
    with pytest.raises(Failed, match="PropertyReadOnly"):
        there.call(there.items[0], (ITEM[0], PROPERTIES), "Set", "ssv", ITEM[1], "Title", ("s", "mine"))
    assert there.item("Title") == "Copilot API"


def test_a_list_that_nobody_draws_is_no_bar(session_bus: Desktop) -> None:
    with bar(session_bus.address, has_host=False) as there, running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [False])
        there.tell_of_hosts(has_host=True)
        until(lambda: tray.hosts == [False, True])
        there.tell_of_hosts(has_host=False)
        until(lambda: tray.hosts == [False, True, False])


def test_a_name_that_another_has_already_is_not_given_to_the_bar(there: Bar, session_bus: Desktop) -> None:
    other = Caller(session_bus.address)
    other.own(f"org.kde.StatusNotifierItem-{os.getpid()}-1")
    with running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [True])
        assert there.items[0].startswith(":")
        assert there.item("Title") == "Copilot API"
    other.close()


@pytest.mark.parametrize(("answers", "is_shown"), [(["RegisterStatusNotifierItem"], True), ([], False)])
def test_a_watcher_that_says_little_is_taken_at_its_word(answers: list[str], is_shown: bool, session_bus: Desktop) -> None:
    watcher = Caller(session_bus.address, {name: lambda _: ("", ()) for name in answers})
    watcher.own(WATCHER)
    with running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [is_shown])
    watcher.close()
