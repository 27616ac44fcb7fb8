"""A translated request cannot be changed any more, and loses nothing unless it says so."""

from dataclasses import FrozenInstanceError

import pytest

from copilot_api.translate.request import Request


def test_a_request_that_says_nothing_lost_nothing_and_renamed_nothing() -> None:
    request = Request(body={"model": "m"})
    assert (request.losses, request.tool_names, request.custom_tools) == (frozenset(), {}, frozenset())


def test_a_request_is_final() -> None:
    request = Request(body={})
    with pytest.raises(FrozenInstanceError):
        request.body = {"model": "other"}  # type: ignore[misc]  # the point of the test


def test_two_requests_share_no_names() -> None:
    assert Request(body={}).tool_names is not Request(body={}).tool_names
