"""A robot at a bar: it reads the menu of the program that a test has started, and clicks the rows of it, as a person would."""

import asyncio
import time

from tests.builders.bar import Bar, Failed, Shown


class Robot:
    """One bar, with one icon on it. It works in threads, so that the test's own loop goes on."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    async def row(self, label: str, *, within_s: float = 20.0) -> Shown:
        """The row that begins with `label`, as soon as there is one."""
        ends = time.monotonic() + within_s
        while True:
            labels = await self.labels()
            found = next((shown for shown in await self._all() if shown.label.startswith(label)), None)
            if found is not None:
                return found
            assert time.monotonic() < ends, f"no row {label!r}, but: {labels}"
            await asyncio.sleep(0.02)

    async def gone(self, label: str, *, within_s: float = 20.0) -> None:
        """Returns when no row begins with `label`."""
        ends = time.monotonic() + within_s
        while any(shown.label.startswith(label) for shown in await self._all()):
            assert time.monotonic() < ends, f"the row {label!r} stays"
            await asyncio.sleep(0.02)

    async def click(self, label: str) -> None:
        """Clicks the row that begins with `label`, as soon as there is one."""
        row = await self.row(label)
        await asyncio.to_thread(self._bar.click, row.number)

    async def labels(self) -> list[str]:
        """All that the menu says, submenus included, lines left out."""
        return [shown.label for shown in await self._all() if shown.label != "-"]

    async def _all(self) -> list[Shown]:
        if not self._bar.items:
            return []
        try:
            return list((await asyncio.to_thread(self._bar.rows)).all())
        except Failed:  # it has just gone, or come
            return []
