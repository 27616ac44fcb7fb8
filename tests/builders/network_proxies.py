"""Debian's network proxies, each as a process of its own that knows hosts which nobody else knows (Linux, root)."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NAME, PASSWORD = "somebody", "p@ss:word/#1%"
IN_URL = "somebody:p%40ss%3Aword%2F%231%25"
PLAIN_PASSWORD = "pass-word.1"  # tinyproxy takes no other characters
FORBIDDEN = "forbidden.test"

_HOSTS = f"127.0.0.1 localhost copilot.test\n127.0.0.2 {FORBIDDEN}\n"


@dataclass
class NetworkProxy:
    """A running proxy. `log` is the file that tells of each connection, if it writes one."""

    port: int
    process: asyncio.subprocess.Process
    log: Path | None = None

    def connections(self) -> int:
        """How many connections it has made for others."""
        assert self.log is not None
        return self.log.read_text("utf-8").count("CONNECT")

    async def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def tinyproxy(folder: Path, port: int, *, wants_password: bool = False) -> AsyncIterator[NetworkProxy]:
    """An http proxy."""
    log, rules, config = folder / "tinyproxy.log", folder / "rules", folder / "tinyproxy.conf"
    rules.write_text(f"^{FORBIDDEN}$\n")
    lines = [f"Port {port}", "Listen 127.0.0.1", f'LogFile "{log}"', "LogLevel Connect", "Timeout 600", "MaxClients 50"]
    lines += [f'Filter "{rules}"']
    lines += [f"BasicAuth {NAME} {PLAIN_PASSWORD}"] if wants_password else []
    config.write_text("\n".join(lines) + "\n")
    async with _running(folder, port, "tinyproxy", "-d", "-c", str(config)) as process:
        yield NetworkProxy(port, process, log)


@asynccontextmanager
async def squid(
    _folder: Path, port: int, *, wants_password: bool = False, certificate: Path | None = None
) -> AsyncIterator[NetworkProxy]:
    """An http proxy, or with a certificate an https one."""
    # It becomes another user, who could not come by where pytest keeps its files.
    folder = Path(tempfile.mkdtemp(prefix="squid", dir="/tmp"))
    known, config = folder / "known", folder / "squid.conf"
    await asyncio.to_thread(_write_known, known)
    lines = [
        f"https_port 127.0.0.1:{port} tls-cert={certificate}" if certificate else f"http_port 127.0.0.1:{port}",
        f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {known}",
        "acl known proxy_auth REQUIRED",
        f"acl forbidden dstdomain {FORBIDDEN}",
        "http_access deny forbidden",
        f"http_access {'allow known' if wants_password else 'allow all'}",
        "http_access deny all",
        "access_log none",
        "cache_log /dev/stderr",
        "visible_hostname proxy.test",
        "cache deny all",
        f"pid_filename {folder}/squid.pid",
        f"coredump_dir {folder}",
        "shutdown_lifetime 0 seconds",
        "pinger_enable off",
        "hosts_file /etc/hosts",
    ]
    config.write_text("\n".join(lines) + "\n")
    try:
        async with _running(folder, port, "squid", "-N", "-f", str(config)) as process:
            running = NetworkProxy(port, process)
            yield running
            await running.kill()  # asked politely it takes seconds
    finally:
        shutil.rmtree(folder)


def _write_known(file: Path) -> None:
    """Who may use squid."""
    hash_it = ["openssl", "passwd", "-apr1", "-stdin"]
    file.write_text(f"{NAME}:{subprocess.run(hash_it, input=PASSWORD, capture_output=True, text=True, check=True).stdout}")
    file.chmod(0o644)
    file.parent.chmod(0o755)


@asynccontextmanager
async def microsocks(folder: Path, port: int, *, wants_password: bool = False) -> AsyncIterator[NetworkProxy]:
    """A SOCKS proxy."""
    credentials = ("-u", NAME, "-P", PASSWORD) if wants_password else ()
    async with _running(folder, port, "microsocks", "-i", "127.0.0.1", "-p", str(port), *credentials) as process:
        yield NetworkProxy(port, process)


@asynccontextmanager
async def danted(folder: Path, port: int) -> AsyncIterator[NetworkProxy]:
    """A SOCKS proxy with rules."""
    config = folder / "danted.conf"
    everyone = "from: 127.0.0.0/8 to: 0.0.0.0/0"
    config.write_text(
        f"logoutput: /dev/null\ninternal: 127.0.0.1 port = {port}\nexternal: lo\n"
        "clientmethod: none\nsocksmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n"
        f"client pass {{ {everyone} }}\n"
        f"socks block {{ from: 127.0.0.0/8 to: {FORBIDDEN} }}\n"
        f"socks pass {{ {everyone} }}\n"
    )
    async with _running(folder, port, "danted", "-f", str(config)) as process:
        yield NetworkProxy(port, process)


@asynccontextmanager
async def _running(folder: Path, port: int, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program with a file of hosts of its own, once it listens; it is ended with the block."""
    hosts = folder / "hosts"
    hosts.write_text(_HOSTS)
    hosts.chmod(0o644)
    script = f"mount --bind '{hosts}' /etc/hosts; PATH=$PATH:/usr/sbin:/sbin; exec \"$@\""
    said = folder / f"{command[0]}.said"
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "--propagation", "private", "sh", "-ec", f"exec >'{said}' 2>&1; {script}", "sh", *command)
    )
    try:
        await _listens(process, port, said)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int, said: Path) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, f"it did not start, but said: {await asyncio.to_thread(said.read_text)}"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return writer.close()
