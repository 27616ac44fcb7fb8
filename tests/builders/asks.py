"""The smallest request of each client dialect, and how each is read."""

from collections.abc import Callable
from typing import Any

from copilot_api.dialects import chat, gemini, messages, responses
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Ask, Stamp
from copilot_api.dialects.gemini_spelling import addressed
from copilot_api.translate import Client, Translation, begin
from tests.builders.models import model

STAMP = Stamp(id="7", created=99, model="asked")
PEEKS: dict[Client, Callable[[Json], Ask]] = {
    "chat": chat.peek,
    "messages": messages.peek,
    "responses": responses.peek,
    "gemini": gemini.peek,
}


def body(client: Client, id_: str, *, stream: bool = True) -> Json:
    """A question to the model `id_`."""
    match client:
        case "responses":
            return {"model": id_, "input": "q", "stream": stream}
        case "gemini":
            contents = {"contents": [{"role": "user", "parts": [{"text": "q"}]}]}
            return addressed(contents, model=id_, stream=stream, alt="sse")
        case _:
            return {"model": id_, "max_tokens": 100, "messages": [{"role": "user", "content": "q"}], "stream": stream}


def started(client: Client, id_: str, *, stream: bool = True, stamp: Stamp = STAMP, **fields: Any) -> Translation:
    """That question on its way."""
    asked = body(client, id_, stream=stream) | fields
    return begin(client=client, body=asked, raw=dumps(asked), ask=PEEKS[client](asked), model=model(id_), stamp=stamp)
