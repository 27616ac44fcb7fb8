"""The GitHub token of this run: what kinds there are, what each is good for, and where it is found."""

import re
from dataclasses import dataclass, field
from functools import partial

from copilot_api.errors import NOBODY, NotSignedIn
from copilot_api.settings import Settings
from copilot_api.upstream.secrets import aside, open_vault

# Fine-grained personal tokens and installation tokens go to Copilot as they are; GitHub exchanges neither.
_DIRECT = ("github_pat_", "ghs_")
_KNOWN = ("gho_", "ghu_", *_DIRECT)
_PLAIN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Grant:
    """A GitHub token. `origin` is the flag, variable or file that gave it; empty for one from a sign-in."""

    value: str = field(repr=False)
    origin: str = ""

    @property
    def needs_exchange(self) -> bool:
        """Whether Copilot wants a token made from it, or takes it as it is."""
        return not self.value.startswith(_DIRECT)

    @property
    def advice(self) -> str:
        """What to do when GitHub does not accept it."""
        if self.origin:
            return f"give another token in {self.origin}, or leave it out and run copilot-api auth"
        return "run copilot-api auth to sign in again"


def fault(text: str) -> str:
    """Why `text` can never work as a grant, in a sentence; empty when it might."""
    if not _PLAIN.fullmatch(text):
        return "A GitHub token is one word of plain letters and digits"
    if text.startswith("ghp_"):
        return "This is a classic personal access token (ghp_), which Copilot does not accept"
    if text.startswith("ghr_"):
        return "This is a refresh token (ghr_), which is good for nothing by itself"
    if text.startswith("tid="):
        return "This is a Copilot token, which lives for half an hour; a GitHub token is needed"
    return ""


def is_known(text: str) -> bool:
    """Whether `text` begins like one of the kinds of GitHub token that Copilot works with."""
    return text.startswith(_KNOWN)


async def find(settings: Settings) -> Grant:
    """The grant of this run: flag, then environment or settings file, then the vault.

    Raises NotSignedIn when there is none or it can never work, KeyringUnusable when the vault cannot be asked.
    """
    if settings.github_token:
        origin = settings.origins.get("github_token", "github_token")
        grant = Grant(settings.github_token, "--github-token" if origin == "flag" else origin)
        if why := fault(grant.value):
            raise NotSignedIn(why, hint=grant.advice)
        return grant
    stored = await aside(partial(_read, settings))
    if not stored:
        raise NotSignedIn(NOBODY, hint="run copilot-api auth")
    return Grant(stored)


def _read(settings: Settings) -> str | None:
    return open_vault(settings).read()
