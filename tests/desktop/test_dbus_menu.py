"""The menu's protocol, spoken by another program over a real bus: what is told, what a click does, and what cannot be."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from copilot_api.desktop import dbus_menu
from copilot_api.desktop.backend import Picture
from copilot_api.desktop.face import Face
from copilot_api.desktop.linux_tray import LinuxTray
from copilot_api.desktop.menu import LINE, Act, Row
from tests.builders.bar import MENU, PROPERTIES, Bar, Failed, bar
from tests.builders.desktop import Desktop
from tests.builders.trays import Running, running
from tests.builders.waiting import until

SOME = (
    Row("Serving on 127.0.0.1:4141"),
    LINE,
    Row("Stop serving", Act("serve", target=False)),
    Row("Set up a client", children=(Row("my_client", Act("set-up", "my_client")), Row("Codex", Act("set-up", "Codex")))),
    Row("Start at login", Act("start-at-login", target=False), is_checked=True),
    Row(
        "Account type",
        children=(
            Row("Individual", Act("account-type", "individual"), is_checked=True, is_choice=True),
            Row("Business", Act("account-type", "business"), is_checked=False, is_choice=True),
        ),
    ),
    Row("Quit", Act("quit")),
)


def showing(rows: tuple[Row, ...]) -> Picture:
    return Picture(Face.SERVING, "Serving", rows)


@pytest.fixture
def there(session_bus: Desktop) -> Iterator[Bar]:
    with bar(session_bus.address) as running:
        yield running


@pytest.fixture
def tray(there: Bar) -> Iterator[Running]:
    with running(LinuxTray(), showing(SOME)) as shown:
        until(lambda: shown.hosts == [True])
        yield shown


@pytest.mark.usefixtures("tray")
def test_each_kind_of_row_is_told_as_bars_understand_it(there: Bar) -> None:
    menu = there.rows()
    assert menu.properties == {"children-display": "submenu"}
    usual = {"visible": True, "enabled": True}
    assert menu.find("Serving on 127.0.0.1:4141").properties == {
        **usual,
        "label": "Serving on 127.0.0.1:4141",
        "enabled": False,
    }
    assert menu.below[1].properties == {"type": "separator", "visible": True}
    assert menu.find("Quit").properties == {**usual, "label": "Quit"}
    assert menu.find("Set up a client").properties == {**usual, "label": "Set up a client", "children-display": "submenu"}
    assert [each.label for each in menu.find("Set up a client").below] == ["my__client", "Codex"]
    check = menu.find("Start at login").properties
    assert (check["toggle-type"], check["toggle-state"]) == ("checkmark", 1)
    kinds = [(each.properties["toggle-type"], each.properties["toggle-state"]) for each in menu.find("Account type").below]
    assert kinds == [("radio", 1), ("radio", 0)]


@pytest.mark.usefixtures("tray")
def test_a_part_of_the_menu_can_be_asked_for(there: Bar) -> None:
    submenu = there.rows().find("Set up a client")
    revision, (number, properties, below) = there.menu("GetLayout", "iias", submenu.number, 0, ["label", "icon-name"])
    assert (number, properties, below) == (submenu.number, {"label": ("s", "Set up a client")}, [])
    assert revision == there.menu("GetLayout", "iias", 0, 1, [])[0]
    _, (_, _, rows) = there.menu("GetLayout", "iias", 0, 1, ["label"])
    assert len(rows) == len(SOME)
    assert all(below == [] for _, (_, _, below) in rows)


@pytest.mark.usefixtures("tray")
def test_properties_can_be_asked_for_alone_and_together(there: Bar) -> None:
    menu = there.rows()
    quit_, check = menu.find("Quit").number, menu.find("Start at login").number
    assert there.menu("GetProperty", "is", check, "toggle-state") == (("i", 1),)
    [together] = there.menu("GetGroupProperties", "aias", [quit_, 4711, check], ["label"])
    assert together == [(quit_, {"label": ("s", "Quit")}), (check, {"label": ("s", "Start at login")})]
    [everything] = there.menu("GetGroupProperties", "aias", [], [])
    assert {number for number, _ in everything} == {each.number for each in menu.all()}
    path = (MENU[0], PROPERTIES)
    assert there.call(there.items[-1], path, "Get", "ss", MENU[1], "Version") == (("u", 3),)
    [of_the_menu] = there.call(there.items[-1], path, "GetAll", "s", MENU[1])
    assert of_the_menu.keys() == {"Version", "TextDirection", "Status", "IconThemePath"}


def test_clicks_come_back_one_by_one_and_in_groups(there: Bar, tray: Running) -> None:
    menu = there.rows()
    there.click(menu.find("my__client").number)
    words, business = menu.find("Serving on 127.0.0.1:4141").number, menu.find("Business").number
    events: list[tuple[Any, ...]] = [
        (business, "hovered", ("s", ""), 0),
        (business, "clicked", ("s", ""), 0),
        (4711, "clicked", ("s", ""), 0),
        (words, "clicked", ("s", ""), 0),
    ]
    assert there.menu("EventGroup", "a(isvu)", events) == ([4711],)
    assert tray.acts == [Act("set-up", "my_client"), Act("account-type", "business")]
    assert there.menu("EventGroup", "a(isvu)", []) == ([],)


def test_a_click_on_a_menu_that_has_changed_means_what_stood_there(there: Bar, tray: Running) -> None:
    old = there.rows()
    tray.backend.show(showing((Row("Stopped"), Row("Start serving", Act("serve", target=True)), *SOME[3:])))
    until(lambda: bool(there.signals("LayoutUpdated")))
    there.click(old.find("Stop serving").number)
    there.click(there.rows().find("Start serving").number)
    assert tray.acts == [Act("serve", target=False), Act("serve", target=True)]


def test_other_words_are_told_without_a_new_menu(there: Bar, tray: Running) -> None:
    number = there.rows().below[0].number
    tray.backend.show(showing((Row("Serving, 3 active"), *SOME[1:])))
    until(lambda: bool(there.signals("ItemsPropertiesUpdated")))
    assert there.signals("ItemsPropertiesUpdated") == [([(number, {"label": ("s", "Serving, 3 active")})], [])]
    assert there.signals("LayoutUpdated") == []


def test_a_mark_that_goes_away_is_told(there: Bar, tray: Running) -> None:
    number = there.rows().find("Start at login").number
    changed = Row("Start at login", Act("start-at-login", target=False))
    tray.backend.show(showing((*SOME[:4], changed, *SOME[5:])))
    until(lambda: bool(there.signals("ItemsPropertiesUpdated")))
    assert there.signals("ItemsPropertiesUpdated") == [([], [(number, ["toggle-state", "toggle-type"])])]


def test_rows_that_come_and_go_make_a_new_revision(there: Bar, tray: Running) -> None:
    before = there.menu("GetLayout", "iias", 0, 0, [])[0]
    tray.backend.show(showing(SOME[:3]))
    until(lambda: bool(there.signals("LayoutUpdated")))
    assert there.signals("LayoutUpdated") == [(before + 1, 0)]
    assert there.menu("GetLayout", "iias", 0, 0, [])[0] == before + 1
    tray.backend.show(Picture(Face.STOPPED, "Stopped", SOME[:3]))
    until(lambda: bool(there.signals("NewToolTip")))
    assert len(there.signals("LayoutUpdated")) == 1


def opened(there: Bar, kind: str = "opened") -> None:
    there.menu("Event", "isvu", 0, kind, ("s", ""), 0)


def test_rows_stay_where_they_are_while_the_menu_is_open(there: Bar, tray: Running) -> None:
    opened(there)
    tray.backend.show(showing(SOME[:3]))
    tray.backend.show(Picture(Face.STOPPED, "Stopped", (Row("Words"), *SOME[1:3])))
    until(lambda: bool(there.signals("NewToolTip")))
    assert len(there.rows().below) == len(SOME)
    opened(there, "closed")
    until(lambda: bool(there.signals("LayoutUpdated")))
    assert [each.label for each in there.rows().below] == ["Words", "-", "Stop serving"]


def test_a_menu_that_is_opened_again_is_told_to_be_read_anew(there: Bar, tray: Running) -> None:
    assert there.menu("AboutToShow", "i", 0) == (False,)
    opened(there)
    tray.backend.show(Picture(Face.STOPPED, "Stopped", SOME[:3]))
    until(lambda: bool(there.signals("NewToolTip")))
    assert there.menu("AboutToShow", "i", there.rows().find("Set up a client").number) == (False,)
    assert there.menu("AboutToShowGroup", "ai", [0, 4711]) == ([0], [4711])
    assert there.menu("AboutToShow", "i", 0) == (False,)
    assert len(there.rows().below) == 3


def test_a_bar_that_ends_without_a_word_does_not_hold_the_menu_for_ever(
    there: Bar, tray: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbus_menu, "OPEN_S", 0.2)
    opened(there)
    tray.backend.show(showing(SOME[:3]))
    until(lambda: len(there.rows().below) == 3)


@pytest.mark.parametrize(
    ("member", "signature", "arguments"),
    [
        ("GetLayout", "iias", (4711, -1, [])),
        ("GetProperty", "is", (4711, "label")),
        ("GetProperty", "is", (0, "label")),
        ("Event", "isvu", (4711, "clicked", ("s", ""), 0)),
        ("Event", "isvu", (-1, "clicked", ("s", ""), 0)),
        ("Event", "is", (3, "clicked")),
        ("Event", "ssvu", ("3", "clicked", ("s", ""), 0)),
        ("EventGroup", "a(isvu)", ([(4711, "clicked", ("s", ""), 0)],)),
        ("AboutToShow", "i", (4711,)),
        ("AboutToShow", "", ()),
        ("Explode", "", ()),
    ],
)
def test_a_malformed_call_is_an_error_and_changes_nothing(
    member: str, signature: str, arguments: tuple[Any, ...], there: Bar, tray: Running
) -> None:
    before = there.rows()
    with pytest.raises(Failed):
        there.menu(member, signature, *arguments)
    assert there.rows() == before
    assert tray.acts == []


@pytest.mark.usefixtures("tray")
def test_what_is_unknown_in_a_group_is_named(there: Bar) -> None:
    known = there.rows().find("Account type").number
    assert there.menu("AboutToShowGroup", "ai", [known, 4711]) == ([], [4711])


def test_a_whole_menu_is_read_and_drawn_quickly(there: Bar, tray: Running) -> None:
    many = tuple(Row(f"row {number}", Act("set-up", f"{number}")) for number in range(200))
    tray.backend.show(showing(many))
    until(lambda: len(there.rows().below) == 200)
    began = time.perf_counter()
    there.rows()
    assert time.perf_counter() - began < 0.2
