from typing import TYPE_CHECKING

import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.sandbox.seen import Seen

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client


def test_json_is_the_body() -> None:
    seen = Seen(plane="copilot", method="POST", path="/embeddings", body=b'{"model":"m"}')
    assert seen.json == {"model": "m"}


def test_a_body_that_is_no_json_raises() -> None:
    seen = Seen(plane="copilot", method="POST", path="/embeddings", body=b"model=m")
    with pytest.raises(ValueError, match="unexpected character"):
        _ = seen.json


def test_the_body_is_not_in_the_repr() -> None:
    assert "canary" not in repr(Seen(plane="copilot", method="POST", path="/", body=b"canary"))


async def test_every_request_is_seen_as_it_was_sent(client: "Client", sandbox: Sandbox) -> None:
    await client.chat("Hello", temperature=0.5)
    await client.get("/models?x=1")
    exchange, chat, models = sandbox.seen
    assert (exchange.plane, exchange.method, exchange.path) == ("api", "GET", "/copilot_internal/v2/token")
    assert (chat.plane, chat.method, chat.path) == ("copilot", "POST", "/chat/completions")
    assert chat.json["temperature"] == 0.5
    assert chat.headers["EDITOR-VERSION"] == "vscode/1.121.0"
    assert (models.path, models.query) == ("/models", "x=1")
    assert exchange.at < chat.at < models.at
    assert [seen.outcome for seen in sandbox.seen] == ["answered"] * 3


def test_who_asked_and_whether_there_are_images() -> None:
    def seen(**headers: str) -> Seen:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Seen(plane="copilot", method="POST", path="/", headers=named)

    assert seen(x_initiator="user").by_user
    assert not seen(x_initiator="agent").by_user
    assert not seen().by_user
    assert seen(copilot_vision_request="True").sees
    assert not seen(copilot_vision_request="no").sees
    assert not seen().sees
