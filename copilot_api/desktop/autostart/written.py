"""Files that the system reads: it finds the old one or the new one, never a part."""

from pathlib import Path

from copilot_api.errors import SystemRefused


def put(path: Path, data: bytes) -> None:
    """Makes `path` hold `data`. Raises SystemRefused."""
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise SystemRefused(f"{path} cannot be written: {error.strerror}", hint="check the folder and the disk") from error


def remove(path: Path) -> bool:
    """Whether there was one. Raises SystemRefused."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SystemRefused(f"{path} cannot be removed: {error.strerror}", hint="remove it yourself") from error
    return True
