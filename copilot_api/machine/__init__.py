"""What the operating system tells of the machine by itself: that it woke up, that its network has changed.

Linux does. On Windows and macOS nobody is asked: there the clocks and the ways to our peers are looked at (`upstream.watch`).
"""

import sys
from collections.abc import Callable, Coroutine


def listeners(
    *, woke: Callable[[], None], moved: Callable[[], None], platform: str = sys.platform
) -> dict[str, Coroutine[object, object, None]]:
    """The bodies of background tasks, by their names: `woke` is called after sleep, `moved` when something about the network
    has changed that may matter.
    """
    if platform != "linux":
        return {}
    return {"sleep-events": _sleep(woke), "network-events": _network(moved)}


async def _sleep(woke: Callable[[], None]) -> None:
    from copilot_api.machine.logind import listen

    await listen(woke)


async def _network(moved: Callable[[], None]) -> None:
    from copilot_api.machine.rtnetlink import listen

    await listen(moved)
