"""macOS: launchd starts the tray at each login, and again when it has crashed."""

from collections.abc import Iterator

from copilot_api import session
from copilot_api.desktop.autostart import launchctl
from copilot_api.desktop.autostart.launch_agent import LaunchAgent
from copilot_api.desktop.autostart.program import at_login
from copilot_api.desktop.keeper import Kept
from copilot_api.desktop.keeper.log_file import tail


class Launchd:
    """The agent of the person's session."""

    def __init__(self, agent: LaunchAgent | None = None) -> None:
        self._agent = agent or LaunchAgent(at_login("tray", "--at-login"))

    def install(self) -> Iterator[str]:
        before = self._written()
        self._agent.set(on=True)
        is_loaded = launchctl.loaded() is not None
        if is_loaded and before == self._written():
            yield f"{self._agent.where} is as it should be, and loaded"
            return
        yield f"wrote {self._agent.where}: the tray starts at each login, and serves"
        if is_loaded:
            launchctl.unload()
        launchctl.load(self._agent.where)
        yield "started it"

    def remove(self) -> Iterator[str]:
        if launchctl.loaded() is not None:
            launchctl.unload()
            yield "ended it"
        was_there = self._written() is not None
        self._agent.set(on=False)
        yield f"removed {self._agent.where}" if was_there else "nothing was to start at login"

    def look(self) -> Kept:
        told = launchctl.loaded()
        pid = int(told["pid"]) if told and told.get("pid", "").isdecimal() else None
        return Kept(
            kind="launch agent",
            where=self._agent.where,
            is_installed=self._agent.is_on() is True,
            is_running=pid is not None,
            pid=pid,
            state=told.get("state", "") if told else "not loaded",
            log=str(session.log_path()),
        )

    def given(self) -> frozenset[str]:
        return frozenset()

    def log(self, lines: int, *, follow: bool) -> Iterator[str]:
        return tail(session.log_path(), lines, follow=follow)

    def _written(self) -> bytes | None:
        return self._agent.path.read_bytes() if self._agent.path.is_file() else None
