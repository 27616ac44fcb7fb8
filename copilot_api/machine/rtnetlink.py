"""Linux says on a socket of its own (rtnetlink(7)) when an address, a route or a link comes, goes or changes.

What has changed is not read: which of it matters is found out by who knows our peers.
"""

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import closing

# RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV4_RULE, _IPV6_IFADDR, _IPV6_ROUTE of linux/rtnetlink.h.
_GROUPS = 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400
_SIZE_BYTES = 65536

_log = logging.getLogger(__name__)


async def listen(moved: Callable[[], None]) -> None:
    """Calls `moved` after each change, once for those that come together. Runs until cancelled; ends where nothing is told."""
    if sys.platform != "linux":
        return
    try:
        ear = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    except OSError as error:
        _log.debug("no news of the network here: %s", error)
        return
    with closing(ear):
        ear.setblocking(False)
        ear.bind((0, _GROUPS))
        while True:
            await _news(ear)
            moved()


async def _news(ear: socket.socket) -> None:
    """Waits for news, and takes all of it that is there."""
    try:
        await asyncio.get_running_loop().sock_recv(ear, _SIZE_BYTES)
        while True:
            ear.recv(_SIZE_BYTES)
    except BlockingIOError:
        return
    except OSError as error:
        if error.errno != errno.ENOBUFS:  # there was more than fits, which is news as well
            raise
