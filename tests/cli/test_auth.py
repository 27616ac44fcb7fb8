"""Signing in, asking who is signed in, and signing out, with the real program."""

import json
import sys

import pytest

from copilot_api.errors import NotSignedIn
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream import secrets
from copilot_api.upstream.grants import Grant
from tests.builders.program import Program
from tests.builders.waiting import eventually
from tests.conftest import MakeService


@pytest.fixture(autouse=True)
def _signs_in_at_the_sandbox(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox)


async def test_a_token_from_standard_input_is_kept(program: Program, sandbox: Sandbox) -> None:
    grant = sandbox.issue("gho")
    ended = await program.run("auth", "--with-token", typed=f"{grant}\n")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("signed in as sandbox-dev; the GitHub token is kept in the file ")
    assert program.stored() == [grant]


async def test_a_fine_grained_token_with_the_permission_is_kept(program: Program, sandbox: Sandbox) -> None:
    grant = sandbox.issue("github_pat")
    assert (await program.run("auth", "--with-token", typed=grant)).code == 0
    assert program.stored() == [grant]


async def test_a_classic_token_is_refused_with_the_reason(program: Program, sandbox: Sandbox) -> None:
    ended = await program.run("auth", "--with-token", typed=sandbox.issue("ghp"))
    assert ended.code == 1
    assert ended.err.splitlines()[0] == ("error: this is a classic personal access token (ghp_), which Copilot does not accept")
    assert program.stored() == []


async def test_no_token_at_all_is_an_error_with_a_hint(program: Program) -> None:
    ended = await program.run("auth", "--with-token")
    assert ended.code == 1
    assert ended.err == "error: no token was given\nhint: pipe it in: copilot-api auth --with-token < token.txt\n"


async def test_status_says_who_how_and_where(program: Program, sandbox: Sandbox) -> None:
    await program.run("auth", "--with-token", typed=sandbox.grant)
    ended = await program.run("auth", "status")
    assert ended.code == 0
    host, token, plan = ended.out.splitlines()
    assert host == f"signed in to {sandbox.github_url.removeprefix('http://')} as sandbox-dev"
    assert token.startswith("token: GitHub App user token, from the file ")
    assert plan == "plan: individual_pro"
    assert sandbox.grant not in ended.out + ended.err


async def test_status_as_json(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.issue("github_pat"))
    ended = await program.run("auth", "status", "--json")
    assert json.loads(ended.out) == {
        "signedIn": True,
        "host": sandbox.github_url.removeprefix("http://"),
        "login": "sandbox-dev",
        "kind": "fine-grained personal access token",
        "source": "GH_TOKEN",
        "plan": "individual_pro",
        "problem": "",
        "hint": "",
    }


async def test_status_without_a_sign_in_ends_with_one(program: Program) -> None:
    ended = await program.run("auth", "status", "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["signedIn"] is False
    assert ended.err == "error: you are not signed in\nhint: run copilot-api auth\n"


async def test_status_of_a_revoked_token_says_so(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    sandbox.revoke()
    ended = await program.run("auth", "status")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: GitHub")
    assert "GH_TOKEN" in ended.err.splitlines()[1]


async def test_an_installation_token_is_nobodys(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.issue("ghs"))
    ended = await program.run("auth", "status")
    assert ended.code == 0
    assert ended.out.splitlines()[0].endswith(" as an installation")


async def test_logout_forgets_the_token(program: Program, sandbox: Sandbox) -> None:
    await program.run("auth", "--with-token", typed=sandbox.grant)
    ended = await program.run("logout")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("signed out: the GitHub token is gone from the file ")
    assert "https://github.com/settings/applications" in ended.err
    assert program.stored() == []
    again = await program.run("logout")
    assert again.code == 0
    assert again.err.startswith("there is no GitHub token in the file ")


async def test_logout_tells_of_the_tokens_that_are_left(program: Program, sandbox: Sandbox) -> None:
    path = program.leave_legacy_token("gho_old")
    program.uses(sandbox, grant=sandbox.grant)
    ended = await program.run("logout")
    assert f"warning: the token of copilot-api 0.7 is still in {path}" in ended.err
    assert "warning: a GitHub token is still set by GH_TOKEN" in ended.err
    assert path.exists()


if sys.platform == "linux":

    @pytest.mark.parametrize("command", [("auth",), ("auth", "status"), ("logout",)])
    async def test_without_a_keyring_nothing_is_kept_in_the_clear(program: Program, command: tuple[str, ...]) -> None:
        """compat.md §2.2: the original kept the token as plain text; we stop, and say the ways out."""
        del program.environ["COPILOT_API_TOKEN_STORE"]
        ended = await program.run(*command)
        assert ended.code == 1
        assert "error: there is no desktop session here, so no keyring" in ended.err
        assert secrets.WAYS_OUT in ended.err
        assert not list(program.home.rglob("*token*"))


if sys.platform != "win32":
    from tests.builders.program import OnScreen

    async def test_a_typed_token_is_not_shown(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        screen = await on_screen("auth", "--with-token")
        await screen.expect("GitHub token: ")
        screen.type(f"{sandbox.grant}\n")
        await screen.expect("signed in as sandbox-dev")
        assert await screen.ended() == 0
        assert sandbox.grant not in screen.shown
        assert program.stored() == [sandbox.grant]


async def test_a_running_server_is_told_of_a_sign_in_and_of_its_end(
    program: Program, sandbox: Sandbox, make_service: MakeService
) -> None:
    held = [""]

    async def find(_: Settings) -> Grant:
        if not held[0]:
            raise NotSignedIn("You are not signed in")
        return Grant(held[0])

    program.uses(sandbox)
    service = await make_service(is_patient=True, grant=find, run_folder=program.home / "copilot-api")
    port = service.url.rpartition(":")[2]
    held[0] = sandbox.grant
    ended = await program.run("auth", "--with-token", typed=sandbox.grant)
    assert ended.err.endswith(f"\nthe server on port {port} was told\n")
    await eventually(lambda: service.status.login == "sandbox-dev")
    held[0] = ""
    assert f"the server on port {port} was told\n" in (await program.run("logout")).err
    assert service.status.signed == "out"
