"""Names and ids that upstream accepts, the same every time, and the way back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.translate.tool_names import LONGEST_CHAT_ID, Names, legal_id

LEGAL = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NAMES = st.text(st.characters(), min_size=1, max_size=90)


@pytest.mark.parametrize("name", ["get_weather", "mcp__server__tool", "A-1", "x" * 64])
def test_a_legal_name_stays(name: str) -> None:
    names = Names([name])
    assert names.sent(name) == name
    assert names.changed == {}


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("files.read", "files_read"),
        ("søk etter", "s_k_etter"),
        ("x" * 65, "x" * 55 + "_9537c5fd"),
        ("a.b" + "c" * 70, "a_b" + "c" * 52 + "_553cfa57"),
    ],
)
def test_an_illegal_name_is_replaced_and_remembered(name: str, sent: str) -> None:
    names = Names([name])
    assert names.sent(name) == sent
    assert names.changed == {sent: name}


def test_a_legal_name_is_not_taken_by_one_that_has_to_change() -> None:
    names = Names(["a.b", "a_b"])
    assert names.sent("a_b") == "a_b"
    assert re.fullmatch(r"a_b_[0-9a-f]{8}", names.sent("a.b"))
    assert list(names.changed.values()) == ["a.b"]


def test_even_a_name_that_looks_like_the_hashed_one_stays_unique() -> None:
    hashed = Names(["a_b", "a.b"]).sent("a.b")
    names = Names(["a_b", hashed, "a.b"])
    assert len({names.sent("a_b"), names.sent(hashed), names.sent("a.b")}) == 3


def test_only_names_in_use_are_known() -> None:
    names = Names(["a"])
    assert (names.known("a"), names.known("b")) == ("a", None)


@given(st.lists(NAMES, max_size=12))
def test_names_are_legal_unique_and_lead_back(own: list[str]) -> None:
    names = Names(own)
    sent = {name: names.sent(name) for name in own}
    assert all(LEGAL.fullmatch(name) for name in sent.values())
    assert len(set(sent.values())) == len(sent)
    assert all(names.changed.get(there, there) == name for name, there in sent.items())
    assert {name: Names(own).sent(name) for name in own if name == sent[name]} == {n: n for n in own if n == sent[n]}


def test_a_tool_in_a_namespace_has_a_joined_name_that_leads_back() -> None:
    names = Names(["files__read"])
    assert names.sent("read", "files") != names.sent("files__read") == "files__read"
    assert names.sent("re.ad", "files") == "files__re_ad"
    assert names.known("read", "files") == names.sent("read", "files")
    assert names.known("read") is None
    assert names.changed == {}
    assert names.namespaces == {names.sent("read", "files"): ("files", "read"), "files__re_ad": ("files", "re.ad")}


@given(st.lists(st.tuples(NAMES, NAMES.filter(bool)), max_size=8))
def test_names_in_namespaces_are_legal_unique_and_lead_back(own: list[tuple[str, str]]) -> None:
    names = Names()
    sent = {(namespace, name): names.sent(name, namespace) for name, namespace in own}
    assert all(LEGAL.fullmatch(name) for name in sent.values())
    assert names.namespaces == {there: place for place, there in sent.items()}


@pytest.mark.parametrize("id_", ["toolu_01Ab-9", "call_1", "x" * 40])
def test_a_legal_id_stays(id_: str) -> None:
    assert legal_id(id_, longest=LONGEST_CHAT_ID) == id_


def test_an_id_with_other_characters_is_told_apart_by_a_hash() -> None:
    assert legal_id("functions.Bash:0") == "functions_Bash_0_a97d1507"
    assert legal_id("functions.Bash:0") != legal_id("functions_Bash.0")


def test_an_id_that_is_too_long_for_openai_is_cut() -> None:
    cut = legal_id("ws_689e2d4880a0819d98acca37694989b00b15d90494fc6b87", longest=LONGEST_CHAT_ID)
    assert cut == "ws_689e2d4880a0819d98acca376949_" + cut[-8:]
    assert len(cut) == LONGEST_CHAT_ID


@given(NAMES)
def test_an_id_once_made_legal_stays_as_it_is(id_: str) -> None:
    assert legal_id(legal_id(id_, longest=40), longest=40) == legal_id(id_, longest=40)
