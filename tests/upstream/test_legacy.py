import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from copilot_api.errors import KeyringUnusable, NotSignedIn, SignInFailed
from copilot_api.sandbox import Sandbox
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.legacy import find, take_over

if TYPE_CHECKING:
    from tests.upstream.conftest import FakeSecrets


@pytest.fixture
def file(home: Path, lab: Sandbox) -> Path:
    path = home / ".local" / "share" / "copilot-api" / "github_token"
    path.parent.mkdir(parents=True)
    path.write_text(lab.grant + "\n")
    return path


async def test_the_old_programs_token_is_found_where_it_left_it(file: Path) -> None:
    assert await asyncio.to_thread(find) == file


def test_the_empty_file_it_makes_first_is_no_token(home: Path) -> None:
    path = home / "github_token"
    assert find(path) is None
    path.touch()
    assert find(path) is None
    assert find(home) is None


def test_a_place_that_cannot_be_looked_at_holds_none() -> None:
    assert find(Path("x" * 5000)) is None


async def test_it_is_taken_over_and_the_file_stays(file: Path, github: GitHub, lab: Sandbox, secrets: "FakeSecrets") -> None:
    done = await take_over(file, github, secrets)
    assert (done.login, secrets.token) == ("sandbox-dev", lab.grant)
    assert await asyncio.to_thread(file.exists)


async def test_the_file_goes_when_asked_to(file: Path, github: GitHub, lab: Sandbox, secrets: "FakeSecrets") -> None:
    await take_over(file, github, secrets, remove=True)
    assert secrets.token == lab.grant
    assert not await asyncio.to_thread(file.exists)


async def test_a_token_that_no_longer_works_stays_where_it_is(
    file: Path, github: GitHub, lab: Sandbox, secrets: "FakeSecrets"
) -> None:
    lab.revoke()
    with pytest.raises(NotSignedIn):
        await take_over(file, github, secrets, remove=True)
    assert (secrets.token, await asyncio.to_thread(file.exists)) == (None, True)


async def test_a_file_that_cannot_be_read_is_named(home: Path, github: GitHub, secrets: "FakeSecrets") -> None:
    with pytest.raises(SignInFailed, match="nowhere cannot be read"):
        await take_over(home / "nowhere", github, secrets)


async def test_a_file_that_cannot_be_removed_is_named(
    file: Path, github: GitHub, secrets: "FakeSecrets", monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(KeyringUnusable, match="You are signed in, but"):
        await take_over(file, github, secrets, remove=True)
    assert secrets.token
