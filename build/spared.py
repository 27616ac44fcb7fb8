"""What other people's modules do at each start for nobody, and the executable does not."""

from collections.abc import Mapping

SPARED: Mapping[str, Mapping[str, str]] = {
    # Both read all root certificates (25 ms each). The program reads them itself, while the rest of it starts, and makes no
    # connection without a check. Whoever relied on one of these would get an error and no connection.
    "aiohttp.connector": {
        "_SSL_CONTEXT_VERIFIED = _make_ssl_context(True)": '_SSL_CONTEXT_VERIFIED = "not made"',
        "_SSL_CONTEXT_UNVERIFIED = _make_ssl_context(False)": '_SSL_CONTEXT_UNVERIFIED = "unchecked"',
    },
    # It reads the system's lists of what kind a file is, to say that of files that it sends. The program sends none.
    "aiohttp.web_fileresponse": {
        "CONTENT_TYPES: Final[MimeTypes] = MimeTypes()": (
            '__import__("mimetypes").inited = True; CONTENT_TYPES: Final[MimeTypes] = MimeTypes()'
        )
    },
}
"""By module: lines of it, and what stands instead."""


def spared(module: str, source: str) -> str:
    """The source without what nobody needs. Raises ValueError where it is not there: a newer release is to be looked at."""
    if module not in SPARED:
        return source
    for line, instead in SPARED[module].items():
        if source.count(f"\n{line}\n") != 1:
            raise ValueError(f"{module} does not say {line!r} any more: look at it, and mend build/spared.py")
        source = source.replace(f"\n{line}\n", f"\n{instead}\n")
    return source
