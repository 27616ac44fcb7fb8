"""Faults of our own are found in the log, and quote nobody."""

import logging

import pytest

from copilot_api.errors import UpstreamRefused, UpstreamTimeout
from copilot_api.log import request_id
from copilot_api.server.faults import HTTP_LOG, PLACES, noted, reason


def test_a_fault_is_logged_by_type_and_place_only(caplog: pytest.LogCaptureFixture) -> None:
    prompt = "canary-prompt"
    mark = request_id.set("id-7")
    try:
        int(prompt)
    except ValueError as error:
        problem = noted(error)
    finally:
        request_id.reset(mark)
    assert (problem.status, problem.kind) == (500, "server")
    assert "id-7" in problem.hint
    assert prompt not in problem.text + caplog.text
    assert "ValueError" in caplog.text
    assert "test_faults.py" in caplog.text


def test_a_request_that_is_nested_too_deeply_is_its_clients_mistake(caplog: pytest.LogCaptureFixture) -> None:
    """What goes through it calls itself for each level, and Python sets an end to that."""

    def deeper(level: int) -> int:
        return deeper(level + 1) + 1

    caplog.set_level("INFO")
    try:
        deeper(0)
    except RecursionError as error:
        problem = noted(error)
    assert (problem.status, problem.kind, problem.code) == (400, "invalid_request", "invalid_json")
    assert "nested too deeply" in problem.text
    assert len(caplog.text.splitlines()) < 3 * PLACES


def test_what_is_no_http_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    header = "canary-header"
    try:
        int(header)
    except ValueError:
        HTTP_LOG.exception("Error handling request from %s", "127.0.0.1")
    [record] = caplog.records
    assert record.getMessage() == "Error handling request from 127.0.0.1: ValueError"
    assert record.levelno == logging.WARNING
    assert header not in caplog.text
    HTTP_LOG.error("plain %d", 1, exc_info=(None, None, None))
    HTTP_LOG.warning("as it is")
    assert caplog.records[-1].getMessage() == "as it is"


def test_a_reason_is_told_in_full_only_where_the_words_are_ours() -> None:
    assert reason(UpstreamTimeout("Copilot fell silent", hint="wait")) == "Copilot fell silent (wait)"
    assert reason(UpstreamRefused("the prompt: canary", status=400, code="invalid_request_body")) == "invalid_request_body"
    assert reason(UpstreamRefused("the prompt: canary", status=400, kind="overloaded")) == "overloaded"
