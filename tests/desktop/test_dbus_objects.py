"""What is offered on the bus answers what it was asked, and anything else with the error that the specification names."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from copilot_api.desktop.dbus_objects import PROPERTIES, Interface, Method, Objects, Property, Refused, single_types

PATH, NAME = "/lamp/1", "org.example.Lamp"


def fail() -> tuple[Any, ...]:
    raise RuntimeError("a fault")


def refuse() -> tuple[Any, ...]:
    raise Refused("org.example.Broken", "the bulb is gone")


@pytest.fixture
def objects() -> Objects:
    offered = Objects()
    interface = Interface(
        NAME,
        {
            "Add": Method("ii", "i", lambda one, two: (one + two,)),
            "Fail": Method("", "", fail),
            "Refuse": Method("", "", refuse),
        },
        {"Colour": Property("s", lambda: "red"), "Watts": Property("u", lambda: 40)},
        {"Changed": "sa{sv}"},
    )
    offered.offer(PATH, interface)
    return offered


def test_a_call_is_answered_with_or_without_the_name_of_the_interface(objects: Objects) -> None:
    assert objects.answer(PATH, NAME, "Add", "ii", (2, 3)) == ("i", (5,))
    assert objects.answer(PATH, "", "Add", "ii", (2, 3)) == ("i", (5,))
    assert objects.answer(PATH, "org.freedesktop.DBus.Peer", "Ping", "", ()) == ("", ())


def test_properties_can_be_read_alone_and_together(objects: Objects) -> None:
    assert objects.answer(PATH, PROPERTIES, "Get", "ss", (NAME, "Watts")) == ("v", (("u", 40),))
    everything = {"Colour": ("s", "red"), "Watts": ("u", 40)}
    assert objects.answer(PATH, PROPERTIES, "GetAll", "s", (NAME,)) == ("a{sv}", (everything,))


@pytest.mark.parametrize(
    ("path", "interface", "member", "signature", "body", "error"),
    [
        ("/nowhere", NAME, "Add", "ii", (1, 2), "UnknownObject"),
        ("/", "", "Introspection", "", (), "UnknownObject"),
        (PATH, "org.example.Other", "Add", "ii", (1, 2), "UnknownInterface"),
        (PATH, NAME, "Subtract", "ii", (1, 2), "UnknownMethod"),
        (PATH, "", "Subtract", "ii", (1, 2), "UnknownMethod"),
        (PATH, NAME, "Add", "is", (1, "2"), "InvalidArgs"),
        (PATH, NAME, "Add", "", (), "InvalidArgs"),
        (PATH, PROPERTIES, "Get", "ss", (NAME, "Weight"), "UnknownProperty"),
        (PATH, PROPERTIES, "Get", "ss", ("org.example.Other", "Colour"), "UnknownInterface"),
        (PATH, PROPERTIES, "GetAll", "s", ("org.example.Other",), "UnknownInterface"),
        (PATH, PROPERTIES, "Set", "ssv", (NAME, "Colour", ("s", "blue")), "PropertyReadOnly"),
        (PATH, PROPERTIES, "Set", "ssv", (NAME, "Weight", ("s", "blue")), "UnknownProperty"),
        (PATH, NAME, "Fail", "", (), "Failed"),
    ],
)
def test_what_cannot_be_answered_is_an_error(
    objects: Objects, path: str, interface: str, member: str, signature: str, body: tuple[Any, ...], error: str
) -> None:
    with pytest.raises(Refused) as refused:
        objects.answer(path, interface, member, signature, body)
    assert refused.value.name == f"org.freedesktop.DBus.Error.{error}"


def test_an_error_of_its_own_keeps_its_name(objects: Objects) -> None:
    with pytest.raises(Refused, match="the bulb is gone") as refused:
        objects.answer(PATH, NAME, "Refuse", "", ())
    assert refused.value.name == "org.example.Broken"


def described(objects: Objects, path: str) -> ET.Element:
    signature, [text] = objects.answer(path, "org.freedesktop.DBus.Introspectable", "Introspect", "", ())
    assert signature == "s"
    return ET.fromstring(text)  # noqa: S314 - written here


def test_an_object_describes_itself(objects: Objects) -> None:
    lamp = next(each for each in described(objects, PATH) if each.get("name") == NAME)
    add = next(each for each in lamp if each.get("name") == "Add")
    assert [(each.get("type"), each.get("direction")) for each in add] == [("i", "in"), ("i", "in"), ("i", "out")]
    assert {each.get("name"): each.get("type") for each in lamp.iter("property")} == {"Colour": "s", "Watts": "u"}
    [changed] = lamp.iter("signal")
    assert [each.get("type") for each in changed] == ["s", "a{sv}"]


@pytest.mark.parametrize(("path", "below"), [("/", ["lamp"]), ("/lamp", ["1"]), (PATH, [])])
def test_the_way_down_to_an_object_can_be_walked(objects: Objects, path: str, below: list[str]) -> None:
    assert [each.get("name") for each in described(objects, path) if each.tag == "node"] == below


def test_a_signature_falls_into_its_single_types() -> None:
    assert list(single_types("ia{sv}av(sa(iiay)ss)")) == ["i", "a{sv}", "av", "(sa(iiay)ss)"]
    assert list(single_types("")) == []


def test_the_signature_of_a_signal_is_the_one_that_was_offered(objects: Objects) -> None:
    assert objects.signature_of(PATH, NAME, "Changed") == "sa{sv}"
