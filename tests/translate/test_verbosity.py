"""Only OpenAI's models know how to be asked to be brief."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import verbosity
from copilot_api.translate.fields import Fields
from tests.builders.models import model


@pytest.mark.parametrize(
    ("model_id", "given", "taken", "losses"),
    [
        ("gpt-5-mini", {"verbosity": "low"}, {"verbosity": "low"}, []),
        ("gpt-5-mini", {}, {}, []),
        ("grok-4.7", {"verbosity": "low"}, {}, ["verbosity"]),
    ],
)
def test_the_wish_goes_to_those_who_know_it(model_id: str, given: Json, taken: Json, losses: list[str]) -> None:
    fields = Fields(given)
    assert verbosity.take(fields, model(model_id)) == taken
    assert list(fields.losses()) == losses


def test_it_is_a_word() -> None:
    with pytest.raises(ClientMistake, match="verbosity: must be a text"):
        verbosity.take(Fields({"verbosity": 1}), model("gpt-5-mini"))
