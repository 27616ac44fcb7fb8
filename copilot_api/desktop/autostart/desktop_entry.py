"""The text of a desktop entry that starts a program at login, and what such a text means (freedesktop.org, Desktop Entry 1.5,
Desktop Application Autostart 0.5).
"""

import re
import shutil
from collections.abc import Set as AbstractSet

from copilot_api.desktop.autostart.names import NAME, SUMMARY, TITLE
from copilot_api.desktop.autostart.program import Program
from copilot_api.errors import SystemRefused

# The specification has a way to write these in a command; but systemd 252, by which GNOME and KDE start programs, reads it
# otherwise than GLib does, and others do not read it at all. And a program whose path has an = in it, none may start.
_READ_DIFFERENTLY = set('"$`\\%')
HIDDEN = f"[Desktop Entry]\nType=Application\nName={TITLE}\nExec={NAME}\nHidden=true\n"
"""What takes back an entry of that name which the machine has for everybody."""


def write(program: Program) -> str:
    """The entry that starts `program`. By the last key LXQt waits for its bar; others do not know it.

    Raises SystemRefused for names with characters that not every desktop would read as they were meant.
    """
    path, values = program.command[0], [f"{name}={value}" for name, value in program.variables.items()]
    odd = sorted(set("".join((*program.command, *values))) & _READ_DIFFERENTLY | set(path) & {"="})
    if odd:
        raise SystemRefused(
            f"desktops do not agree on how to start a program by a path with {' '.join(odd)} in it",
            hint=f"rename a folder of {path}",
        )
    # systemd starts no program whose path has a quotation mark in it, but any that env starts.
    first = ["env", *values] if values or "'" in path else []
    line = " ".join(_quoted(word) for word in (*first, *program.command))
    return f"""[Desktop Entry]
Type=Application
Name={TITLE}
Comment={SUMMARY}
TryExec={path}
Exec={line}
Icon={NAME}
Terminal=false
StartupNotify=false
X-LXQt-Need-Tray=true
"""


def starts(text: str, desktops: AbstractSet[str]) -> bool:
    """Whether those desktops would start it; GNOME, MATE and their kin switch one off by a key of their own."""
    group = text.partition("[Desktop Entry]\n")[2].partition("\n[")[0]
    keys = dict(re.findall(r"^([\w-]+) *= *(.*?) *$", group, re.MULTILINE))
    only, never = ({*filter(None, keys.get(key, "").split(";"))} for key in ("OnlyShowIn", "NotShowIn"))
    if keys.get("Hidden") == "true" or (only and not only & desktops) or never & desktops:
        return False
    if any(key.endswith("-Autostart-enabled") and value == "false" for key, value in keys.items()):
        return False
    program = _unescaped(keys.get("TryExec", "")) or _first(_unescaped(keys.get("Exec", "")))
    return bool(program) and shutil.which(program) is not None


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w+,./:=@-]+", word) else f'"{word}"'


def _first(line: str) -> str:
    """The first argument of Exec."""
    found = re.match(r'"((?:[^"\\]|\\.)*)"|(\S*)', line)
    return (re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]).replace("%%", "%") if found else ""


def _unescaped(value: str) -> str:
    return value.replace("\\\\", "\\")
