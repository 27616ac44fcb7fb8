"""The copyright file is one that Debian's tools can read, and copies no licence that every Debian has."""

import re
from pathlib import Path

import pytest

from installers import notices
from installers.linux.copyright import debian_copyright
from installers.notices import Part


@pytest.fixture(scope="module")
def stanzas() -> list[dict[str, str]]:
    """The file as fields, read as DEP-5 says."""
    text = debian_copyright(notices.parts(Path("nowhere"), Path("none.xml")))
    found = []
    for stanza in text.strip().split("\n\n"):
        fields = re.findall(r"^(\S+): ?(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        assert fields, stanza
        found.append(dict(fields))
    return found


def test_it_begins_with_what_it_is(stanzas: list[dict[str, str]]) -> None:
    assert stanzas[0]["Format"] == "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    assert stanzas[1]["Files"] == "*"
    assert stanzas[1]["License"] == "MIT"


def test_every_licence_that_is_named_has_its_words(stanzas: list[dict[str, str]]) -> None:
    named = {name for stanza in stanzas if "Files" in stanza for name in stanza["License"].split(" and ")}
    defined = {stanza["License"].splitlines()[0]: stanza for stanza in stanzas if "Files" not in stanza and "License" in stanza}
    assert named == set(defined)
    assert all(len(stanza["License"].splitlines()) > 1 for stanza in defined.values())
    assert all(" " not in name for name in defined)


def test_everybody_is_named(stanzas: list[dict[str, str]]) -> None:
    carried = stanzas[2]
    assert carried["Files"] == "usr/lib/copilot-api/*"
    assert "\n aiohttp " in carried["Comment"]
    assert "\n Python 3." in carried["Comment"]
    assert "aio-libs" in carried["Copyright"]


def test_no_licence_is_copied_that_debian_has(stanzas: list[dict[str, str]]) -> None:
    licences = [stanza.get("License", "") for stanza in stanzas]
    assert not [text for text in licences if "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text]
    apache = next(text for text in licences if text.startswith("Apache-2.0-yarl"))
    assert "/usr/share/common-licenses/Apache-2.0" in apache


def test_two_licences_of_one_part_are_both_told() -> None:
    part = Part(name="x", version="1", licence="Apache-2.0 AND MIT", text="Apache words\n\nMIT words")
    text = debian_copyright((part,))
    assert "License: Apache-2.0-AND-MIT-x\n On Debian systems the text of Apache-2.0 is in" in text
    assert " MIT words\n" in text
