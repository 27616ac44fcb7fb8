"""Every shape of error body is read, and each error says what follows from it."""

import json

import pytest

from copilot_api.dialects import chat, messages
from copilot_api.errors import Kind
from copilot_api.upstream.refusals import MESSAGE_LIMIT, is_hiccup, refused

SAID = "Sorry, you have exceeded your weekly rate limit."


def body(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("raw", "message", "code"),
    [
        (b"forbidden\n", "forbidden", ""),
        (b"", "Copilot answered 400 Bad Request", ""),
        (b"<html><head><title>502 Bad\n Gateway</title></head></html>", "502 Bad Gateway", ""),
        (b"<html>no title</html>", "Copilot answered 400 Bad Request", ""),
        (body({"message": SAID}), SAID, ""),
        (body({"code": "some_code", "message": SAID}), SAID, "some_code"),
        (body({"error": SAID}), SAID, ""),
        (body({"error": SAID, "code": "some_code"}), SAID, "some_code"),
        (body({"error": {"message": SAID, "code": "some_code"}}), SAID, "some_code"),
        (body({"type": "error", "error": {"type": "invalid_request_error", "message": SAID}, "request_id": "r"}), SAID, ""),
        (body({"error": {"message": body({"error": {"message": SAID, "code": "inner"}}).decode()}}), SAID, "inner"),
        (body({"error": {"message": body({"message": SAID}).decode() + "\n"}}), SAID, ""),
        (body({"error": {"message": "{not json"}}), "{not json", ""),
        (body({"error": {"message": "{}"}}), "Copilot answered 400 Bad Request", ""),
        (body({"error": {"message": 7, "code": 8}}), "7", "8"),
        (body({"error": {"message": True}}), "Copilot answered 400 Bad Request", ""),
        (body({"error": None}), "Copilot answered 400 Bad Request", ""),
        (body({"error": ["?"]}), "Copilot answered 400 Bad Request", ""),
        (body([1, 2]), "[1, 2]", ""),
        (b"{broken", "{broken", ""),
        (b"\xff\xfe", "\ufffd\ufffd", ""),
        (b"x" * 5000, "x" * MESSAGE_LIMIT, ""),
    ],
)
def test_the_words_are_found_in_every_shape(raw: bytes, message: str, code: str) -> None:
    problem = refused(400, {}, raw)
    assert (problem.message, problem.code) == (message, code)


@pytest.mark.parametrize(
    ("status", "raw", "kind", "shown", "hint"),
    [
        (400, body({"error": {"message": "no", "code": "model_not_supported"}}), "invalid_request", 400, "copilot-api models"),
        (400, body({"error": {"code": "no_available_model_endpoints"}}), "invalid_request", 400, "integration_id"),
        (
            400,
            body({"error": 'The requested model is not available for integrator "x". Available models: []'}),
            "invalid_request",
            400,
            "integration_id",
        ),
        (
            400,
            body({"error": {"message": "Unsupported parameter", "code": "invalid_request_body"}}),
            "invalid_request",
            400,
            "",
        ),
        (400, body({"message": "messages.0: image exceeds the maximum of 5 bytes: 9 bytes"}), "invalid_request", 400, "Pillow"),
        (
            400,
            body({"error": {"message": "messages[0]: external image URLs are not supported", "code": "invalid_image_url"}}),
            "invalid_request",
            400,
            "fetch_images",
        ),
        (401, b"unauthorized: token expired", "authentication", 401, "copilot-api auth"),
        (402, body({"error": {"message": "You have no quota", "code": "quota_exceeded"}}), "billing", 402, "check-usage"),
        (402, body({"code": "billing_not_configured", "message": "no"}), "billing", 402, "Usage billed to"),
        (402, b"", "billing", 402, "check-usage"),
        (403, body({"code": "model_not_allowed", "message": "no"}), "permission", 403, "policy"),
        (403, b"forbidden\n", "permission", 403, "policy"),
        (404, b"404 page not found", "not_found", 404, ""),
        (408, b"user_request_timeout", "timeout", 408, ""),
        (413, b"too large", "too_large", 413, "images"),
        (400, body({"error": {"code": "payload_too_large"}}), "too_large", 400, ""),
        (418, b"", "invalid_request", 400, ""),
        (422, b"filtered", "content_filter", 422, ""),
        (424, b"failed dependency", "server", 502, ""),
        (429, body({"error": {"code": "user_global_rate_limited:pro_plus"}}), "rate_limit", 429, "by itself"),
        (429, body({"error": {"code": "extension_blocked", "type": "rate_limit_error"}}), "rate_limit", 429, "by itself"),
        (429, body({"error": {"code": "model_overloaded"}}), "overloaded", 429, "overloaded"),
        (429, body({"error": {"type": "overloaded_error"}}), "overloaded", 429, "overloaded"),
        (466, b"client version no longer supported", "invalid_request", 400, "editor_version"),
        (499, b"", "overloaded", 503, ""),
        (500, b"<html>", "server", 500, ""),
        (502, b"", "server", 502, ""),
        (503, b"upstream connect error", "overloaded", 503, "overloaded"),
        (504, b"", "timeout", 504, ""),
        (599, b"", "server", 502, ""),
        (302, b"", "server", 502, ""),
    ],
)
def test_each_refusal_has_its_kind_and_says_what_to_do(status: int, raw: bytes, kind: Kind, shown: int, hint: str) -> None:
    problem = refused(status, {}, raw)
    assert (problem.kind, problem.status) == (kind, shown)
    assert hint in problem.hint


@pytest.mark.parametrize(
    "said",
    [
        {"error": {"message": "prompt token count of 210000 exceeds the limit of 200000", "code": "invalid_request_body"}},
        {
            "error": {
                "message": "prompt token count of 210000 exceeds the limit of 200000",
                "code": "model_max_prompt_tokens_exceeded",
            }
        },
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"},
        },
    ],
)
def test_a_prompt_that_is_too_long_is_told_in_the_words_claude_code_acts_on(said: object) -> None:
    problem = refused(400, {}, body(said))
    assert problem.kind == "context_overflow"
    assert messages.error(problem)["error"]["message"] == "prompt is too long: 210000 tokens > 200000 maximum"
    assert chat.error(problem)["error"]["code"] == "context_length_exceeded"


def test_a_body_too_large_for_the_window_is_an_overflow_too() -> None:
    assert refused(400, {}, b"Request body is too large for model context window").kind == "context_overflow"


def test_an_unknown_status_without_words_is_named_by_its_number() -> None:
    assert refused(466, {}, b"").message == "Copilot answered with status 466"


def test_when_to_come_back_is_passed_on_from_header_or_body() -> None:
    weekly = body({"error": {"message": SAID, "code": "user_weekly_rate_limited", "retry_after": 86400}})
    assert refused(429, {}, weekly).retry_after == "86400"
    assert refused(429, {"retry-after": "7"}, weekly).retry_after == "7"
    assert refused(429, {}, body({"message": SAID, "retry_after": 5})).retry_after == "5"


def test_the_limit_that_was_hit_is_shown() -> None:
    problem = refused(429, {"x-ratelimit-exceeded": "user-weekly-tokens"}, b"")
    assert problem.hint.endswith("; limit: user-weekly-tokens")
    assert refused(404, {"x-ratelimit-exceeded": "k"}, b"").hint == "limit: k"


def test_spent_quota_is_never_worth_a_retry() -> None:
    assert refused(402, {}, b"").should_retry is False
    assert refused(429, {}, b"").should_retry is True


def test_a_token_in_an_error_text_is_not_passed_on() -> None:
    assert "canary" not in refused(500, {}, b"bad token tid=canary;exp=1").message


@pytest.mark.parametrize(
    ("status", "raw", "hiccup"),
    [
        (400, b"", True),
        (400, b"Bad Request\n", True),
        (400, b'{"message":"no"}', False),
        (408, b"user_request_timeout", True),
        (409, b"", True),
        (421, b"misdirected", True),
        (402, b"", False),
        (429, b"", False),
        (500, b"", False),
    ],
)
def test_a_gateways_hiccup_is_told_from_an_answer(status: int, raw: bytes, hiccup: bool) -> None:
    assert is_hiccup(status, raw) is hiccup
