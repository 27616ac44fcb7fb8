"""A fault of our own is told to the person and logged, without what an exception may quote."""

import pytest

from copilot_api.desktop.faults import noted


def test_type_and_place_are_logged_and_the_words_are_not(caplog: pytest.LogCaptureFixture) -> None:
    words = "what-an-exception-may-quote"
    try:
        int(words)
    except ValueError as error:
        problem = noted(error, "signing in")
    assert problem.message == "Something went wrong inside copilot-api while signing in"
    assert "ValueError" in caplog.text
    assert __name__.rpartition(".")[2] in caplog.text
    assert words not in caplog.text + problem.text
