"""The unit of a person's own systemd in which the server runs (systemd.service(5), systemd.exec(5))."""

from collections.abc import Mapping, Sequence

from copilot_api.desktop.autostart.names import NAME, SUMMARY

UNIT = f"{NAME}.service"
MARK = "# Written by copilot-api service install, which writes it anew; copilot-api service remove takes it away."
"""The first line of a unit that is ours to change."""


def unit(line: str, variables: Mapping[str, str] | None = None) -> str:
    """The unit that runs that command line: as confined as such a unit may be and still reach the keyring over D-Bus.

    Left out on purpose: whatever needs a mount or user namespace (ProtectSystem, PrivateTmp, PrivateUsers), because a user's
    systemd may not make one everywhere and then starts nothing; MemoryDenyWriteExecute, because libffi writes code where the
    keyring's libraries call back. AF_NETLINK is what getaddrinfo sorts addresses with.
    """
    settings = "".join(f"Environment={quoted(f'{name}={value}')}\n" for name, value in (variables or {}).items())
    return f"""[Unit]
Description={SUMMARY}
Documentation=man:{NAME}(1)
# No login waits until GitHub has answered.
After=default.target
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
# It says when it serves, so that whoever starts it learns whether it does.
Type=notify
ExecStart={line}
{settings}SyslogIdentifier={NAME}
Restart=on-failure
RestartSec=5
# A wrong option or setting does not mend itself.
RestartPreventExitStatus=2
# Open streams get 30 seconds to finish.
TimeoutStopSec=45
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=default.target
"""


def line(command: Sequence[str]) -> str:
    """`command` as a command line in which nothing is taken for a variable or a specifier."""
    path = command[0]
    # systemd starts no program by a path with one of these in it, however it is quoted.
    first = ("/bin/sh", "-c", 'exec "$0" "$@"') if set(path) & set("'\"\\") else ()
    words = [quoted(word) for word in (*first, *command)]
    # Not $$, which systemd would take for one $ anywhere but in the path of the program.
    return (":" if any("$" in word for word in words) else "") + " ".join(words)


def quoted(word: str) -> str:
    """A word as systemd reads it, where % begins a specifier."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if not word or set(word) & set(" \t\"\\';#") else escaped
