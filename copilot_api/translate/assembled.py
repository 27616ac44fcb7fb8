"""Copilot streams an answer that the client wants whole: same dialect, put back together."""

from collections.abc import Mapping

from copilot_api.dialects.codec import dumps
from copilot_api.dialects.events import Stamp
from copilot_api.dialects.messages import Assembler
from copilot_api.dialects.sse import Sse
from copilot_api.translate.repair_names import NO_NAMES
from copilot_api.translate.watch_messages import MessagesWatch


class AssembledMessages(MessagesWatch):
    """Watches like its parent, and keeps the answer until it is complete."""

    def __init__(self, stamp: Stamp, *, tool_names: Mapping[str, str] = NO_NAMES) -> None:
        super().__init__(stamp, tool_names=tool_names)
        self._assembler = Assembler()

    def frame(self, sse: Sse) -> bytes:
        """Nothing: the client waits for the whole."""
        super().frame(sse)
        self._assembler.feed(sse)
        return b""

    def close(self) -> bytes:
        """The whole answer. Raises the problem where there is none."""
        return dumps(self.whole(self._assembler.message()))
