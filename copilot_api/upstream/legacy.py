"""The plain-text GitHub token that npm copilot-api 0.7 left behind: found, taken over, and removed only when asked to."""

import asyncio
from pathlib import Path

from copilot_api.errors import KeyringUnusable, SignInFailed
from copilot_api.settings import legacy_token_path
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.secrets import Vault
from copilot_api.upstream.signin import Done, sign_in_with_token


def find(path: Path | None = None) -> Path | None:
    """The file, when there is one with anything in it; the old program made it empty before the first sign-in. Blocks."""
    path = path or legacy_token_path()
    try:
        return path if path.is_file() and path.stat().st_size > 0 else None
    except OSError:
        return None


async def take_over(path: Path, github: GitHub, vault: Vault, *, remove: bool = False) -> Done:
    """Signs in with the token in that file; with `remove`, the file goes once the vault has the token.

    Raises SignInFailed when it holds no usable token, KeyringUnusable when the file stays, and like `sign_in_with_token`.
    """
    try:
        text = await asyncio.to_thread(path.read_text, "utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SignInFailed(f"{path} cannot be read", hint="run copilot-api auth instead") from error
    done = await sign_in_with_token(text, github, vault)
    if remove:
        try:
            await asyncio.to_thread(path.unlink)
        except OSError as error:
            raise KeyringUnusable(f"You are signed in, but {path} could not be removed", hint="remove it yourself") from error
    return done
