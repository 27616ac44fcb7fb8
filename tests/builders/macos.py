"""As much of macOS as pystray calls through PyObjC, so that its own code for macOS runs here.

Whatever touches the screen must happen on the main thread; the real one ends the process otherwise, this one fails.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders.windows import forget

MODULES = ("pystray._darwin", "copilot_api.desktop.mac_tray")


class Thing:
    """An object of the system's: it keeps what it is told by `setThing_(value)`, and gives it back by `thing()`."""

    def __init__(self, *made_of: Any) -> None:
        self.made_of = made_of
        self.kept: dict[str, Any] = {}

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        assert threading.current_thread() is threading.main_thread(), f"{name} on another thread"
        if name.startswith("set"):
            return lambda value: self.kept.__setitem__(name[3:].rstrip("_"), value)
        return lambda *_: self.kept.get(name[0].upper() + name[1:])


class NSObject:
    """What PyObjC's classes are made of."""

    @classmethod
    def alloc(cls) -> Any:
        return cls()

    def init(self) -> Any:
        return self


class MacOS:
    """The system: a loop, one place in the menu bar, and a menu that is open or not."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self.held: list[Callable[[], object]] = []
        self.is_menu_open = False
        self.button = Thing()
        self.item = Thing()
        self.item.kept["Button"] = self.button
        self.item.button = lambda: self.button
        self.is_in_the_bar = False
        self.policies: list[int] = []

    def post(self, job: Callable[[], object]) -> None:
        """What the loop does when it comes to it."""
        self.jobs.put(job)

    def run(self) -> None:
        while (job := self.jobs.get()) is not None:
            job()

    def open_menu(self, while_open: Callable[["MacOS"], str]) -> None:
        """Opens the menu, and clicks on the row whose title is given back; jobs of the usual mode wait meanwhile."""
        self.is_menu_open = True
        items = list(self.items(self.item.kept["Menu"]))
        chosen = while_open(self)
        while not self.jobs.empty():
            job = self.jobs.get()
            if job is not None:
                job()
        self.is_menu_open = False
        for item in items:
            if item.made_of[:1] == (chosen,):
                item.kept["Target"].activate_menu_item(item)
        for job in self.held:
            self.post(job)
        self.held.clear()

    def _place(self, _: int) -> Thing:
        self.is_in_the_bar = True
        return self.item

    def items(self, menu: Any) -> Iterator[Thing]:
        """Every row of a menu and of those below."""
        for item in menu.rows:
            yield item
            if "Submenu" in item.kept:
                yield from self.items(item.kept["Submenu"])

    def modules(self) -> dict[str, ModuleType]:
        """AppKit, Foundation, objc and the rest, as far as they are needed."""
        system = self

        class Object(NSObject):
            def performSelectorOnMainThread_withObject_waitUntilDone_modes_(
                self, selector: bytes, value: Any, wait: bool, modes: list[str]
            ) -> None:
                assert (selector, wait, modes) == (b"do:", False, ["default"])

                def job() -> None:
                    if system.is_menu_open:
                        system.held.append(job)
                    else:
                        self.do_(value)  # type: ignore[attr-defined] # of the class that is made of this one

                system.post(job)

        class Menu(Thing):
            def __init__(self) -> None:
                super().__init__()
                self.rows: list[Thing] = []
                self.initWithTitle_ = lambda _: self
                self.addItem_ = self.rows.append

        class Item(Thing):
            def initWithTitle_action_keyEquivalent_(self, title: str, _: bytes, __: str) -> Any:
                self.made_of = (title,)
                self.tag = lambda: self.kept["Tag"]
                return self

        class Image(Thing):
            def initWithSize_(self, size: tuple[float, float]) -> Any:
                self.kept["Size"], self.drawn = size, list[Thing]()
                self.addRepresentation_ = self.drawn.append
                return self

        appkit, foundation, objc = ModuleType("AppKit"), ModuleType("Foundation"), ModuleType("objc")
        tools, signals = ModuleType("PyObjCTools"), ModuleType("PyObjCTools.MachSignals")
        bar = Thing()
        bar.statusItemWithLength_ = self._place
        bar.removeStatusItem_ = lambda _: setattr(self, "is_in_the_bar", False)
        application = Thing()
        application.run = self.run
        application.stop_ = lambda _: self.jobs.put(None)
        application.postEvent_atStart_ = lambda *_: None
        application.setActivationPolicy_ = self.policies.append
        for module, parts in (
            (
                appkit,
                {
                    "NSApplication": _with(sharedApplication=lambda: application),
                    "NSStatusBar": _with(systemStatusBar=lambda: bar),
                    "NSVariableStatusItemLength": -1,
                    "NSMenu": _with(alloc=Menu),
                    "NSMenuItem": _with(alloc=Item, separatorItem=lambda: Thing("-")),
                    "NSOnState": 1,
                    "NSOffState": 0,
                    "NSApplicationDefined": 15,
                    "NSPoint": Thing,
                    "NSEvent": _with(
                        otherEventWithType_location_modifierFlags_timestamp_windowNumber_context_subtype_data1_data2_=Thing
                    ),
                    "NSImage": _with(alloc=Image),
                    "NSBitmapImageRep": _with(imageRepWithData_=Thing),
                },
            ),
            (
                foundation,
                {
                    "NSObject": Object,
                    "NSDefaultRunLoopMode": "default",
                    "NSData": _with(dataWithBytes_length_=lambda data, length: data[:length]),
                },
            ),
            (objc, {"namedSelector": lambda _: lambda method: method}),
            (tools, {"MachSignals": signals}),
        ):
            vars(module).update(parts)
        return {each.__name__: each for each in (appkit, foundation, objc, tools, signals)}


def _with(**functions: Any) -> Any:
    return type("Class", (), {name: staticmethod(function) for name, function in functions.items()})


@contextmanager
def macos(patch: pytest.MonkeyPatch) -> Iterator[MacOS]:
    """That system under pystray, until the block ends."""
    system = MacOS()
    for name, module in system.modules().items():
        patch.setitem(sys.modules, name, module)
    try:
        yield system
    finally:
        forget(*MODULES)
