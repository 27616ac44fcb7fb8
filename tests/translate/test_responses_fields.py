"""What a Responses request says beside its conversation, taken for endpoints that say it in other words."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import responses_fields
from copilot_api.translate.fields import Fields

ENCRYPTED = "reasoning.encrypted_content"


def read(body: Json) -> list[tuple[str, str, Any]]:
    """Where each item stands, its role, and its content."""
    return [(item.path, item.text("role"), item.take("content")) for item in responses_fields.items(Fields(body))]


def test_a_text_stands_for_one_message() -> None:
    assert read({"input": "Hei!"}) == [("input", "user", "Hei!")]


def test_instructions_come_before_everything() -> None:
    body = {"instructions": "Be kind.", "input": [{"role": "user", "content": "Hei!"}]}
    assert read(body) == [("instructions", "system", "Be kind."), ("input.0", "user", "Hei!")]
    assert read({"instructions": None}) == []


@pytest.mark.parametrize("given", [7, {"role": "user"}, ["Hei!"]])
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(ClientMistake, match="input"):
        read({"input": given})


@pytest.mark.parametrize(
    ("fields", "losses"),
    [
        ({"include": [ENCRYPTED], "truncation": "disabled"}, []),
        ({"include": [], "truncation": None}, []),
        ({"include": [ENCRYPTED, "message.output_text.logprobs"]}, ["include"]),
        ({"truncation": "auto"}, ["truncation"]),
    ],
)
def test_what_is_so_anyway_is_no_loss(fields: Json, losses: list[str]) -> None:
    taken = Fields(fields)
    responses_fields.settle(taken)
    assert list(taken.losses()) == losses


def test_a_stored_prompt_is_refused() -> None:
    with pytest.raises(ClientMistake, match="prompt: stored prompts are not available"):
        responses_fields.settle(Fields({"prompt": {"id": "p"}}))


@pytest.mark.parametrize(("asked", "cap"), [(None, None), (1, 1), (100.0, 100)])
def test_the_cap_is_taken(asked: float | None, cap: int | None) -> None:
    assert responses_fields.cap(Fields({"max_output_tokens": asked})) == cap


def test_a_cap_of_nothing_is_refused() -> None:
    with pytest.raises(ClientMistake, match="must be at least 1"):
        responses_fields.cap(Fields({"max_output_tokens": 0}))
