import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from copilot_api.errors import SettingsBroken, UpstreamProblem
from copilot_api.settings import Settings, load
from copilot_api.upstream.hosts import Hosts

NO_FILE = Path("/nonexistent")
PUBLIC = Hosts.of(Settings())
TENANT = Hosts.of(Settings(enterprise_url="company.ghe.com"))


def test_the_public_cloud_is_the_default() -> None:
    assert (
        Hosts(
            name="github.com",
            login="https://github.com",
            api="https://api.github.com",
            copilot="https://api.githubcopilot.com",
            copilot_pinned=False,
            suffixes=("githubcopilot.com",),
        )
        == PUBLIC
    )


@pytest.mark.parametrize(
    "text",
    ["company.ghe.com", "https://company.ghe.com/", "https://company.ghe.com", "http://company.ghe.com", " Company.GHE.com. "],
)
def test_a_company_is_named_in_any_of_the_usual_ways(text: str) -> None:
    assert Hosts.of(Settings(enterprise_url=text)) == Hosts(
        name="company.ghe.com",
        login="https://company.ghe.com",
        api="https://api.company.ghe.com",
        copilot="https://copilot-api.company.ghe.com",
        copilot_pinned=False,
        suffixes=("githubcopilot.com", "company.ghe.com"),
    )


def test_the_public_host_is_no_company() -> None:
    assert Hosts.of(Settings(enterprise_url="https://github.com/")) == PUBLIC


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("api.company.ghe.com", "did you mean company.ghe.com?"),
        ("ghe.com", "GitHub Enterprise Server does not serve Copilot"),
        ("github.example.com", "GitHub Enterprise Server does not serve Copilot"),
        ("evilghe.com", "GitHub Enterprise Server does not serve Copilot"),
    ],
)
def test_a_host_that_serves_no_copilot_is_refused(text: str, hint: str) -> None:
    with pytest.raises(SettingsBroken, match="must be a company's host") as caught:
        Hosts.of(Settings(enterprise_url=text, origins={"enterprise_url": "flag"}))
    assert caught.value.hint.startswith(hint)
    assert "(set by flag)" in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "https://company.ghe.com/path",
        "https://company.ghe.com?x=1",
        "ftp://company.ghe.com",
        "https://me:secret@company.ghe.com",
        "company.ghe.com:8443",
        "com pany.ghe.com",
        "https://[::1",
        "company\\.ghe.com",
        "compañy.ghe.com",
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(SettingsBroken, match="must be a host such as"):
        Hosts.of(Settings(enterprise_url=text))


@pytest.mark.parametrize(
    ("plan", "url"),
    [
        ("individual", "https://api.githubcopilot.com"),
        ("business", "https://api.business.githubcopilot.com"),
        ("Enterprise", "https://api.enterprise.githubcopilot.com"),
    ],
)
def test_the_account_type_names_the_host_to_assume(plan: str, url: str) -> None:
    assert Hosts.of(Settings(account_type=plan)).copilot == url


def test_a_company_has_no_plan_hosts() -> None:
    assert Hosts.of(Settings(enterprise_url="company.ghe.com", account_type="business")) == TENANT


@pytest.mark.parametrize("plan", ["", "evil.com/", "a.b", "x@y", "-"])
def test_an_account_type_that_is_no_word_is_refused(plan: str) -> None:
    with pytest.raises(SettingsBroken, match="account_type must be individual, business or enterprise"):
        Hosts.of(Settings(account_type=plan))


def test_a_lab_sets_all_three_bases_and_has_an_entry_of_its_own() -> None:
    hosts = Hosts.of(
        Settings(
            github_url="http://127.0.0.1:5001/",
            github_api_url="http://localhost:5002/api/v3/",
            copilot_url="https://Copilot.example.com",
        )
    )
    assert hosts == Hosts(
        name="127.0.0.1:5001",
        login="http://127.0.0.1:5001",
        api="http://localhost:5002/api/v3",
        copilot="https://copilot.example.com",
        copilot_pinned=True,
        suffixes=("githubcopilot.com",),
    )


def test_loopback_has_a_second_version() -> None:
    assert Hosts.of(Settings(copilot_url="http://[::1]:5001")).copilot == "http://[::1]:5001"


@pytest.mark.parametrize("name", ["github_url", "github_api_url", "copilot_url"])
@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://example.com", "must use https"),
        ("http://10.0.0.1", "must use https"),
        ("http://127.0.0.1.evil.com", "must use https"),
        ("https://me:secret@example.com", "must be a plain base URL"),
        ("https://example.com?x=1", "must be a plain base URL"),
        ("https://example.com#x", "must be a plain base URL"),
        ("example.com", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://example.com:port", "must be a URL"),
        ("file:///etc/passwd", "must be a URL"),
    ],
)
def test_a_base_that_would_leak_or_mislead_is_refused(name: str, url: str, what: str) -> None:
    with pytest.raises(SettingsBroken, match=f"{name} {what}") as caught:
        Hosts.of(load({name: url}, environ={}, path=NO_FILE))
    assert "secret" not in caught.value.text


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.individual.githubcopilot.com", "https://api.individual.githubcopilot.com"),
        ("https://api.individual.githubcopilot.com/", "https://api.individual.githubcopilot.com"),
        ("https://githubcopilot.com", "https://githubcopilot.com"),
        ("HTTPS://API.GitHubCopilot.com:443/", "https://api.githubcopilot.com"),
    ],
)
def test_copilots_own_hosts_may_receive_the_token(url: str, base: str) -> None:
    assert PUBLIC.check_copilot_url(url) == base


REFUSED = [
    "http://api.githubcopilot.com",
    "https://evilgithubcopilot.com",
    "https://githubcopilot.com.evil.com",
    "https://evil.com/githubcopilot.com",
    "https://evil.com?.githubcopilot.com",
    "https://evil.com#.githubcopilot.com",
    "https://evil.com\\.githubcopilot.com",
    "https://evil.com\t.githubcopilot.com",
    "https://me@api.githubcopilot.com",
    "https://api.githubcopilot.com@evil.com",
    "https://api.githubcopilot.com:8443",
    "https://api.githubcopilot.com:",
    "https://api.githubcopilot.com/path",
    "https://api.githubcopilot.com/?q",
    "https://api..githubcopilot.com",
    "https://.githubcopilot.com",
    "https://api.githubcopilot.com.",
    "https://api.company.ghe.com",
    "http://127.0.0.1:5001",
    "https://api.githubcopilot.com\n",
    "//api.githubcopilot.com",
    "api.githubcopilot.com",
    "https://[api.githubcopilot.com",
    "",
]


@pytest.mark.parametrize("url", REFUSED)
def test_no_other_address_may_receive_the_token(url: str) -> None:
    with pytest.raises(UpstreamProblem, match="may not receive your token") as caught:
        PUBLIC.check_copilot_url(url)
    assert caught.value.should_retry is False


def test_a_companys_domain_may_receive_its_token() -> None:
    assert TENANT.check_copilot_url("https://copilot-api.company.ghe.com/") == "https://copilot-api.company.ghe.com"
    with pytest.raises(UpstreamProblem):
        TENANT.check_copilot_url("https://copilot-api.other.ghe.com")


@given(
    st.text(alphabet=string.ascii_letters + string.digits + "./:@#?\\%[]-_ \t\né", max_size=40),
    st.sampled_from(
        ["https://{}", "https://{}githubcopilot.com", "https://api.githubcopilot.com{}", "https://{}.githubcopilot.com"]
    ),
)
def test_whatever_passes_is_read_as_copilots_host_by_the_http_client_too(text: str, form: str) -> None:
    try:
        base = PUBLIC.check_copilot_url(form.format(text))
    except UpstreamProblem:
        return
    url = URL(base + "/models")
    assert url.host == "githubcopilot.com" or (url.host or "").endswith(".githubcopilot.com")
    assert (url.scheme, url.port, url.user, url.path) == ("https", 443, None, "/models")


def test_github_names_the_data_plane() -> None:
    answer = {"endpoints": {"api": "https://api.business.githubcopilot.com/"}}
    assert PUBLIC.data_plane(answer) == "https://api.business.githubcopilot.com"


@pytest.mark.parametrize("answer", [{}, {"endpoints": None}, {"endpoints": {}}, {"endpoints": {"api": ""}}, {"endpoints": "x"}])
def test_the_assumed_host_serves_until_github_names_one(answer: dict[str, object]) -> None:
    assert PUBLIC.data_plane(answer) == "https://api.githubcopilot.com"


def test_a_host_set_by_hand_is_never_overruled() -> None:
    hosts = Hosts.of(Settings(copilot_url="http://127.0.0.1:5001"))
    assert hosts.data_plane({"endpoints": {"api": "https://api.githubcopilot.com"}}) == "http://127.0.0.1:5001"


@pytest.mark.parametrize("named", [7, ["https://api.githubcopilot.com"], "https://evil.com"])
def test_a_strange_data_plane_is_not_replaced_in_silence(named: object) -> None:
    with pytest.raises(UpstreamProblem):
        PUBLIC.data_plane({"endpoints": {"api": named}})


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://github.com/login/device", "https://github.com/login/device"),
        ("https://github.com/login/device?skip=1", "https://github.com/login/device?skip=1"),
        ("https://github.com.evil.com/login/device", "https://github.com/login/device"),
        ("http://github.com/login/device", "https://github.com/login/device"),
        ("file:///etc/passwd", "https://github.com/login/device"),
        ("https://github.com/\x1b[31m", "https://github.com/login/device"),
        ("", "https://github.com/login/device"),
    ],
)
def test_a_browser_is_only_sent_to_the_sign_in_host(url: str, page: str) -> None:
    assert PUBLIC.check_login_page(url) == page
