"""What travels with the program has a licence that allows it, on each of the three systems."""

from collections.abc import Iterator
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installers import allowed, notices
from installers.job import CannotMake
from installers.product import DISTRIBUTION

SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
# What this system's environment lacks, as their wheels for the other systems say it.
ELSEWHERE = {
    "colorama": "BSD-3-Clause",
    "pyobjc-core": "MIT",
    "pyobjc-framework-cocoa": "MIT",
    "pyobjc-framework-quartz": "MIT",
    "pywin32-ctypes": "BSD-3-Clause",
}


def needed(name: str, environment: dict[str, str], seen: set[str], extras: tuple[str, ...] = ("",)) -> Iterator[str]:
    """The packages that `name` needs on another system, and those that they need."""
    if name in ELSEWHERE:
        return
    for requirement in map(Requirement, metadata.requires(name) or ()):
        folded = str(canonicalize_name(requirement.name))
        is_wanted = not requirement.marker or any(requirement.marker.evaluate(environment | {"extra": e}) for e in extras)
        if is_wanted and folded not in seen:
            seen.add(folded)
            yield folded
            yield from needed(folded, environment, seen)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_package_that_a_system_needs_is_allowed(system: str) -> None:
    names = list(needed(DISTRIBUTION, SYSTEMS[system], set(), ("", "images")))
    assert {"aiohttp", "multidict", "pillow", "tiktoken"} <= set(names)
    assert ("pystray" in names, "truststore" in names, "jeepney" in names) == (
        system != "linux",
        system != "linux",
        system == "linux",
    )
    for name in names:
        licence = ELSEWHERE.get(name) or notices.distribution(name).licence
        allowed.demand(name, licence)


def test_a_licence_that_nobody_has_looked_at_stops_the_packaging() -> None:
    with pytest.raises(CannotMake, match=r"surprise comes under GPL-3\.0-only, which installers/allowed\.py does not allow"):
        notices.Part(name="surprise", version="1", licence="MIT AND (GPL-3.0-only OR ISC)", text="")


@pytest.mark.parametrize("licence", ["", "see LICENSE"])
def test_one_that_is_not_told_is_not_allowed(licence: str) -> None:
    with pytest.raises(CannotMake, match="does not allow"):
        allowed.demand("surprise", licence)


def test_what_is_allowed_for_one_is_not_for_another() -> None:
    allowed.demand("pystray", "LGPL-3.0-only")
    with pytest.raises(CannotMake, match=r"other comes under LGPL-3\.0-only"):
        allowed.demand("other", "LGPL-3.0-only")
