"""The bill of materials of a release (CycloneDX 1.6): of what one build holds, or of what the Python package needs."""

import json
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

# Beside this file's folder, not in it.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installers import notices
from installers.job import Job
from installers.notices import Part
from installers.product import DISTRIBUTION, NAME, version

EXTRAS = frozenset({"images"})
"""What a program has that can do all that it is made for."""


def of_build(folder: Path, *, made_at: int) -> dict[str, Any]:
    """What is in a build, as the compiler and the folder itself tell: on its system alone can that be known.

    Raises CannotMake for what has no licence that is known and allowed.
    """
    job = Job(folder=folder.resolve(), file=folder, out=folder.parent)
    return _bill(notices.parts(job.program.parent, job.report), made_at)


def of_package(*, made_at: int) -> dict[str, Any]:
    """What the Python package needs on this system. Raises CannotMake."""
    return _bill((notices.python(), *map(notices.distribution, sorted(needed(DISTRIBUTION, EXTRAS)))), made_at)


def needed(name: str, extras: Iterable[str] = ()) -> set[str]:
    """Everything that `name` needs on this system, and all that those need."""
    found: set[str] = set()
    waiting = list(direct(name, extras))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += direct(one)
    return found


def direct(name: str, extras: Iterable[str] = ()) -> set[str]:
    """What `name` itself asks for on this system."""
    asked = (Requirement(text) for text in metadata.requires(name) or [])
    return {
        str(canonicalize_name(one.name))
        for one in asked
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    }


def _bill(parts: Iterable[Part], made_at: int) -> dict[str, Any]:
    """The same parts at the same time give the same bill."""
    components = [_component(part) for part in parts]
    here = {component["bom-ref"] for component in components}
    told = json.dumps([version(), made_at, components])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, told)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(made_at, UTC).isoformat().replace("+00:00", "Z"),
            "component": {
                "type": "application",
                "bom-ref": NAME,
                "name": NAME,
                "version": version(),
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": components,
        "dependencies": [
            # Libraries that are no Python packages are asked for by nobody in particular.
            {"ref": NAME, "dependsOn": sorted(here - _packages(components) | direct(DISTRIBUTION, EXTRAS) & here)},
            *({"ref": name, "dependsOn": sorted(direct(name) & here)} for name in sorted(_packages(components))),
        ],
    }


def _packages(components: list[dict[str, Any]]) -> set[str]:
    return {component["bom-ref"] for component in components if component.get("purl", "").startswith("pkg:pypi/")}


def _component(part: Part) -> dict[str, Any]:
    name = str(canonicalize_name(part.name))
    component: dict[str, Any] = {"type": "library", "bom-ref": name, "name": part.name}
    if part.version:
        component["version"] = part.version
    if part.is_package:
        component["purl"] = f"pkg:pypi/{name}@{part.version}"
    if part.name == notices.PYTHON:
        component |= {"type": "platform", "cpe": f"cpe:2.3:a:python:python:{part.version}:*:*:*:*:*:*:*"}
    component["licenses"] = [{"expression": part.licence} if _is_listed(part.licence) else {"license": {"name": part.licence}}]
    return component


def _is_listed(licence: str) -> bool:
    """Whether SPDX knows all of it, as an expression must be."""
    try:
        canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return False
    return True
