"""Your own GitHub Copilot subscription as an OpenAI- and Anthropic-compatible API on localhost."""

__version__ = "1.0.0"
