"""The parts of an answer to a Gemini client: text and thoughts as they come, function calls whole and at the end.

A stream and a whole answer both draw what this module decides, so they cannot differ. Reasoning is sealed the way Gemini 3
does it: the seal stands on the part that follows the thought, because clients send that part back and leave the thought out
(Gemini CLI 0.61 does). Source: client-apis.md §7.
"""

import base64

from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Closed, Reason, Refused, Text, Thought, ToolInput, ToolOpened
from copilot_api.dialects.read import string

Content = Text | Thought | Refused | ToolOpened | ToolInput

NOTHING: Json = {"text": ""}
"""What an answer holds that says nothing: some programs take content without parts for a defect."""

_FINISH: dict[Reason, str] = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "pause": "STOP",
    "tool_use": "STOP",
    "length": "MAX_TOKENS",
    "context_window": "MAX_TOKENS",
    "refusal": "SAFETY",
}
_BROKEN = "MALFORMED_FUNCTION_CALL"


class Parts:
    """Turns content events into parts. `shows_thoughts`: the client asked for them (`includeThoughts`)."""

    def __init__(self, *, shows_thoughts: bool) -> None:
        self._shows_thoughts = shows_thoughts
        self._seals: list[str] = []
        self._calls: dict[int, _Call] = {}

    def feed(self, event: Content) -> list[Json]:
        """The parts that `event` causes now."""
        match event:
            case Text(text=text) | Refused(text=text):
                return [{"text": text} | self._seal()]
            case Thought(text=text):
                if seal := event.signature or event.redacted:
                    self._seals.append(seal)
                return [{"text": text, "thought": True}] if text and self._shows_thoughts else []
            case ToolOpened(index=index):
                self._calls[index] = _Call(event, self._seal())
            case _:
                self._calls[event.index].pieces.append(event.json)
        return []

    def close(self, event: Closed) -> tuple[list[Json], Json]:
        """The parts that end the answer, and what the candidate says of its end.

        A call that the token limit cut off is left out. Where a model has written what is no call, none is handed on: the
        client asks again, as it does when Gemini itself has failed so.
        """
        calls = [self._calls[index] for index in sorted(self._calls)]
        broken = next((call.name for call in calls if call.arguments is None), None)
        if broken is not None and event.reason != "length":
            said = f"The model wrote arguments that are not a JSON object into a call of {broken}"
            return [], {"finishReason": _BROKEN, "finishMessage": said}
        parts = [call.part() for call in calls if call.arguments is not None]
        if late := self._seal():  # Copilot may seal a thought after all that it led to
            place = next((part for part in parts if "thoughtSignature" not in part), None)
            if place is None:
                parts.append(NOTHING | late)
            else:
                place |= late
        return parts, {"finishReason": _FINISH[event.reason]}

    def _seal(self) -> Json:
        """The field for the seals that wait for a part."""
        waiting, self._seals = self._seals, []
        return {"thoughtSignature": sealed(waiting)} if waiting else {}


class _Call:
    """A function call under way."""

    def __init__(self, opened: ToolOpened, seal: Json) -> None:
        self.name = opened.name
        self.pieces: list[str] = []
        self._id = opened.id
        self._seal = seal

    @property
    def arguments(self) -> Json | None:
        """The arguments, None for what is no object."""
        return parse("".join(self.pieces))

    def part(self) -> Json:
        return {"functionCall": {"id": self._id, "name": self.name, "args": self.arguments}} | self._seal


def merged(parts: list[Json]) -> list[Json]:
    """`parts` with neighbours of one kind joined, as clients put a stream together."""
    whole: list[Json] = []
    texts: list[list[str]] = []
    for part in parts:
        last = whole[-1] if whole else {}
        is_alike = "text" in last and "text" in part and last.get("thought") == part.get("thought")
        if is_alike and "thoughtSignature" not in part:
            texts[-1].append(part["text"])
        else:
            whole.append(dict(part))
            texts.append([part["text"]] if "text" in part else [])
    return [part | ({"text": "".join(pieces)} if pieces else {}) for part, pieces in zip(whole, texts, strict=True)]


def sealed(seals: list[str]) -> str:
    """Seals as a `thoughtSignature`: bytes to Gemini, so base64 that every client can decode and encode again."""
    return base64.b64encode(" ".join(seals).encode("utf-8", "surrogatepass")).decode()


def unsealed(signature: object) -> list[str]:
    """The seals in a `thoughtSignature`, none in anything else. Python's SDK sends base64 in its other alphabet."""
    plain = string(signature).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode().split()
    except ValueError:
        return []
