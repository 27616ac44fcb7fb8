"""Encrypted reasoning comes back with the id it was written under, to the models that wrote it and to nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.models import Model
from copilot_api.dialects.responses_decoder import signature
from copilot_api.translate import carrier, sealed

WRITER = Model(id="gpt-5.3-codex", family="gpt-5.3-codex")
ANY_TEXT = st.text(st.characters(codec="utf-8"))


@given(item_id=ANY_TEXT, encrypted=ANY_TEXT.filter(bool))
def test_whatever_is_sealed_comes_back(item_id: str, encrypted: str) -> None:
    assert sealed.unseal(sealed.seal(item_id, encrypted, WRITER), WRITER) == (item_id, encrypted)


def test_a_sibling_of_the_same_family_reads_it() -> None:
    assert sealed.unseal(sealed.seal("rs_1", "RU5D", WRITER), Model(id="gpt-5.3-codex-fast", family="gpt-5.3-codex")) == (
        "rs_1",
        "RU5D",
    )


def test_a_model_of_another_family_does_not() -> None:
    assert sealed.unseal(sealed.seal("rs_1", "RU5D", WRITER), Model(id="gpt-5.4")) is None


@given(st.one_of(ANY_TEXT, st.none(), st.integers(), st.just("gAAAAABfernet")))
def test_foreign_texts_are_no_seals_and_never_raise(text: object) -> None:
    assert sealed.unseal(text, WRITER) is None


@pytest.mark.parametrize(
    "held", ["", "no json", "[]", "7", "{}", '{"id":"rs_1"}', '{"id":"rs_1","e":""}', '{"id":"rs_1","e":7}']
)
def test_a_carrier_without_an_encrypted_text_is_no_seal(held: str) -> None:
    assert sealed.unseal(carrier.pack(held, origin="r", family="gpt-5.3-codex"), WRITER) is None


def test_the_form_is_shared_with_answers_that_are_rewritten() -> None:
    text = carrier.pack('{"id":"rs_1","e":"RU5D"}', origin="r", family="gpt-5.3-codex")
    assert signature("rs_1", "RU5D") == '{"id":"rs_1","e":"RU5D"}'
    assert sealed.seal("rs_1", "RU5D", WRITER) == text
