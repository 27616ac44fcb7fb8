"""Every error knows its status, its kind, what happened and what to do next."""

import inspect
from typing import get_args

import pytest

from copilot_api import errors
from copilot_api.errors import ClientMistake, CopilotApiError, PersonNeeded, SettingsBroken, SlowDown, UpstreamRefused

ALL = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, CopilotApiError)]


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_every_class_is_an_http_failure_of_a_known_kind(cls: type[CopilotApiError]) -> None:
    assert 400 <= cls.status <= 599
    assert cls.kind in get_args(errors.Kind)
    assert cls.exit_code in {1, 2}


def test_the_tree_has_two_levels() -> None:
    deepest = max(len(cls.__mro__) for cls in ALL if cls is not SettingsBroken)
    assert deepest == len(CopilotApiError.__mro__) + 2
    assert issubclass(SettingsBroken, errors.StartFailed)


def test_text_joins_message_and_hint() -> None:
    assert CopilotApiError("port 4141 is in use", hint="pass --port 4142").text == "port 4141 is in use (pass --port 4142)"
    assert CopilotApiError("port 4141 is in use").text == "port 4141 is in use"
    assert str(CopilotApiError("what happened", hint="what to do")) == "what happened"


def test_a_client_mistake_can_name_the_parameter() -> None:
    mistake = ClientMistake("no", code="too_long", param="messages")
    assert (mistake.status, mistake.code, mistake.param) == (400, "too_long", "messages")
    assert ClientMistake.code == ""


def test_the_rate_limit_says_when_to_come_back() -> None:
    slow = SlowDown("too fast", retry_after_s=7)
    assert (slow.status, slow.retry_after, slow.should_retry) == (429, "7", True)


@pytest.mark.parametrize(
    ("kind", "should_retry"),
    [("billing", False), ("authentication", False), ("permission", False), ("rate_limit", True), ("server", True)],
)
def test_a_refusal_is_retried_only_where_time_can_mend_it(kind: errors.Kind, should_retry: bool) -> None:
    refusal = UpstreamRefused("no", status=402, kind=kind, code="quota_exceeded", param="p", retry_after="9", hint="wait")
    assert refusal.should_retry is should_retry
    assert (refusal.status, refusal.code, refusal.param, refusal.retry_after) == (402, "quota_exceeded", "p", "9")


def test_what_needs_a_person_is_never_retried() -> None:
    people = [cls for cls in ALL if issubclass(cls, PersonNeeded)]
    assert len(people) > 3
    assert not any(cls.should_retry for cls in people)


def test_broken_settings_end_the_program_with_two() -> None:
    assert SettingsBroken("x").exit_code == 2
    assert errors.StartFailed("x").exit_code == 1
