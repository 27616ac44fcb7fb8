import asyncio
from typing import TYPE_CHECKING

import pytest

from copilot_api.errors import KeyringUnusable, NotSignedIn
from copilot_api.settings import Settings, load
from copilot_api.upstream.grants import Grant, fault, find, is_known
from copilot_api.upstream.secrets import open_vault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders.desktop import Desktop


@pytest.mark.parametrize(
    ("value", "exchanged"),
    [("ghu_1", True), ("gho_1", True), ("0123456789abcdef", True), ("github_pat_1", False), ("ghs_1", False)],
)
def test_some_grants_are_exchanged_and_some_used_as_they_are(value: str, exchanged: bool) -> None:
    assert Grant(value).needs_exchange is exchanged


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "one word"),
        ("ghu_1 ghu_2", "one word"),
        ("ghu_\u00e9", "one word"),
        ("ghu_1\n", "one word"),
        ("ghp_1", "classic personal access token"),
        ("ghr_1", "refresh token"),
        ("tid=1;exp=2", "Copilot token"),
    ],
)
def test_what_can_never_work_is_told_why(text: str, words: str) -> None:
    assert words in fault(text)


@pytest.mark.parametrize("text", ["ghu_1", "gho_1", "ghs_1", "github_pat_1"])
def test_four_kinds_are_known_to_work(text: str) -> None:
    assert (fault(text), is_known(text)) == ("", True)


async def test_the_flag_goes_before_the_environment(tmp_path: "Path") -> None:
    environ = {"GH_TOKEN": "ghu_environment"}
    settings = load({"github_token": "ghu_flag"}, environ=environ, path=tmp_path / "none")
    assert await find(settings) == Grant("ghu_flag", "--github-token")


async def test_the_environment_goes_before_the_vault(tmp_path: "Path") -> None:
    settings = load(environ={"GH_TOKEN": "ghu_2", "COPILOT_GITHUB_TOKEN": "ghu_1"}, path=tmp_path / "none")
    assert await find(settings) == Grant("ghu_1", "COPILOT_GITHUB_TOKEN")


async def test_a_classic_token_in_the_environment_is_refused_by_name(tmp_path: "Path") -> None:
    settings = load(environ={"GH_TOKEN": "ghp_1"}, path=tmp_path / "none")
    with pytest.raises(NotSignedIn, match="classic personal access token") as caught:
        await find(settings)
    assert caught.value.hint == "give another token in GH_TOKEN, or leave it out and run copilot-api auth"


async def test_what_sign_in_left_in_the_keyring_is_found(inside: "Desktop") -> None:
    vault = await asyncio.to_thread(open_vault, Settings())
    with pytest.raises(NotSignedIn, match="You are not signed in") as caught:
        await find(Settings())
    assert caught.value.hint == "run copilot-api auth"
    await asyncio.to_thread(vault.write, "ghu_kept")
    assert await find(Settings()) == Grant("ghu_kept")
    await asyncio.to_thread(vault.erase)


async def test_without_a_keyring_the_ways_out_are_named(home: "Path") -> None:
    with pytest.raises(KeyringUnusable) as caught:
        await find(Settings())
    assert "GH_TOKEN" in caught.value.hint
