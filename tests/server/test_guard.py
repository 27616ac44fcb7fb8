"""Who is let in, decided on texts alone."""

from pathlib import Path
from typing import Any

import pytest

from copilot_api.errors import DoorClosed, KeyRefused
from copilot_api.keys import KeyFile
from copilot_api.server.guard import Guard, host_name, is_loopback
from copilot_api.server.key_ring import KeyRing
from copilot_api.settings import Settings
from copilot_api.upstream.clock import SystemClock


def guard(**options: Any) -> Guard:
    settings = Settings(**options)
    return Guard(settings, KeyRing(settings.api_keys, KeyFile(Path("/nowhere")), SystemClock()))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4141",
        "LOCALHOST:4141",
        "localhost.",
        "app.localhost:4141",
        "127.0.0.1",
        "127.0.0.1:4141",
        "127.9.9.9",
        "[::1]:4141",
        "[::1]",
        "::1",
    ],
)
def test_every_way_to_write_this_machine_is_let_in(host: str) -> None:
    guard().check_host(host)


def test_an_old_client_that_names_no_host_is_let_in() -> None:
    guard().check_host(None)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4141",
        "localhost.evil.example",
        "notlocalhost",
        "127.0.0.1.nip.io",
        "192.168.1.5",
        "[fe80::1]",
    ],
)
def test_a_rebound_name_is_turned_away(host: str) -> None:
    with pytest.raises(DoorClosed) as caught:
        guard().check_host(host)
    assert caught.value.status == 403
    assert f"--allow-host {host_name(host)}" in caught.value.hint


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost:80@evil.example",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost/evil",
        "localhost\\evil",
        "localhost?x",
        "localhost#x",
        "localhost evil",
        "localhost, evil.example",
        "localhost:evil",
        "localhost:123456",
        "localhost..",
        "[::1]evil.example",
        "[::1",
        "[localhost]",
        "[::1%25eth0]",
        "::1%eth0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "local\thost",
        "l\udcf6calhost",
        "[::ffff:127.0.0.1]",
    ],
)
def test_tricks_with_a_host_are_turned_away(host: str) -> None:
    with pytest.raises(DoorClosed) as caught:
        guard().check_host(host)
    assert caught.value.hint


def test_a_host_that_is_no_name_is_not_proposed_as_an_exception() -> None:
    with pytest.raises(DoorClosed) as caught:
        guard().check_host("localhost:80@evil.example")
    assert "--allow-host" not in caught.value.hint


def test_what_a_page_of_another_site_fetches_is_turned_away() -> None:
    """Images, scripts, frames and links come without an Origin; Sec-Fetch-Site tells them from programs and what was typed."""
    for site in ("cross-site", "same-site", "Cross-Site", "anything-new"):
        with pytest.raises(DoorClosed):
            guard().check_site(site, None)
    for ours in (None, "none", "same-origin", "Same-Origin"):
        guard().check_site(ours, None)
    own = guard(cors_origins=("https://app.example",))
    own.check_site("cross-site", "https://app.example")
    with pytest.raises(DoorClosed):
        own.check_site("cross-site", None)
    guard(cors_origins=("*",)).check_site("cross-site", None)


@pytest.mark.parametrize("content_type", ["text/plain", "Text/Plain; charset=utf-8", "multipart/form-data; boundary=x"])
def test_a_form_of_a_browser_that_does_not_say_for_whom_is_turned_away(content_type: str) -> None:
    """Those of ten years ago send forms without an Origin, and know no Sec-Fetch-Site."""
    old = "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko"
    with pytest.raises(DoorClosed) as caught:
        guard().check_form(content_type, old, None)
    assert "application/json" in caught.value.hint
    guard().check_form("application/json", old, None)
    guard().check_form(content_type, old, "http://localhost:4141")
    guard().check_form(content_type, "curl/8.5.0", None)
    guard(cors_origins=("*",)).check_form(content_type, old, None)


def test_names_of_the_settings_are_let_in() -> None:
    own = guard(allowed_hosts=("Box.lan", "proxy:8080"))
    own.check_host("box.lan:4141")
    own.check_host("proxy")
    with pytest.raises(DoorClosed):
        own.check_host("other.lan")


def test_a_server_on_the_network_is_reached_by_number_or_by_its_own_name() -> None:
    wide = guard(host="0.0.0.0")  # noqa: S104 - what is tested
    wide.check_host("192.168.1.5:4141")
    wide.check_host("[fe80::1]:4141")
    with pytest.raises(DoorClosed):
        wide.check_host("evil.example")
    guard(host="box.lan").check_host("box.lan:4141")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:3000", "null", "file://", "chrome-extension://abc", ""]
)
def test_pages_of_other_origins_are_turned_away(origin: str) -> None:
    with pytest.raises(DoorClosed):
        guard().check_origin(origin, "localhost:4141")
    assert not guard().readable_by(origin)


def test_programs_and_our_own_pages_are_let_in() -> None:
    guard().check_origin(None, "localhost:4141")
    guard().check_origin("http://localhost:4141", "localhost:4141")
    guard().check_origin("http://LOCALHOST:4141", "localhost:4141")
    with pytest.raises(DoorClosed):
        guard().check_origin("http://localhost:4141", None)


def test_configured_origins_may_read_answers() -> None:
    own = guard(cors_origins=("https://App.example/", "app://obsidian.md"))
    for origin in ("https://app.example", "app://obsidian.md"):
        own.check_origin(origin, "localhost:4141")
        assert own.readable_by(origin)
    assert not own.readable_by("https://app.example.evil.example")
    assert not own.readable_by(None)


def test_a_star_lets_every_page_in_as_the_original_did() -> None:
    wide = guard(cors_origins=("*",))
    wide.check_origin("https://evil.example", "localhost:4141")
    assert wide.readable_by("https://evil.example")


def test_without_keys_any_key_will_do() -> None:
    assert not guard().asks_for_a_key
    assert guard().check_keys(["dummy"]) == guard().check_keys([]) == ""


def test_off_loopback_one_is_asked_for_though_there_be_none() -> None:
    wide = guard(host="0.0.0.0")  # noqa: S104 - what is tested
    assert wide.asks_for_a_key
    with pytest.raises(KeyRefused):
        wide.check_keys(["dummy"])


def test_one_right_key_among_those_shown_is_enough() -> None:
    own = guard(api_keys=("key-one", "schlüssel"))
    assert own.asks_for_a_key
    assert own.check_keys(["key-one"]) == "settings-1"
    assert own.check_keys(["stale", "schlüssel"]) == "settings-2"


@pytest.mark.parametrize("shown", [[], [""], ["key-on"], ["key-one "], ["KEY-ONE"], ["key-one\udcff"]])
def test_a_wrong_key_is_refused(shown: list[str]) -> None:
    with pytest.raises(KeyRefused) as caught:
        guard(api_keys=("key-one",)).check_keys(shown)
    assert caught.value.status == 401
    assert "key-one" not in caught.value.text


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),  # noqa: S104 - read, not bound
        ("box.lan", False),
        ("::", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
