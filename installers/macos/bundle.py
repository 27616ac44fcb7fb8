"""Copilot API.app, made from the standalone folder on any system."""

import plistlib
import shutil
from pathlib import Path

from installers import carried, product
from installers.icons.draw import write_icns
from installers.job import CannotMake, Job

BUNDLE = f"{product.TITLE}.app"
# What CPython 3.12 and newer of python.org and of GitHub's machines are built for.
OLDEST_SYSTEM = "11.0"
LAUNCHER = "launcher"
AGENT = f"{product.APP_ID}.plist"

# A bundle has no terminal, and the server speaks to one: it opens Terminal with a command that starts it.
_LAUNCHER = """#!/bin/sh
exec /usr/bin/open -b com.apple.Terminal "${0%/*}/../Resources/start.command"
"""
_COMMAND = f"""#!/bin/sh
exec "${{0%/*}}/../MacOS/{product.NAME}" start
"""


def bundle(job: Job) -> Path:
    """Makes Copilot API.app beside the other packages. Raises CannotMake."""
    if job.program.suffix:
        raise CannotMake(f"{job.folder} is not a program for macOS", hint="make the folder on a Mac, then pass --folder")
    carried.demand(job)
    contents = job.fresh("app") / BUNDLE / "Contents"
    programs, resources, agents = contents / "MacOS", contents / "Resources", contents / "Library" / "LaunchAgents"
    shutil.copytree(job.folder, programs, symlinks=True)
    resources.mkdir()
    agents.mkdir(parents=True)
    write_icns(resources / "icon.icns")
    for path, text in ((programs / LAUNCHER, _LAUNCHER), (resources / "start.command", _COMMAND)):
        path.write_text(text, "utf-8")
        path.chmod(0o755)
    (contents / "PkgInfo").write_text("APPL????", "utf-8")
    (contents / "Info.plist").write_bytes(plistlib.dumps(information()))
    (agents / AGENT).write_bytes(plistlib.dumps(launch_agent(f"/Applications/{BUNDLE}/Contents/MacOS/{product.NAME}")))
    target = job.out / BUNDLE
    shutil.rmtree(target, ignore_errors=True)
    return contents.parent.rename(target)


def information() -> dict[str, object]:
    """Info.plist."""
    return {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleDisplayName": product.TITLE,
        "CFBundleExecutable": LAUNCHER,
        "CFBundleIconFile": "icon.icns",
        "CFBundleIdentifier": product.APP_ID.replace("_", "-"),  # Apple allows letters, digits, hyphens and dots
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": product.TITLE,
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": product.version(),
        "CFBundleVersion": product.version(),
        "LSApplicationCategoryType": "public.app-category.developer-tools",
        "LSMinimumSystemVersion": OLDEST_SYSTEM,
        # No icon in the Dock: what is to be seen of it is a window of Terminal.
        "LSUIElement": True,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": f"{product.AUTHORS}, {product.LICENCE} licence",
    }


def launch_agent(program: str) -> dict[str, object]:
    """What launchd reads to start the server at each login."""
    return {
        "Label": product.APP_ID,
        "ProgramArguments": [program, "start"],
        "RunAtLoad": True,
        # It is started again after a crash and not after `launchctl stop`, which it answers with exit code 0.
        "KeepAlive": {"SuccessfulExit": False},
        # Not signed in, it ends at once with exit code 1: no reason to try six times a minute.
        "ThrottleInterval": 60,
        # Somebody waits for each answer: launchd would otherwise slow its processor and disk down.
        "ProcessType": "Interactive",
        # Open streams get 30 seconds to finish.
        "ExitTimeOut": 40,
    }
