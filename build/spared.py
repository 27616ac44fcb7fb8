"""What other people's modules do at each start for nobody, and the executable does not."""

from collections.abc import Mapping

SPARED: Mapping[str, tuple[str, str]] = {
    # It reads all root certificates (30 to 50 ms) for connections that check none, which the program never makes. Whoever asked
    # for one would get an error and no connection.
    "aiohttp.connector": ("_SSL_CONTEXT_UNVERIFIED = _make_ssl_context(False)", '_SSL_CONTEXT_UNVERIFIED = "unchecked"'),
}
"""By module: a line of it, and what stands instead."""


def spared(module: str, source: str) -> str:
    """The source without what nobody needs. Raises ValueError where it is not there: a newer release is to be looked at."""
    if module not in SPARED:
        return source
    line, instead = SPARED[module]
    if source.count(f"\n{line}\n") != 1:
        raise ValueError(f"{module} does not say {line!r} any more: look at it, and mend build/spared.py")
    return source.replace(f"\n{line}\n", f"\n{instead}\n")
