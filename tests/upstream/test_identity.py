import pytest

from copilot_api.errors import SettingsBroken
from copilot_api.settings import Settings
from copilot_api.upstream.identity import Identity

TOKEN = "tid=0;exp=1:ab"


def test_github_hears_who_we_are() -> None:
    assert Identity(Settings()).github_headers("ghu_1") == {
        "Accept": "application/json",
        "Authorization": "token ghu_1",
        "User-Agent": "GitHubCopilotChat/0.48.1",
        "X-GitHub-Api-Version": "2025-04-01",
        "Editor-Version": "vscode/1.121.0",
        "Editor-Plugin-Version": "copilot-chat/0.48.1",
    }


def test_copilot_gets_the_least_that_works_and_no_invented_ids() -> None:
    assert Identity(Settings()).copilot_headers(TOKEN, request_id="r-1") == {
        "Authorization": f"Bearer {TOKEN}",
        "Copilot-Integration-Id": "vscode-chat",
        "X-GitHub-Api-Version": "2026-01-09",
        "Editor-Version": "vscode/1.121.0",
        "Editor-Plugin-Version": "copilot-chat/0.48.1",
        "User-Agent": "GitHubCopilotChat/0.48.1",
        "OpenAI-Intent": "conversation-agent",
        "X-Request-Id": "r-1",
    }


def test_what_belongs_to_one_request_is_added_to_it() -> None:
    headers = Identity(Settings()).copilot_headers(
        TOKEN,
        request_id="r-1",
        intent="model-access",
        initiator="user",
        interaction_id="i-1",
        interaction_type="conversation-subagent",
        vision=True,
        betas=("one-2025", "two-2025"),
    )
    assert headers["OpenAI-Intent"] == "model-access"
    assert headers["X-Initiator"] == "user"
    assert headers["X-Interaction-Id"] == "i-1"
    assert headers["X-Interaction-Type"] == "conversation-subagent"
    assert headers["Copilot-Vision-Request"] == "true"
    assert headers["anthropic-beta"] == "one-2025,two-2025"


def test_the_sign_in_pages_are_asked_for_json() -> None:
    assert Identity(Settings()).login_headers() == {
        "Accept": "application/json",
        "User-Agent": "GitHubCopilotChat/0.48.1",
    }


def test_every_value_is_a_setting() -> None:
    identity = Identity(
        Settings(
            editor_version="copilot/1.0.75",
            plugin_version="copilot-chat/9.9",
            integration_id="copilot-developer-cli",
            api_version="2026-07-01",
            github_api_version="2026-02-02",
            user_agent="copilot/1.0.75 (linux)",
        )
    )
    headers = identity.copilot_headers(TOKEN, request_id="r-1")
    assert headers["Editor-Version"] == "copilot/1.0.75"
    assert headers["Editor-Plugin-Version"] == "copilot-chat/9.9"
    assert headers["Copilot-Integration-Id"] == "copilot-developer-cli"
    assert headers["X-GitHub-Api-Version"] == "2026-07-01"
    assert headers["User-Agent"] == "copilot/1.0.75 (linux)"
    assert identity.github_headers("ghu_1")["X-GitHub-Api-Version"] == "2026-02-02"


def test_the_user_agent_follows_the_plugins_version() -> None:
    headers = Identity(Settings(plugin_version="copilot-chat/0.52.0")).login_headers()
    assert headers["User-Agent"] == "GitHubCopilotChat/0.52.0"


@pytest.mark.parametrize(
    "settings",
    [
        Settings(editor_version=""),
        Settings(integration_id="vscode\r\nX-Other: 1"),
        Settings(plugin_version="copilot–chat/1"),  # noqa: RUF001 - the dash that a word processor makes
        Settings(user_agent="a\nb"),
    ],
)
def test_a_value_that_cannot_be_a_header_is_refused(settings: Settings) -> None:
    with pytest.raises(SettingsBroken, match="must be a text of plain characters"):
        Identity(settings)
