"""Names and ids that every upstream accepts, made without memory: the same text always gives the same result.

Rules: translation.md §1.6 (names), §3.2 (ids). Upstream takes `[a-zA-Z0-9_-]` in both.
"""

import hashlib
import re
from collections.abc import Iterable

LONGEST_NAME = 64
# OpenAI's models behind Copilot's chat refuse longer call ids ("Expected a string with maximum length 40").
LONGEST_CHAT_ID = 40
LONGEST_MESSAGES_ID = 64
LONGEST_RESPONSES_ID = 64

_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_-]")
_HASH_LENGTH = 8
_SEAM = "\0\0"


def legal_id(id_: str, *, longest: int = LONGEST_MESSAGES_ID) -> str:
    """`id_` itself if upstream takes it, else a form that it takes and that no other id has."""
    clean = _FORBIDDEN.sub("_", id_)
    return id_ if clean == id_ and len(id_) <= longest else _with_hash(clean, id_, longest)


def joined(namespace: str, name: str) -> str:
    """What `Names` knows a tool of a namespace by. No client's own name holds NULs, and each is sent up as an underscore."""
    return f"{namespace}{_SEAM}{name}" if namespace else name


class Names:
    """The tool names of one request: the client's own, and what is sent up in their place."""

    def __init__(self, defined: Iterable[str] = ()) -> None:
        self._sent: dict[str, str] = {}
        self._own: dict[str, str] = {}
        for name in defined:  # a name that may stay keeps its place, whatever others turn into
            if _FORBIDDEN.sub("_", name)[:LONGEST_NAME] == name:
                self._keep(name, name)

    def sent(self, name: str) -> str:
        """What to call the client's `name` upstream."""
        return self.known(name) or self._keep(name, self._free(name))

    def known(self, name: str) -> str | None:
        """What the client's `name` is already called upstream."""
        return self._sent.get(name)

    @property
    def changed(self) -> dict[str, str]:
        """From the name as sent to the client's own, where they differ and no namespace is why."""
        return {sent: own for sent, own in self._own.items() if sent != own and _SEAM not in own}

    @property
    def namespaces(self) -> dict[str, tuple[str, str]]:
        """From the name as sent to the namespace and the name in it."""
        parted = ((sent, own.partition(_SEAM)) for sent, own in self._own.items())
        return {sent: (namespace, name) for sent, (namespace, seam, name) in parted if seam}

    def _keep(self, name: str, sent: str) -> str:
        self._sent[name] = sent
        self._own[sent] = name
        return sent

    def _free(self, name: str) -> str:
        clean = _FORBIDDEN.sub("_", name)
        sent = clean if len(clean) <= LONGEST_NAME else _with_hash(clean, name, LONGEST_NAME)
        salted = name
        while sent in self._own:
            sent = _with_hash(clean, salted, LONGEST_NAME)
            salted += "+"
        return sent


def _with_hash(clean: str, original: str, longest: int) -> str:
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{clean[: longest - _HASH_LENGTH - 1]}_{digest}"
