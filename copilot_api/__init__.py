"""Your own GitHub Copilot subscription as an OpenAI- and Anthropic-compatible API on localhost."""

__version__ = "1.0.0"

RELEASES_URL = ""
"""What tells the newest release; written here when a release is built (`build/release.py stamp`), in a clone nobody knows."""
