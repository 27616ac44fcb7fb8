"""Tells the service manager that started us how far we are, as sd_notify(3) describes; where there is none, nobody is told."""

import socket
from contextlib import suppress

from copilot_api import session

READY = "READY=1"
STOPPING = "STOPPING=1"


def tell(*states: str) -> None:
    """Sends `states`, such as READY and `STATUS=...`. Never blocks, never fails: it is for information only."""
    address = session.notify_socket()
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way, suppress(OSError):
        way.setblocking(False)
        way.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        way.send("\n".join(states).encode())
