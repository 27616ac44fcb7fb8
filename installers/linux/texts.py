"""The small files that tell a Linux system about the program: desktop entry, systemd unit, AppStream metadata, changelogs."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from copilot_api.desktop.keeper import unit as units
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
    """The entry in the menu: the tray, whose own menu serves, signs in, and starts it at login."""
    return (
        _entry(product.TITLE, product.SUMMARY, "tray")
        + """Terminal=false
StartupNotify=false
"""
    )


def terminal() -> str:
    """A second entry: the server in a terminal. Not an action of the first, which no desktop would give a terminal."""
    return (
        _entry(f"{product.TITLE} (in a terminal)", f"{product.SUMMARY}, served in a terminal", "start")
        + """Terminal=true
X-AppStream-Ignore=true
"""
    )


def _entry(name: str, comment: str, command: str) -> str:
    return f"""[Desktop Entry]
Type=Application
Name={name}
GenericName=API Server
Comment={comment}
Exec={product.NAME} {command}
Icon={product.NAME}
Categories=Development;
Keywords=Copilot;OpenAI;Anthropic;Claude;Gemini;LLM;proxy;
"""


def unit(program: str) -> str:
    """The unit that a package brings, for `program` as systemd reads it; `copilot-api service install` switches it on."""
    return units.unit(f"{program} start --patient")


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
