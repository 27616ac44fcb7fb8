"""NO_PROXY as other programs read it: a company writes one list for all of them."""

import pytest

from copilot_api.upstream.no_proxy import Exceptions


@pytest.mark.parametrize(
    ("text", "host", "port", "covered"),
    [
        # a name, and what is under it, however it is written
        ("github.com", "github.com", 443, True),
        ("github.com", "api.github.com", 443, True),
        (".github.com", "api.github.com", 443, True),
        (".github.com", "github.com", 443, True),
        ("*.github.com", "api.github.com", 443, True),
        ("github.com.", "api.github.com", 443, True),
        ("github.com", "api.github.com.", 443, True),
        ("GitHub.COM", "api.github.com", 443, True),
        ("github.com", "API.GitHub.com", 443, True),
        # and not what only looks like it
        ("github.com", "notgithub.com", 443, False),
        ("hub.com", "github.com", 443, False),
        ("api.github.com", "github.com", 443, False),
        ("com.github", "github.com", 443, False),
        # a port narrows it down
        ("github.com:443", "api.github.com", 443, True),
        ("github.com:8443", "api.github.com", 443, False),
        # all
        ("*", "github.com", 443, True),
        ("example.com, *", "10.0.0.1", 443, True),
        # nothing
        ("", "github.com", 443, False),
        (" , ,", "github.com", 443, False),
        (".", "github.com", 443, False),
        # several, between commas or blanks
        ("localhost,127.0.0.1,.corp", "git.corp", 443, True),
        ("localhost 127.0.0.1 corp", "git.corp", 443, True),
        # numbers
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.1.2.3", "10.1.2.30", 443, False),
        ("10.1.2.3:443", "10.1.2.3", 443, True),
        ("10.1.2.3:80", "10.1.2.3", 443, False),
        ("10.0.0.0/8", "10.255.0.1", 443, True),
        ("10.0.0.1/8", "10.255.0.1", 443, True),
        ("10.0.0.0/8", "11.0.0.1", 443, False),
        ("10.0.0.0/8", "10.example", 443, False),
        ("0.0.0.0/0", "github.com", 443, False),
        ("2001:db8::/32", "2001:db8::1", 443, True),
        ("2001:db8::1", "2001:DB8:0::1", 443, True),
        ("[2001:db8::1]", "2001:db8::1", 443, True),
        ("[2001:db8::1]:443", "2001:db8::1", 443, True),
        ("[2001:db8::1]:80", "2001:db8::1", 443, False),
        ("fe80::/10", "fe80::1%eth0", 443, True),
        ("::1", "10.0.0.1", 443, False),
    ],
)
def test_a_host_is_excepted_by_the_rules_that_programs_have_in_common(text: str, host: str, port: int, covered: bool) -> None:
    assert Exceptions(text).covers(host, port) is covered
