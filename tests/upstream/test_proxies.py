"""Which proxy is used: named by whom, read how, and refused without a word of what may be a password."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api import settings
from copilot_api.errors import SettingsBroken
from copilot_api.settings import Settings
from copilot_api.upstream.proxies import PORTS, SYSTEM, Proxies, Proxy, System, parse

CANARY = "pass-canary"


def of_environment(variables: Mapping[str, str], system: System | None = None) -> Proxies:
    """What --proxy-env makes of those variables."""
    return Proxies(Settings(proxy_env=True), settings.proxy_variables(variables), system)


async def place(proxies: Proxies, host: str = "api.github.com", port: int = 443) -> str:
    """Where the proxy for `host` is; "" for none."""
    found = await proxies.towards(host, port)
    return found.place if found else ""


# Reading


@pytest.mark.parametrize(
    ("text", "scheme", "where"),
    [
        ("http://proxy.corp:8080", "http", "proxy.corp:8080"),
        ("http://proxy.corp:8080/", "http", "proxy.corp:8080"),
        ("HTTP://Proxy.Corp:8080", "http", "proxy.corp:8080"),
        ("proxy.corp:8080", "http", "proxy.corp:8080"),
        ("proxy_1", "http", "proxy_1:80"),
        ("10.0.0.1:3128", "http", "10.0.0.1:3128"),
        ("https://proxy.corp", "https", "proxy.corp:443"),
        ("socks5://proxy.corp", "socks5", "proxy.corp:1080"),
        ("socks5h://127.0.0.1:9050", "socks5h", "127.0.0.1:9050"),
        ("socks://127.0.0.1:9050/", "socks5", "127.0.0.1:9050"),
        ("http://[2001:db8::1]:8080", "http", "[2001:db8::1]:8080"),
    ],
)
def test_a_proxy_is_a_url_or_a_host_and_a_port(text: str, scheme: str, where: str) -> None:
    found = parse(text, "--proxy")
    assert (found.scheme, found.place) == (scheme, where)
    assert (found.url.scheme, found.url.host, found.url.port) == (scheme, found.host, found.port)
    assert found.headers() == {}


def test_name_and_password_are_read_as_they_are_written_in_urls() -> None:
    found = parse("http://j%C3%BCrgen:p%40ss%3Aw%2Frd@proxy.corp:8080", "--proxy")
    assert (found.name, found.password) == ("jürgen", "p@ss:w/rd")
    assert found.headers() == {"Proxy-Authorization": "Basic asO8cmdlbjpwQHNzOncvcmQ="}


def test_what_is_shown_of_a_proxy_holds_no_password() -> None:
    found = parse(f"http://somebody:{CANARY}@proxy.corp:8080", "--proxy")
    assert CANARY not in f"{found!r} {found.place} {found.url!r}"
    assert "somebody" not in f"{found!r} {found.place} {found.url!r}"
    assert CANARY not in repr(Settings(proxy=f"http://somebody:{CANARY}@proxy.corp:8080"))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"socks4://me:{CANARY}@proxy", "must begin with http://, https://, socks5:// or socks5h://"),
        (f"ftp://me:{CANARY}@proxy", "must begin with"),
        (f"http://me:{CANARY}@", "must name the proxy's host"),
        (f"http://me:{CANARY}@a b", "must name the proxy's host"),
        (f"http://me:{CANARY}@pröxy", "must name the proxy's host"),
        (f"http://me:{CANARY}@proxy/path", "must be host and port and nothing behind"),
        (f"http://me:{CANARY}@proxy?a", "must be host and port and nothing behind"),
        (f"http://me:{CANARY}@proxy#a", "must be host and port and nothing behind"),
        (f"http://me:{CANARY}@proxy:port", "must be a URL such as"),
        (f"http://me:{CANARY}@proxy:70000", "must be a URL such as"),
        (f"http://me:{CANARY}/x@proxy:80", "must be a URL such as"),
        (f"http://[{CANARY}", "must be a URL such as"),
        (f"http://me%3Ax:{CANARY}@proxy", "a name with a colon"),
        (f"http://me:{CANARY}%0D%0AEvil: 1@proxy", "characters that nobody can type"),
        (f"socks5://me:{CANARY}{'x' * 256}@proxy", "more than 255 bytes"),
    ],
)
def test_what_is_no_proxy_is_refused_without_being_repeated(text: str, what: str) -> None:
    with pytest.raises(SettingsBroken, match=what) as caught:
        parse(text, "--proxy")
    assert caught.value.message.startswith("--proxy ")
    assert "%40" in caught.value.hint
    assert caught.value.__suppress_context__
    assert CANARY not in caught.value.text


@given(st.text(max_size=60))
def test_nothing_that_is_written_there_breaks_the_reading(text: str) -> None:
    try:
        found = parse(text, "--proxy")
    except SettingsBroken:
        return
    assert found.scheme in PORTS
    assert found.host
    assert 0 <= found.port <= 65535


@pytest.mark.parametrize(
    ("origins", "named"),
    [
        ({"proxy": "flag"}, "--proxy must"),
        ({"proxy": "COPILOT_API_PROXY"}, "COPILOT_API_PROXY must"),
        ({"proxy": "/home/me/config.toml"}, "proxy in /home/me/config.toml must"),
    ],
)
def test_a_setting_that_is_no_proxy_is_named_where_it_was_set(origins: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsBroken) as caught:
        Proxies(Settings(proxy="ftp://x", origins=origins))
    assert caught.value.message.startswith(named)
    assert caught.value.exit_code == 2


# Choosing


async def test_without_being_asked_for_there_is_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.corp:8080")
    assert await place(Proxies(Settings())) == ""
    assert await place(Proxies(Settings(proxy_env=True))) == "proxy.corp:8080"


async def test_the_setting_wins_over_the_environment() -> None:
    both = Settings(proxy="http://mine:1", proxy_env=True)
    proxies = Proxies(both, {"https": ("http://theirs:2", "HTTPS_PROXY"), "no": ("*", "NO_PROXY")})
    assert await place(proxies) == "mine:1"


@pytest.mark.parametrize(
    ("variables", "where", "origin"),
    [
        ({"HTTPS_PROXY": "http://a:1"}, "a:1", "HTTPS_PROXY"),
        ({"https_proxy": "http://a:1"}, "a:1", "https_proxy"),
        ({"ALL_PROXY": "socks5h://a:1"}, "a:1", "ALL_PROXY"),
        ({"all_proxy": "a:1"}, "a:1", "all_proxy"),
        ({"ALL_PROXY": "http://b:2", "HTTPS_PROXY": "http://a:1"}, "a:1", "HTTPS_PROXY"),
        ({"HTTP_PROXY": "http://b:2", "HTTPS_PROXY": "http://a:1"}, "a:1", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://b:2", "https_proxy": "http://a:1"}, "a:1", "https_proxy"),
    ],
)
async def test_the_environment_is_read_in_both_spellings(variables: dict[str, str], where: str, origin: str) -> None:
    found = await of_environment(variables).towards("api.github.com", 443)
    assert found is not None
    assert (found.place, found.origin) == (where, origin)


@pytest.mark.parametrize("variables", [{}, {"HTTPS_PROXY": ""}, {"HTTPS_PROXY": "http://b:2", "https_proxy": ""}])
async def test_an_environment_may_name_none(variables: dict[str, str]) -> None:
    assert await place(of_environment(variables)) == ""


async def test_a_proxy_for_http_alone_is_noted_and_not_used() -> None:
    """So do curl, Go and Python; everything that is said here goes over https."""
    proxies = of_environment({"HTTP_PROXY": "http://a:1"})
    assert await place(proxies) == ""
    assert proxies.idle_variable == "HTTP_PROXY"
    assert of_environment({"HTTP_PROXY": "http://a:1", "ALL_PROXY": "http://a:1"}).idle_variable == ""


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
async def test_hosts_are_excepted_by_the_environment(variable: str) -> None:
    proxies = of_environment({"HTTPS_PROXY": "http://a:1", variable: "github.com"})
    assert await place(proxies, "api.github.com") == ""
    assert await place(proxies, "api.githubcopilot.com") == "a:1"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
async def test_this_machine_is_never_reached_through_a_proxy(host: str) -> None:
    assert await place(Proxies(Settings(proxy="http://a:1")), host) == ""
    assert await place(of_environment({"ALL_PROXY": "http://a:1"}), host) == ""


def test_a_variable_that_is_no_proxy_is_named() -> None:
    with pytest.raises(SettingsBroken, match="HTTPS_PROXY must begin with"):
        of_environment({"HTTPS_PROXY": "ftp://x"})


# Windows and macOS


class Desk:
    """A system with proxy settings, which somebody may change."""

    def __init__(self, **proxies: str) -> None:
        self.proxies = proxies
        self.local = {"intranet.corp"}
        self.asked: list[str] = []

    @property
    def system(self) -> System:
        return System(lambda: self.proxies, self._excepts)

    def _excepts(self, host: str) -> Any:
        self.asked.append(host)
        return 1 if host in self.local else 0


@pytest.mark.parametrize(
    ("named", "where"),
    [
        ({"https": "http://a:1"}, "http://a:1"),
        ({"http": "http://b:2"}, ""),
        # macOS has it with http:// in front, Windows with socks://.
        ({"socks": "http://a:1"}, "socks5://a:1"),
        ({"socks": "socks://a:1"}, "socks5://a:1"),
        ({}, ""),
    ],
)
async def test_the_systems_proxy_is_taken_where_the_environment_names_none(named: dict[str, str], where: str) -> None:
    found = await of_environment({}, Desk(**named).system).towards("api.github.com", 443)
    assert (str(found.url) if found else "") == where
    assert found is None or found.origin == SYSTEM


async def test_the_environment_wins_over_the_system() -> None:
    desk = Desk(https="http://b:2")
    assert await place(of_environment({"HTTPS_PROXY": "http://a:1"}, desk.system)) == "a:1"
    assert desk.asked == []


async def test_the_system_is_asked_once_about_each_host() -> None:
    desk = Desk(https="http://a:1")
    proxies = of_environment({}, desk.system)
    for _ in range(2):
        assert await place(proxies, "intranet.corp") == ""
        assert await place(proxies, "api.github.com") == "a:1"
    assert desk.asked == ["intranet.corp", "api.github.com"]


async def test_the_systems_word_is_asked_anew_in_another_network() -> None:
    """A laptop that leaves the office: its system has other proxy settings for other networks, and for VPNs."""
    desk = Desk(https="http://office:1")
    proxies = of_environment({}, desk.system)
    assert await place(proxies, "api.github.com") == "office:1"
    desk.proxies = {}
    assert await place(proxies, "api.github.com") == "office:1"
    proxies.doubt()
    assert await place(proxies, "api.github.com") == ""
    desk.proxies = {"https": "http://home:2"}
    desk.local = {"api.github.com"}
    proxies.doubt()
    assert await place(proxies, "api.github.com") == ""
    assert await place(proxies, "github.com") == "home:2"


async def test_nonsense_that_the_system_comes_to_name_is_told() -> None:
    desk = Desk(https="http://a:1")
    proxies = of_environment({}, desk.system)
    desk.proxies = {"https": "ftp://x"}
    proxies.doubt()
    with pytest.raises(SettingsBroken, match="the system's settings must begin with"):
        await proxies.towards("api.github.com", 443)


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
async def test_only_windows_and_macos_are_asked(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    """Python asks them; here it has nothing to tell but the environment."""
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv("HTTPS_PROXY", "http://a:1")
    assert await place(Proxies(Settings(proxy_env=True), {})) == ("" if platform == "linux" else "a:1")


def test_a_proxy_says_whether_it_speaks_socks() -> None:
    assert [Proxy(scheme=scheme, host="a", port=1, origin="").is_socks for scheme in PORTS] == [False, False, True, True]
