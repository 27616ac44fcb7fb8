"""Certificates as Windows and macOS judge them themselves: by roots that come when needed, or that a company has rolled out."""

import ssl
from functools import partial

import truststore

from copilot_api.upstream.distrust import told


class SystemStore(truststore.SSLContext):
    """A context whose verdict is the system's, and which tells which certificate was not trusted."""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as the class above has it
        server_hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """A connection to be made."""
        wrapped = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        vars(wrapped)["do_handshake"] = partial(told, wrapped.do_handshake, wrapped)
        return wrapped
