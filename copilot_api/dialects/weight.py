"""How much of an answer may be kept in memory. What models write is far smaller; beyond it an answer is a defect."""

from copilot_api.errors import UpstreamBroke

LIMIT = 64 * 1024 * 1024

PIECE = 256
"""What one more piece of a text weighs, besides its characters."""

PART = 2048
"""What one more part of a text weighs, besides what is in it."""

BLOCK = 32 * 1024
"""What one more block, item or call weighs: there are few, and each is looked at again and again."""


class Weight:
    """Adds up what is kept of one answer, by rough estimate in bytes."""

    def __init__(self) -> None:
        self._left = LIMIT

    def add(self, amount: int) -> None:
        """Raises UpstreamBroke when it is too much."""
        self._left -= amount
        if self._left < 0:
            raise UpstreamBroke("Copilot sent more in one answer than any answer holds")
