from email.utils import formatdate

import pytest
from multidict import CIMultiDict

from copilot_api.dialects.codec import Json
from copilot_api.errors import NotSignedIn, SubscriptionMissing, UpstreamProblem, UpstreamRefused
from copilot_api.upstream.denials import NOTICES, Answer, denial, one_line, retry_after_s
from copilot_api.upstream.grants import Grant

GRANT = Grant("ghu_CANARYcanaryCANARYcanaryCANARYcanary")
NOW = 1_790_000_000


def answer(status: int, body: Json | None = None, **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=CIMultiDict(names), body=body or {})


def envelope(notification_id: str, **fields: object) -> Json:
    details = {"notification_id": notification_id, "message": "From GitHub.", "title": "Title", **fields}
    return {"error_details": details, "message": "Resource not accessible by integration"}


def test_a_revoked_sign_in_asks_for_a_new_one() -> None:
    problem = denial(answer(401, {"message": "Bad credentials"}), GRANT)
    assert isinstance(problem, NotSignedIn)
    assert (problem.code, problem.message) == ("bad_credentials", "GitHub no longer accepts your sign-in")
    assert problem.hint == "run copilot-api auth to sign in again"


def test_a_token_from_the_environment_is_named_with_its_variable() -> None:
    problem = denial(answer(401), Grant("ghu_1", "GH_TOKEN"))
    assert problem.message == "GitHub does not accept the token from GH_TOKEN"
    assert problem.hint == "give another token in GH_TOKEN, or leave it out and run copilot-api auth"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_copilot_access", "no Copilot plan"),
        ("not_signed_up", "no Copilot plan"),
        ("subscription_ended", "plan of this account has ended"),
        ("expired_coupon", "coupon that paid for this Copilot plan has expired"),
        ("revoked_coupon", "coupon that paid for this Copilot plan was revoked"),
        ("billing_locked", "locked the billing"),
        ("enterprise_managed_user_account", "managed by a company"),
        ("feature_flag_blocked", "blocked Copilot"),
        ("access_revoked", "taken Copilot away"),
        ("spammy_user", "flagged this account"),
        ("trade_restricted", "trade reasons"),
        ("trade_restricted_country", "in this country"),
        ("snippy_not_configured", "settings of this account were never completed"),
        ("codespaces_demo_inactive", "demo of this codespace has ended"),
    ],
)
def test_each_reason_for_no_plan_has_words_and_a_way_on(name: str, words: str) -> None:
    problem = denial(answer(403, envelope(name)), GRANT)
    assert isinstance(problem, SubscriptionMissing)
    assert (problem.code, problem.status, problem.should_retry) == (name, 403, False)
    assert words in problem.message
    assert problem.hint == NOTICES[name][1]


@pytest.mark.parametrize("name", ["programmatic_token_generation", "go_http_client"])
def test_a_refusal_of_the_program_is_no_missing_plan_and_is_not_repeated(name: str) -> None:
    problem = denial(answer(403, envelope(name)), GRANT)
    assert isinstance(problem, UpstreamRefused)
    assert (problem.code, problem.status, problem.kind, problem.should_retry) == (name, 403, "permission", False)


def test_an_outage_in_the_envelope_is_tried_again() -> None:
    problem = denial(answer(403, envelope("server_error")), GRANT)
    assert isinstance(problem, UpstreamRefused)
    assert (problem.code, problem.status, problem.should_retry) == ("server_error", 502, True)


def test_a_reason_nobody_knows_is_told_in_githubs_words() -> None:
    problem = denial(answer(403, envelope("brand_new", message="Moon phase.")), GRANT)
    assert (type(problem), problem.code, problem.message) == (SubscriptionMissing, "brand_new", "Moon phase.")
    assert denial(answer(403, envelope("brand_new", message=None)), GRANT).message == "Title"


@pytest.mark.parametrize("details", [{}, ["x"], "x", {"message": 7}])
def test_an_envelope_without_words_is_still_a_refusal(details: object) -> None:
    problem = denial(answer(403, {"error_details": details, "message": 7}), GRANT)
    if details == {}:  # nothing in it: then it is a plain 403
        assert (type(problem), problem.message) == (UpstreamRefused, "GitHub refused")
    else:
        assert (type(problem), problem.code) == (SubscriptionMissing, "no_copilot_access")
        assert problem.message == "GitHub gives this account no access to Copilot"


def test_a_free_plan_is_offered_where_there_is_one() -> None:
    body = {**envelope("no_copilot_access"), "can_signup_for_limited": True}
    assert "the free plan can be switched on" in denial(answer(403, body), GRANT).hint


def test_githubs_own_page_is_named_with_its_gap_filled() -> None:
    body = envelope("no_copilot_access", url="https://github.com/github-copilot/signup?editor={EDITOR}")
    assert denial(answer(403, body), GRANT).hint.endswith(
        "; GitHub points to https://github.com/github-copilot/signup?editor=copilot-api"
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://github.com/", "https:/github.com", 7, None])
def test_an_address_that_is_no_web_page_is_not_shown(url: object) -> None:
    assert "points to" not in denial(answer(403, envelope("spammy_user", url=url)), GRANT).hint


def test_an_integration_without_access_means_no_plan() -> None:
    problem = denial(answer(403, {"message": "Resource not accessible by integration"}), GRANT)
    assert (type(problem), problem.code) == (SubscriptionMissing, "no_copilot_access")


def test_a_personal_token_is_told_which_permission_it_needs() -> None:
    problem = denial(answer(403, {"message": "Resource not accessible by personal access token"}), GRANT)
    assert (type(problem), problem.code) == (NotSignedIn, "wrong_token_kind")
    assert "Copilot Requests" in problem.hint


def test_single_sign_on_is_named() -> None:
    problem = denial(answer(403, {"message": "Resource protected"}, X_GitHub_SSO="required; url=https://x"), GRANT)
    assert type(problem) is SubscriptionMissing
    assert "single sign-on" in problem.message


def test_any_other_403_stops_and_is_told() -> None:
    problem = denial(answer(403, {"message": "Forbidden by moonlight"}), GRANT)
    assert isinstance(problem, UpstreamRefused)
    assert (problem.message, problem.kind, problem.should_retry) == (
        "GitHub refused: Forbidden by moonlight",
        "permission",
        False,
    )


def test_a_hidden_endpoint_means_another_kind_of_token_is_needed() -> None:
    problem = denial(answer(404, {"message": "Not Found"}), GRANT)
    assert (type(problem), problem.code) == (NotSignedIn, "wrong_token_kind")
    assert "--enterprise-url" in problem.hint


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (403, "API rate limit exceeded for user ID 0.", {}, "60"),
        (429, "", {}, "60"),
        (429, "", {"Retry_After": "7"}, "7"),
        (403, "You have exceeded a secondary rate limit", {"Retry_After": "30"}, "30"),
        (
            403,
            "",
            {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(NOW + 90), "Date": formatdate(NOW, usegmt=True)},
            "90",
        ),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(status: int, message: str, headers: dict[str, str], seconds: str) -> None:
    problem = denial(answer(status, {"message": message}, **headers), GRANT)
    assert isinstance(problem, UpstreamRefused)
    assert (problem.status, problem.kind, problem.code) == (429, "rate_limit", "github_rate_limited")
    assert problem.retry_after == seconds
    assert problem.should_retry


@pytest.mark.parametrize(("status", "ours"), [(500, 502), (502, 502), (503, 503), (504, 502)])
def test_an_outage_is_githubs_and_may_be_tried_again(status: int, ours: int) -> None:
    problem = denial(answer(status), GRANT)
    assert isinstance(problem, UpstreamRefused)
    assert (problem.status, problem.code, problem.retry_after, problem.should_retry) == (ours, "github_unavailable", "", True)


def test_an_outage_may_say_how_long_it_takes() -> None:
    assert denial(answer(503, Retry_After="120"), GRANT).retry_after == "120"


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [(302, {}, "GitHub answered HTTP 302"), (422, {"message": "No."}, "GitHub answered HTTP 422: No.")],
)
def test_anything_else_is_told_as_it_is(status: int, body: Json, message: str) -> None:
    problem = denial(answer(status, body), GRANT)
    assert (type(problem), problem.message) == (UpstreamProblem, message)


def test_dates_are_read_by_githubs_own_clock() -> None:
    date, later = formatdate(NOW, usegmt=True), formatdate(NOW + 45, usegmt=True)
    assert retry_after_s({"Retry-After": later, "Date": date}) == 45
    assert retry_after_s({"Retry-After": date, "Date": later}) == 0
    assert retry_after_s({"X-RateLimit-Reset": str(NOW - 5), "Date": date}) == 1


@pytest.mark.parametrize(
    "headers", [{}, {"Retry-After": "soon"}, {"Retry-After": "soon", "Date": "never"}, {"X-RateLimit-Reset": "5"}]
)
def test_no_usable_time_means_a_minute(headers: dict[str, str]) -> None:
    assert retry_after_s(headers) == 60


def test_no_secret_gets_into_words() -> None:
    body = envelope("brand_new", message=f"token {GRANT.value} and github_pat_ABCDEFGH12345678 refused", title=GRANT.value)
    problem = denial(answer(403, body), GRANT)
    assert GRANT.value not in problem.text
    assert "github_pat_" not in problem.text
    assert GRANT.value not in denial(answer(422, {"message": GRANT.value}), GRANT).text
    assert GRANT.value not in repr(Grant(GRANT.value))


def test_words_from_the_network_fit_on_a_terminals_line() -> None:
    assert one_line(" a\x1b[31m\r\nb ") == "a [31m  b"
    assert len(one_line("x" * 1000)) == 300
