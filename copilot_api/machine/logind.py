"""systemd's logind says on the system's bus when the machine goes to sleep and when it has woken up.

https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html
"""

import asyncio
import logging
from collections.abc import Callable

from jeepney import HeaderFields, MatchRule, Message, message_bus
from jeepney.io.asyncio import open_dbus_connection

AGAIN_S = 60.0
"""Seconds until the bus is looked for again after it has gone, as while it is updated."""

_PATH, _INTERFACE, _MEMBER = "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep"

_log = logging.getLogger(__name__)


async def listen(woke: Callable[[], None]) -> None:
    """Calls `woke` each time the machine has woken up. Runs until cancelled; ends where there is no such bus."""
    while True:
        try:
            await _until_it_goes(woke)
        except (FileNotFoundError, PermissionError, RuntimeError) as error:
            _log.debug("no news of sleep here: %s", error)
            return
        except (OSError, EOFError, ValueError) as error:
            _log.debug("the system's bus is gone: %s", error)
        await asyncio.sleep(AGAIN_S)


async def _until_it_goes(woke: Callable[[], None]) -> None:
    connection = await open_dbus_connection("SYSTEM")
    async with connection:
        rule = MatchRule(type="signal", sender="org.freedesktop.login1", path=_PATH, interface=_INTERFACE, member=_MEMBER)
        await connection.send(message_bus.AddMatch(rule))
        while True:
            if _tells_of_waking(await connection.receive()):
                woke()


def _tells_of_waking(message: Message) -> bool:
    fields = message.header.fields
    is_ours = (fields.get(HeaderFields.path), fields.get(HeaderFields.member)) == (_PATH, _MEMBER)
    return is_ours and message.body == (False,)  # True comes before it goes to sleep
