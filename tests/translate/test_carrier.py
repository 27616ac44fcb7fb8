"""A carrier brings reasoning back to the models that wrote it, and to nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.models import Model
from copilot_api.translate import carrier
from copilot_api.translate.carrier import Origin

ORIGINS = st.sampled_from(("c", "m", "redacted", "r"))
ANY_TEXT = st.text(st.characters())
FAMILIES = st.text(max_size=20)


@given(payload=ANY_TEXT, origin=ORIGINS, family=FAMILIES)
def test_whatever_is_packed_comes_back(payload: str, origin: Origin, family: str) -> None:
    packed = carrier.pack(payload, origin=origin, family=family)
    assert carrier.unpack(packed, origin=origin, family=family) == payload


@given(payload=ANY_TEXT, origin=ORIGINS, family=FAMILIES)
def test_a_carrier_is_printable_ascii_without_blanks(payload: str, origin: Origin, family: str) -> None:
    packed = carrier.pack(payload, origin=origin, family=family)
    assert packed.startswith(carrier.PREFIX)
    assert all("!" <= character <= "~" for character in packed)


@given(junk=st.one_of(ANY_TEXT, st.none(), st.integers(), st.lists(st.text()), ANY_TEXT.map(lambda text: f"cap1.c.gpt.{text}")))
def test_junk_is_read_as_nothing_and_never_raises(junk: object) -> None:
    unpacked = carrier.unpack(junk, origin="m", family="claude-opus-5")
    assert unpacked is None


@pytest.mark.parametrize("sealed", ["A", "_w", "not base64!", "gICA", "AAA=", "YQ.YQ"])
def test_a_damaged_payload_is_read_as_nothing(sealed: str) -> None:
    assert carrier.unpack(f"cap1.c.gpt-5.{sealed}", origin="c", family="gpt-5") is None


def test_another_origin_does_not_get_it() -> None:
    packed = carrier.pack("signature", origin="m", family="claude-haiku-4.5")
    assert carrier.unpack(packed, origin="redacted", family="claude-haiku-4.5") is None


@pytest.mark.parametrize("other", ["claude-haiku-4", "claude-haiku-4.5.x", "claude-haiku-4x5", "", "claude-haiku-4.5."])
def test_another_family_does_not_get_it(other: str) -> None:
    packed = carrier.pack("signature", origin="m", family="claude-haiku-4.5")
    assert carrier.unpack(packed, origin="m", family=other) is None


def test_the_form_is_fixed_because_conversations_outlive_versions() -> None:
    assert carrier.pack("Hei!", origin="r", family="gpt-5.3-codex") == "cap1.r.gpt-5.3-codex.SGVpIQ"


def test_no_signature_at_all_can_be_carried_too() -> None:
    assert carrier.unpack(carrier.pack("", origin="c", family="grok"), origin="c", family="grok") == ""


def test_models_of_one_family_read_each_other() -> None:
    assert carrier.family(Model(id="claude-opus-5-fast", family="claude-opus-5")) == "claude-opus-5"
    assert carrier.family(Model(id="gpt-4.1")) == "gpt-4.1"
