"""How we introduce ourselves to GitHub and Copilot: one identity, every value of it a setting, nothing invented."""

from copilot_api.errors import SettingsBroken
from copilot_api.settings import Settings

_SENT = ("editor_version", "plugin_version", "integration_id", "api_version", "github_api_version", "user_agent")


class Identity:
    """The headers of one identity. Machine, device and session ids are telemetry and are left out: having none, we claim none.

    Raises SettingsBroken for a value that cannot be a header.
    """

    def __init__(self, settings: Settings) -> None:
        for name in _SENT:
            value = getattr(settings, name)
            if not (value or name == "user_agent") or not value.isascii() or not value.isprintable():
                raise SettingsBroken(f"{name} must be a text of plain characters", hint="it is sent as a header; leave it out")
        agent = settings.user_agent or f"GitHubCopilotChat/{settings.plugin_version.rpartition('/')[2]}"
        editor = {
            "Editor-Version": settings.editor_version,
            "Editor-Plugin-Version": settings.plugin_version,
            "User-Agent": agent,
        }
        self._login = {"Accept": "application/json", "User-Agent": agent}
        self._github = {"Accept": "application/json", "X-GitHub-Api-Version": settings.github_api_version, **editor}
        self._copilot = {
            "Copilot-Integration-Id": settings.integration_id,
            "X-GitHub-Api-Version": settings.api_version,
            **editor,
        }

    def login_headers(self) -> dict[str, str]:
        """For the sign-in pages. Without Accept they would answer form-encoded."""
        return dict(self._login)

    def github_headers(self, grant: str) -> dict[str, str]:
        """For GitHub's REST API, which refuses an empty User-Agent."""
        return {**self._github, "Authorization": f"token {grant}"}

    def copilot_headers(
        self,
        token: str,
        *,
        request_id: str,
        intent: str = "conversation-agent",
        initiator: str | None = None,
        interaction_id: str = "",
        interaction_type: str = "",
        vision: bool = False,
        betas: tuple[str, ...] = (),
    ) -> dict[str, str]:
        """For Copilot's API; the Content-Type belongs to whoever has a body. Source: protocol notes, data plane, section 1.1.

        `initiator` is what is billed and stays away where nothing is (models, counting). `vision` says that an image is in
        the request, without which Copilot refuses images.
        """
        headers = {
            "Authorization": f"Bearer {token}",
            **self._copilot,
            "OpenAI-Intent": intent,
            "X-Request-Id": request_id,
        }
        if initiator:
            headers["X-Initiator"] = initiator
        if interaction_id:
            headers["X-Interaction-Id"] = interaction_id
        if interaction_type:
            headers["X-Interaction-Type"] = interaction_type
        if vision:
            headers["Copilot-Vision-Request"] = "true"
        if betas:
            headers["anthropic-beta"] = ",".join(betas)
        return headers
