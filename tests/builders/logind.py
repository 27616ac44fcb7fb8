"""A system's bus with the real logind of systemd on it, for a machine whose first process is another one (Linux, root).

What logind asks of systemd itself when it puts the machine to sleep is answered here: it is done, and nothing happens.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from jeepney import DBusAddress, HeaderFields, Message, MessageType, message_bus, new_error, new_method_call, new_method_return
from jeepney import new_signal as signal
from jeepney.io.asyncio import DBusConnection, open_dbus_connection, open_dbus_router

LOGIND = "/lib/systemd/systemd-logind"

# One bus for all, on which everybody may do anything.
_BUS = """<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"""
# logind keeps to itself what it writes, and believes that this machine can sleep.
_APART = """set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/seats /run/systemd/system /run/systemd/inhibit /run/systemd/users /run/systemd/sessions /run/user
mkdir /run/power
echo "freeze mem disk" >/run/power/state
echo "s2idle [deep]" >/run/power/mem_sleep
mount --bind /run/power /sys/power
dbus-daemon --config-file="$1" --nofork &
bus=$!
trap 'kill $bus $logind; wait' TERM
until [ -S "$2" ]; do sleep 0.02; done
DBUS_SYSTEM_BUS_ADDRESS="unix:path=$2" {logind} &
logind=$!
wait
"""

_MANAGER = DBusAddress("/org/freedesktop/login1", "org.freedesktop.login1", "org.freedesktop.login1.Manager")
_SYSTEMD = DBusAddress("/org/freedesktop/systemd1", interface="org.freedesktop.systemd1.Manager")
_JOB = "/org/freedesktop/systemd1/job/1"


class Logind:
    """`address` is the bus's, as DBUS_SYSTEM_BUS_ADDRESS names it."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def suspend(self) -> None:
        """Puts the machine to sleep, and wakes it up at once, as far as whoever listens can tell."""
        async with open_dbus_router(self.address) as router:
            reply = await router.send_and_get_reply(new_method_call(_MANAGER, "Suspend", "b", (False,)))
        assert reply.header.message_type is MessageType.method_return, reply.body


@asynccontextmanager
async def logind(folder: Path) -> AsyncIterator[Logind]:
    """Both run until the block ends."""
    config, place = folder / "bus.conf", folder / "bus"
    config.write_text(_BUS.format(socket=place), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "--propagation", "private", "bash", "-c", _APART.replace("{logind}", LOGIND)),
        *("logind", str(config), str(place)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    address = f"unix:path={place}"
    try:
        async with asyncio.timeout(20):
            while not place.exists():  # noqa: ASYNC110 - another program makes it
                await asyncio.sleep(0.02)
            connection = await open_dbus_connection(address)
        async with connection:
            answering = asyncio.create_task(_as_systemd(connection), name="in place of systemd")
            try:
                await _until_there(address)
                yield Logind(address)
            finally:
                answering.cancel()
                await asyncio.gather(answering, return_exceptions=True)
    finally:
        process.terminate()
        await process.wait()


async def _until_there(address: str) -> None:
    async with open_dbus_router(address) as router:
        while True:
            reply = await router.send_and_get_reply(message_bus.NameHasOwner("org.freedesktop.login1"))
            if reply.body == (True,):
                return
            await asyncio.sleep(0.05)


async def _as_systemd(connection: DBusConnection) -> None:
    await connection.send(message_bus.RequestName("org.freedesktop.systemd1"))
    while True:
        message = await connection.receive()
        if message.header.message_type is MessageType.method_call:
            await _answer(connection, message)


async def _answer(connection: DBusConnection, message: Message) -> None:
    match message.header.fields[HeaderFields.member]:
        case "Get":
            await connection.send(new_method_return(message, "v", (("s", "loaded"),)))
        case "Subscribe":
            await connection.send(new_method_return(message))
        case "StartUnit":
            unit = message.body[0]
            await connection.send(new_method_return(message, "o", (_JOB,)))
            await connection.send(signal(_SYSTEMD, "JobRemoved", "uoss", (1, _JOB, unit, "done")))
        case member:
            await connection.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", (str(member),)))
