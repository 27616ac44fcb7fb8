"""A translated request cannot be changed any more, and loses nothing unless it says so."""

from dataclasses import FrozenInstanceError

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.request import Request, translated
from copilot_api.translate.tool_schemas import is_strict_for_openai


def test_a_request_that_says_nothing_lost_nothing_and_renamed_nothing() -> None:
    request = Request(body={"model": "m"})
    assert (request.losses, request.tool_names, request.custom_tools) == (frozenset(), {}, frozenset())


def test_a_request_is_final() -> None:
    request = Request(body={})
    with pytest.raises(FrozenInstanceError):
        request.body = {"model": "other"}  # type: ignore[misc]  # the point of the test


def test_a_request_knows_its_tools_by_the_clients_names() -> None:
    inner: list[Json] = [{"type": "custom", "name": "exec"}]
    fields = Fields({"tools": [{"name": "a.b"}, {"type": "namespace", "name": "n", "tools": inner}], "left": 1})
    toolbox = tools.read_responses(fields.objects("tools"), may_be_strict=is_strict_for_openai)
    assert Request.of({"model": "m"}, fields, toolbox) == Request(
        body={"model": "m"},
        losses=frozenset({"left"}),
        tool_names={"a_b": "a.b"},
        custom_tools=frozenset({"n__exec"}),
        namespaces={"n__exec": ("n", "exec")},
    )


def test_a_body_nested_beyond_reason_is_refused() -> None:
    def endless(fields: Fields, model: Model) -> Request:
        return endless(fields, model)

    with pytest.raises(ClientMistake, match="nested too deeply"):
        translated({}, Model(id="m"), endless)


def test_two_requests_share_no_names() -> None:
    assert Request(body={}).tool_names is not Request(body={}).tool_names
