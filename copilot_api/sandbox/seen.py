"""One request as the sandbox received it: what tests look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from copilot_api.dialects.codec import loads

Plane: TypeAlias = Literal["login", "api", "copilot"]
"""GitHub's sign-in pages, GitHub's API, Copilot's API: three addresses, as in the real world."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """`path` is without the query; `headers` ignore case; `at` is monotonic seconds.

    `outcome` is "" while the answer is under way, then "answered", "client left" or the name of the fault that struck.
    """

    plane: Plane
    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    at: float = 0.0
    outcome: str = ""

    @property
    def by_user(self) -> bool:
        """Whether the request says that a person asked."""
        return self.headers.get("x-initiator") == "user"

    @property
    def sees(self) -> bool:
        """Whether the request says that there are images in it."""
        return self.headers.get("copilot-vision-request", "").lower() == "true"

    @property
    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return loads(self.body)
