"""What a failure's code means."""

import pytest

from copilot_api.dialects.kinds import is_context_overflow, of_code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("rate_limited", "rate_limit"),
        ("user_global_rate_limited:pro", "rate_limit"),
        ("user_weekly_rate_limited", "rate_limit"),
        ("upstream_provider_rate_limit", "overloaded"),
        ("overloaded_error", "overloaded"),
        ("quota_exceeded", "billing"),
        ("billing_not_configured", "billing"),
        ("model_max_prompt_tokens_exceeded", "context_overflow"),
        ("invalid_request_body", "invalid_request"),
        ("invalid_prompt", "content_filter"),
        ("something_new", None),
        ("", None),
    ],
)
def test_codes_name_their_kind(code: str, kind: str | None) -> None:
    assert of_code(code) == kind


@pytest.mark.parametrize(
    ("message", "overflows"),
    [
        ("prompt token count of 300 exceeds the limit of 200", True),
        ("prompt is too long: 300 tokens > 200 maximum", True),
        ("Request body is too large for model context window", True),
        ("This model's maximum context length is 200 tokens", True),
        ("the tool list is too long", False),
        ("image exceeds the limit of 5 MB", False),
    ],
)
def test_an_overflowing_prompt_is_known_by_its_words(message: str, overflows: bool) -> None:
    assert is_context_overflow(message) is overflows
