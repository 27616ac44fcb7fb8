"""What /v1/messages refuses in the conversation, each rule over the wire."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import seals

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

OLD, SONNET, NEW = "claude-haiku-4.5", "claude-sonnet-4.6", "claude-sonnet-5"
TOOLS = [{"name": "f", "input_schema": {"type": "object"}}]
UNANSWERED = (
    "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. "
    "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
)
ORPHAN = (
    "messages.{}: unexpected `tool_use_id` found in `tool_result` blocks: {}. "
    "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
)
PREFILL = "This model does not support assistant message prefill. The conversation must end with a user message."
MODIFIED = (
    "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
    "These blocks must remain as they were in the original response."
)
SEALED = "messages.1.content.0: Invalid `signature` in `thinking` block"
NO_CONTENT = "messages.{}: all messages must have non-empty content except for the optional final assistant message"
PLACE = 'messages.{}: Unexpected role "system". It must directly precede the assistant\'s turn.'


def user(*blocks: Any) -> Json:
    return {"role": "user", "content": list(blocks) or "Hello"}


def model(*blocks: Any) -> Json:
    return {"role": "assistant", "content": list(blocks) or "Hei"}


def system(content: Any = "Be kind.") -> Json:
    return {"role": "system", "content": content}


def text(words: str = "Hello") -> Json:
    return {"type": "text", "text": words}


def use(id_: str = "t1") -> Json:
    return {"type": "tool_use", "id": id_, "name": "f", "input": {}}


def result(id_: str = "t1") -> Json:
    return {"type": "tool_result", "tool_use_id": id_, "content": "ok"}


def thought(family: str = OLD, words: str = "Hm.", shown: str = "Hm.") -> Json:
    return {"type": "thinking", "thinking": shown, "signature": seals.mint("thinking", family, words)}


@pytest.mark.parametrize(
    ("model_id", "messages", "message"),
    [
        (OLD, [model()], 'messages: first message must use the "user" role'),
        (OLD, [{"role": "tool", "content": "x"}], "messages.0.role: Input should be 'user' or 'assistant'"),
        (OLD, [user(), system()], "role 'system' is not supported on this model"),
        (SONNET, [user(), system()], "role 'system' is not supported on this model"),
        (NEW, [system(), user()], PLACE.format(0)),
        (NEW, [user(), system(), user()], PLACE.format(1)),
        (NEW, [user(), model(), system(), user()], PLACE.format(2)),
        (NEW, [user(), system(), system()], PLACE.format(1)),
        (
            NEW,
            [user(), system([{"type": "image"}])],
            "messages.1.content.0: Input tag 'image' found using 'type' does not match any of the expected tags: 'text'",
        ),
        (OLD, [{"role": "user", "content": ""}], NO_CONTENT.format(0)),
        (OLD, [user(), {"role": "assistant", "content": []}, user()], NO_CONTENT.format(1)),
        (OLD, [{"role": "user"}], "messages.0.content: Field required"),
        (OLD, [user(), model(use()), user()], UNANSWERED.format(2, "t1")),
        (OLD, [user(), model(use("t1"), use("t2")), user(result("t1"))], UNANSWERED.format(2, "t2")),
        (OLD, [user(), model(use()), user(text(), result())], UNANSWERED.format(2, "t1")),
        (OLD, [user(), model(use()), user(result()), model(use("t2")), user()], UNANSWERED.format(4, "t2")),
        (OLD, [user(), model(use("t1"), use("t2")), user(result("t1")), model(), user()], UNANSWERED.format(3, "t2")),
        (OLD, [user(), model(use())], UNANSWERED.format(1, "t1")),
        (OLD, [user(result())], ORPHAN.format("0.content.0", "t1")),
        (OLD, [user(), model(use()), user(result("t9"))], ORPHAN.format("2.content.0", "t9")),
        (OLD, [user(), model(use()), user(result(), result())], ORPHAN.format("2.content.1", "t1")),
        (OLD, [user(), model(use()), user(result()), user(result())], ORPHAN.format("3.content.0", "t1")),
        (OLD, [user(), model(use(), use()), user(result())], "messages.1.content.1: `tool_use` ids must be unique"),
        (SONNET, [user(), model()], PREFILL),
        (NEW, [user(), model()], PREFILL),
        (OLD, [user(), model(text("He "))], "messages: final assistant content cannot end with trailing whitespace"),
        (OLD, [user(), model(thought(SONNET), text()), user()], SEALED),
        (OLD, [user(), model({"type": "thinking", "thinking": "Hm.", "signature": "Zm9yZWlnbg=="}), user()], SEALED),
        (OLD, [user(), model({"type": "thinking", "thinking": "Hm.", "signature": ""}), user()], SEALED),
        (
            OLD,
            [user(), model({"type": "thinking", "thinking": "x", "signature": seals.mint("redacted", OLD)}), user()],
            SEALED,
        ),
        (
            OLD,
            [user(), model(thought(shown="Hm, indeed.")), user()],
            MODIFIED,
        ),
        (
            OLD,
            [user(), model({"type": "redacted_thinking", "data": seals.mint("thinking", OLD, "x")}), user()],
            "messages.1.content.0: Invalid 'data' in 'redacted_thinking' block",
        ),
        (
            OLD,
            [user(), model(thought()), model(thought(), text()), user()],
            "messages.2.content.0: consecutive assistant messages may not both contain thinking blocks",
        ),
    ],
)
async def test_what_is_refused(client: "Client", model_id: str, messages: list[Json], message: str) -> None:
    got = await client.messages(model=model_id, messages=messages, tools=TOOLS)
    assert (got.status, got.message) == (400, message)


@pytest.mark.parametrize(
    ("model_id", "messages"),
    [
        (OLD, [user(), model(text("He"))]),
        (OLD, [user(), {"role": "assistant", "content": []}]),
        (OLD, [user(), user(), model(), model(), user()]),
        (OLD, [user(), model(text(), use("t1"), use("t2")), user(result("t2"), result("t1"), text())]),
        (OLD, [user(), model(use("t1")), model(use("t2")), user(result("t1")), user(result("t2"))]),
        (OLD, [user(), model(thought(), text()), user()]),
        (OLD, [user(), model(thought(shown="")), user()]),
        (OLD, [user(), model(thought(), use()), user(result()), model(thought(), text()), user()]),
        (OLD, [user(), model({"type": "redacted_thinking", "data": seals.mint("redacted", OLD)}, text()), user()]),
        (NEW, [user(), system(), model(use()), user(result()), system([text()])]),
    ],
)
async def test_what_is_taken(client: "Client", model_id: str, messages: list[Json]) -> None:
    got = await client.messages(model=model_id, messages=messages, tools=TOOLS)
    assert got.status == 200, got.text


async def test_the_tools_of_old_calls_are_wanted(client: "Client") -> None:
    got = await client.messages(messages=[user(), model(use()), user(result())])
    assert got.message == "Requests which include `tool_use` or `tool_result` blocks must define tools."
