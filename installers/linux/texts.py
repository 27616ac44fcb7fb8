"""The small files that tell a Linux system about the program: desktop entry, systemd unit, AppStream metadata, changelogs."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from installers import product

_HEADING = re.compile(r"^## (\S+)(?: \((\d{4}-\d{2}-\d{2})\))?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of CHANGELOG.md."""

    version: str
    day: datetime
    changes: tuple[str, ...]


def releases() -> tuple[Release, ...]:
    """The versions that CHANGELOG.md tells of, newest first; one without a day is made today."""
    text = (product.ROOT / "CHANGELOG.md").read_text("utf-8")
    made = datetime.fromtimestamp(product.epoch(), UTC)
    found = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in found[1:]] + [len(text)]
    return tuple(
        Release(
            version=heading[1],
            day=datetime.fromisoformat(f"{heading[2]}T12:00:00+00:00") if heading[2] else made,
            changes=tuple(_changes(text[heading.end() : end])),
        )
        for heading, end in zip(found, ends, strict=True)
    )


def _changes(text: str) -> Iterator[str]:
    for entry in re.findall(r"^- (.+?)(?=^- |^#|\Z)", text, re.MULTILINE | re.DOTALL):
        yield " ".join(entry.split())


def desktop() -> str:
    """The entry in the menu: a terminal in which the server runs, until there is a tray icon."""
    return f"""[Desktop Entry]
Type=Application
Name={product.TITLE}
GenericName=API Server
Comment={product.SUMMARY}
Exec={product.NAME} start
Icon={product.NAME}
Terminal=true
Categories=Development;
Keywords=Copilot;OpenAI;Anthropic;Claude;Gemini;LLM;proxy;
"""


def unit(program: str) -> str:
    """A unit of the user's own systemd, as confined as such a unit may be and still reach the keyring over D-Bus.

    Left out on purpose: whatever needs a mount or user namespace (ProtectSystem, PrivateTmp, PrivateUsers), because a user's
    systemd may not make one everywhere and then starts nothing; MemoryDenyWriteExecute, because libffi writes code where the
    keyring's libraries call back. AF_NETLINK is what getaddrinfo sorts addresses with.
    Tried under systemd 252 --user: it served, and reached the Secret Service.
    """
    return f"""[Unit]
Description={product.SUMMARY}
Documentation=man:{product.NAME}(1)
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
ExecStart={program} start
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


def metainfo() -> str:
    """What software centres show."""
    paragraphs = "".join(f"\n    <p>{escape(paragraph)}</p>" for paragraph in product.DESCRIPTION)
    told = "".join(_release(release) for release in releases())
    page = product.homepage()
    url = f'\n  <url type="homepage">{escape(page)}</url>' if page else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<component type="desktop-application">
  <id>{product.APP_ID}</id>
  <metadata_license>CC0-1.0</metadata_license>
  <project_license>{product.LICENCE}</project_license>
  <name>{product.TITLE}</name>
  <summary>{escape(product.SUMMARY)}</summary>
  <description>{paragraphs}
  </description>
  <launchable type="desktop-id">{product.NAME}.desktop</launchable>
  <icon type="stock">{product.NAME}</icon>{url}
  <developer id="{product.APP_ID.rpartition(".")[0]}">
    <name>{escape(product.AUTHORS)}</name>
  </developer>
  <categories>
    <category>Development</category>
  </categories>
  <provides>
    <binary>{product.NAME}</binary>
  </provides>
  <content_rating type="oars-1.1"/>
  <releases>{told}
  </releases>
</component>
"""


def _release(release: Release) -> str:
    changes = "".join(f"\n          <li>{escape(change.replace('`', ''))}</li>" for change in release.changes)
    head = f'\n    <release version="{release.version}" date="{release.day:%Y-%m-%d}">'
    return f"{head}\n      <description>\n        <ul>{changes}\n        </ul>\n      </description>\n    </release>"


def debian_changelog() -> str:
    """CHANGELOG.md in Debian's form."""
    return "\n".join(_debian_entry(release) for release in releases())


def _debian_entry(release: Release) -> str:
    changes = "\n".join(_bullet(change) for change in release.changes)
    signed = f" -- {product.MAINTAINER}  {release.day:%a, %d %b %Y %H:%M:%S} +0000"
    return f"{product.NAME} ({release.version}) unstable; urgency=medium\n\n{changes}\n\n{signed}\n"


def rpm_changelog() -> str:
    """CHANGELOG.md in the form of a spec file."""
    entries = []
    for release in releases():
        changes = "\n".join(f"- {change.replace('%', '%%')}" for change in release.changes)
        entries.append(f"* {release.day:%a %b %d %Y} {product.MAINTAINER} - {release.version}-1\n{changes}\n")
    return "\n".join(entries)


def _bullet(change: str) -> str:
    return textwrap.fill(change, 78, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)
