"""launchctl for machines that have none: it keeps what it is told in a folder and answers in launchctl's words.

The real one is asked where there is one: on a Mac these tests load a real agent, which sleeps.
"""

import sys
from pathlib import Path

# What `launchctl` of macOS 14 prints, cut to what is read of it.
_STAND_IN = """#!{python}
import pathlib, plistlib, sys
kept = pathlib.Path({folder!r})
verb, target, *rest = sys.argv[1:]
label = target.rpartition("/")[2]
job, disabled = kept / "job", kept / "disabled"
with (kept / "asked").open("a") as asked:
    asked.write(" ".join(sys.argv[1:]) + "\\n")
if verb == "print-disabled":
    print("\\tdisabled services = {{")
    print('\\t\\t"com.apple.somebody" => enabled')
    if disabled.exists():
        print(f'\\t\\t"{{disabled.read_text()}}" => disabled')
    print("\\t}}")
elif verb == "enable":
    disabled.unlink(missing_ok=True)
elif verb == "print":
    if not job.exists():
        sys.exit('Could not find service "%s" in domain for user gui: 501' % label)
    print(target, "= {{\\n\\tactive count = 1\\n\\tpath =", job.read_text(), "\\n\\tstate = running\\n\\tpid = 4711\\n}}")
elif verb == "bootstrap":
    busy = kept / "busy"
    if busy.exists():
        busy.unlink()
        sys.exit("Bootstrap failed: 5: Input/output error")
    plistlib.loads(pathlib.Path(rest[0]).read_bytes())
    job.write_text(rest[0])
elif verb == "bootout":
    if not job.exists():
        sys.exit("Boot-out failed: 3: No such process")
    job.unlink()
"""


def stand_in(folder: Path) -> Path:
    """A folder for PATH with that program in it; `folder` is where it keeps things."""
    programs = folder / "programs"
    programs.mkdir()
    path = programs / "launchctl"
    path.write_text(_STAND_IN.format(python=sys.executable, folder=str(folder)), "utf-8")
    path.chmod(0o755)
    return programs
