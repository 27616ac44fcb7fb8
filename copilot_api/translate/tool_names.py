"""Names and ids that every upstream accepts, made without memory: the same text always gives the same result.

Rules: translation.md §1.6 (names), §3.2 (ids). Upstream takes `[a-zA-Z0-9_-]` in both.
"""

import hashlib
import re
from collections.abc import Iterable

LONGEST_NAME = 64
LONGEST_MESSAGES_NAME = 128
# OpenAI's models behind Copilot's chat refuse longer call ids ("Expected a string with maximum length 40").
LONGEST_CHAT_ID = 40
LONGEST_MESSAGES_ID = 64
LONGEST_RESPONSES_ID = 64

_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_-]")
_HASH_LENGTH = 8


def legal_id(id_: str, *, longest: int = LONGEST_MESSAGES_ID) -> str:
    """`id_` itself if upstream takes it, else a form that it takes and that no other id has."""
    clean = _FORBIDDEN.sub("_", id_)
    return id_ if clean == id_ and len(id_) <= longest else _with_hash(clean, id_, longest)


class Names:
    """The tool names of one request: the client's own, and what is sent up in their place.

    A tool in a `namespace`, which only Responses has, is sent up as `namespace__name`. `longest` is what upstream takes.
    """

    def __init__(self, defined: Iterable[str] = (), *, longest: int = LONGEST_NAME) -> None:
        self._longest = longest
        self._sent: dict[tuple[str, str], str] = {}
        self._own: dict[str, tuple[str, str]] = {}
        for name in defined:  # a name that may stay keeps its place, whatever others turn into
            if _FORBIDDEN.sub("_", name)[:longest] == name:
                self._keep(name, "", name)

    def sent(self, name: str, namespace: str = "") -> str:
        """What to call the client's `name` upstream."""
        return self.known(name, namespace) or self._keep(name, namespace, self._free(name, namespace))

    def known(self, name: str, namespace: str = "") -> str | None:
        """What the client's `name` is already called upstream."""
        return self._sent.get((namespace, name))

    @property
    def changed(self) -> dict[str, str]:
        """From the name as sent to the client's own, where they differ and no namespace is why."""
        return {sent: name for sent, (namespace, name) in self._own.items() if not namespace and sent != name}

    @property
    def namespaces(self) -> dict[str, tuple[str, str]]:
        """From the name as sent to the namespace and the name in it."""
        return {sent: own for sent, own in self._own.items() if own[0]}

    def _keep(self, name: str, namespace: str, sent: str) -> str:
        self._sent[namespace, name] = sent
        self._own[sent] = (namespace, name)
        return sent

    def _free(self, name: str, namespace: str) -> str:
        whole = f"{namespace}__{name}" if namespace else name
        clean = _FORBIDDEN.sub("_", whole)
        sent = clean if len(clean) <= self._longest else _with_hash(clean, whole, self._longest)
        salted = whole
        while sent in self._own:
            sent = _with_hash(clean, salted, self._longest)
            salted += "+"
        return sent


def _with_hash(clean: str, original: str, longest: int) -> str:
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{clean[: longest - _HASH_LENGTH - 1]}_{digest}"
