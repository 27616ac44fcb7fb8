"""What a failure's code means, in words that no dialect owns. Source: copilot-upstream §8."""

import re

from copilot_api.errors import Kind

# The longest prefix that fits decides: Copilot appends plan names and the like (`user_global_rate_limited:pro`).
_BY_PREFIX: dict[str, Kind] = {
    "rate_limit": "rate_limit",
    "user_model_rate_limited": "rate_limit",
    "user_global_rate_limited": "rate_limit",
    "user_weekly_rate_limited": "rate_limit",
    "integration_rate_limited": "rate_limit",
    "agent_mode_limit_exceeded": "rate_limit",
    "extension_blocked": "rate_limit",
    "model_overloaded": "overloaded",
    "upstream_provider_rate_limit": "overloaded",
    "overloaded": "overloaded",
    "service_unavailable": "overloaded",
    "quota_exceeded": "billing",
    "free_quota_exceeded": "billing",
    "overage_limit_reached": "billing",
    "billing_": "billing",
    "insufficient_quota": "billing",
    "context_length_exceeded": "context_overflow",
    "model_max_prompt_tokens_exceeded": "context_overflow",
    "content_filter": "content_filter",
    "bio_policy": "content_filter",
    "cyber_policy": "content_filter",
    "invalid_prompt": "content_filter",
    "request_too_large": "too_large",
    "payload_too_large": "too_large",
    "model_not_allowed": "permission",
    "permission_error": "permission",
    "authentication_error": "authentication",
    "session_expired": "authentication",
    "not_found": "not_found",
    "timeout_error": "timeout",
    "invalid_request": "invalid_request",
    "bad_request": "invalid_request",
    "model_not_supported": "invalid_request",
    "unsupported_": "invalid_request",
    "no_available_model_endpoints": "invalid_request",
    "previous_response_not_found": "invalid_request",
}
_CONTEXT_OVERFLOW = re.compile(
    r"prompt is too long|prompt token count of [\d,]+ exceeds|maximum context length|too large for model context window",
    re.IGNORECASE,
)


def of_code(code: str) -> Kind | None:
    """The kind of failure that `code` names, None for a code nobody has met."""
    fitting = [prefix for prefix in _BY_PREFIX if code.startswith(prefix)]
    return _BY_PREFIX[max(fitting, key=len)] if fitting else None


def is_context_overflow(message: str) -> bool:
    """Whether `message` says that the prompt does not fit the model."""
    return _CONTEXT_OVERFLOW.search(message) is not None
