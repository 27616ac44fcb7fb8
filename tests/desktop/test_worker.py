"""The host's thread: clicks go in from any thread, and its end is known."""

import threading
import time
from pathlib import Path

import pytest

from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.xdg import Entry
from copilot_api.desktop.glance import Glance
from copilot_api.desktop.host import Host
from copilot_api.desktop.menu import Act
from copilot_api.desktop.news import News
from copilot_api.desktop.worker import Worker
from copilot_api.errors import StartFailed
from copilot_api.settings import Settings
from tests.builders.waiting import until


class Watched:
    """A worker whose host serves nothing, and what it did."""

    def __init__(self, home: Path, *, fails: bool = False) -> None:
        self.glances: list[Glance] = []
        self.news: list[News] = []
        self.threads: set[str] = set()
        self.is_over = threading.Event()
        self.worker = Worker(self._made(home, fails=fails), self.is_over.set)

    def _made(self, home: Path, *, fails: bool) -> Host:
        def load() -> Settings:
            if fails:
                raise StartFailed("config.toml is not valid TOML")
            return Settings(serve_on_launch=False, token_store="file")

        def tell(news: News) -> None:
            self.threads.add(threading.current_thread().name)
            self.news.append(news)

        entry = Entry(Program(command=("/usr/bin/true",)), [home / "autostart"])
        return Host(load=load, keep=lambda *_: None, autostart=entry, publish=self.glances.append, tell=tell)


def test_what_is_clicked_is_done_on_the_hosts_thread(home: Path) -> None:
    watched = Watched(home)
    watched.worker.start()
    began = time.perf_counter()
    watched.worker.act(Act("about"))
    assert time.perf_counter() - began < 0.1
    until(lambda: bool(watched.news))
    watched.worker.act(Act("quit"))
    watched.worker.join()
    assert watched.threads == {"host"}
    assert watched.is_over.is_set()
    assert watched.worker.failure is None


def test_after_its_end_nothing_is_done_and_nobody_is_harmed(home: Path) -> None:
    watched = Watched(home)
    watched.worker.start()
    watched.worker.quit()
    watched.worker.join()
    watched.worker.act(Act("about"))
    watched.worker.quit()
    assert watched.news == []


def test_what_is_clicked_before_it_has_begun_is_done(home: Path) -> None:
    watched = Watched(home)
    watched.worker.act(Act("about"))
    watched.worker.quit()
    watched.worker.start()
    watched.worker.join()
    assert len(watched.news) <= 1  # it may have been told to end before it came to it
    assert watched.is_over.is_set()


def test_what_ended_it_is_known(home: Path) -> None:
    watched = Watched(home, fails=True)
    watched.worker.start()
    watched.worker.join()
    assert watched.is_over.is_set()
    with pytest.raises(StartFailed, match="not valid TOML"):
        raise watched.worker.failure or AssertionError
