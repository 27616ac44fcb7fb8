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

# What is opened gets no arguments, and the program without any explains itself.
_LAUNCHER = f"""#!/bin/sh
exec "${{0%/*}}/{product.NAME}" tray
"""


def bundle(job: Job) -> Path:
    """Makes Copilot API.app beside the other packages. Raises CannotMake."""
    if job.program.suffix:
        raise CannotMake(f"{job.folder} is not a program for macOS", hint="make the folder on a Mac, then pass --folder")
    carried.demand(job)
    contents = job.fresh("app") / BUNDLE / "Contents"
    programs, resources = contents / "MacOS", contents / "Resources"
    shutil.copytree(job.folder, programs, symlinks=True)
    resources.mkdir()
    write_icns(resources / "icon.icns")
    (programs / LAUNCHER).write_text(_LAUNCHER, "utf-8")
    (programs / LAUNCHER).chmod(0o755)
    (contents / "PkgInfo").write_text("APPL????", "utf-8")
    (contents / "Info.plist").write_bytes(plistlib.dumps(information()))
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
        # No icon in the Dock: what is to be seen of it is in the menu bar.
        "LSUIElement": True,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": f"{product.AUTHORS}, {product.LICENCE} licence",
    }
