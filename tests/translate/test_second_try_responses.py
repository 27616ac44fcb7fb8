"""Refusals by /responses that a changed request gets past."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import UpstreamRefused
from copilot_api.translate.second_try_responses import mend

SAID: Json = {"role": "user", "content": "q"}
REASONING: Json = {"type": "reasoning", "id": "blob", "summary": [], "encrypted_content": "RU5D"}
FUNCTION = {"type": "function", "name": "f"}
IMAGE = {"type": "image_generation"}


def refused(message: str) -> UpstreamRefused:
    return UpstreamRefused(message, status=400)


@pytest.mark.parametrize(
    "message",
    [
        "input item ID does not belong to this connection",
        "Invalid 'input[1].id': 'blob'. Expected an ID that begins with 'rs'.",
        "The encrypted content could not be verified. Reason: item_id did not match the target item id.",
    ],
)
def test_ids_that_upstream_does_not_know_go_first_and_the_reasoning_next(message: str) -> None:
    body: Json = {"input": [SAID | {"id": "msg_1"}, REASONING]}
    again = mend(body, refused(message))
    bare = {"type": "reasoning", "summary": [], "encrypted_content": "RU5D"}
    assert again == ({"input": [SAID, bare]}, "ids-forgotten")
    assert mend(again[0], refused(message)) == ({"input": [SAID]}, "reasoning-forgotten")
    assert mend({"input": [SAID]}, refused(message)) is None


@pytest.mark.parametrize(
    "message",
    [
        "The encrypted content gAAA...AAA= could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
        "Encrypted function output content could not be decrypted or decoded",
    ],
)
def test_reasoning_that_upstream_cannot_read_is_forgotten(message: str) -> None:
    assert mend({"input": [REASONING, SAID]}, refused(message)) == ({"input": [SAID]}, "reasoning-forgotten")
    assert mend({"input": "q"}, refused(message)) is None


def test_a_tool_that_upstream_does_not_run_is_dropped() -> None:
    no_images = refused("The requested tool image_generation is not supported.")
    body: Json = {"input": "q", "tools": [IMAGE, FUNCTION], "tool_choice": "auto"}
    assert mend(body, no_images) == (body | {"tools": [FUNCTION]}, "refused-tool-dropped")
    assert mend(body | {"tools": [IMAGE]}, no_images) == ({"input": "q"}, "refused-tool-dropped")
    assert mend(body | {"tools": [FUNCTION]}, no_images) is None


def test_a_tool_that_may_take_no_free_text_takes_it_wrapped() -> None:
    no_custom = refused("The requested tool custom is not supported.")
    again = mend({"input": "q", "tools": [{"type": "custom", "name": "exec"}]}, no_custom)
    assert again is not None
    assert (again[0]["tools"][0]["type"], again[1]) == ("function", "free-text-wrapped")
    assert mend({"input": "q", "tools": [FUNCTION]}, no_custom) is None


def test_a_tool_that_must_be_called_is_not_dropped() -> None:
    body: Json = {"input": "q", "tools": [IMAGE, FUNCTION], "tool_choice": IMAGE}
    assert mend(body, refused("The requested tool image_generation is not supported.")) is None


def test_any_other_refusal_stands() -> None:
    assert mend({"input": [REASONING | {"id": "rs_1"}]}, refused("The requested model is not supported.")) is None
