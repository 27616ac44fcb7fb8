from copilot_api.sandbox import blobs
from copilot_api.sandbox.blobs import Kind, Named
from copilot_api.sandbox.connection import Connection

USER = {"role": "user", "content": "Hello"}
MESSAGE = {"type": "message", "role": "assistant", "content": []}


def id_(kind: Kind, connection: str, response: int = 1, index: int = 0) -> str:
    return blobs.name(Named(kind=kind, connection=connection, response=response, index=index, serial=1))


def socket() -> Connection:
    connection = Connection("ws-1", is_socket=True)
    open_reasoning = {"type": "reasoning", "id": "a", "summary": []}
    sealed = open_reasoning | {"encrypted_content": "x"}
    connection.remember(1, [USER], [open_reasoning, sealed, MESSAGE | {"id": "b"}])
    return connection


def test_a_socket_owns_what_it_named() -> None:
    named = Named(kind="message", connection="ws-1", response=1, index=0, serial=1)
    assert socket().owns(named)
    assert not Connection("ws-2", is_socket=True).owns(named)
    assert not Connection("ws-1").owns(named)


def test_a_turn_is_remembered_without_ids_and_without_what_cannot_be_read() -> None:
    sealed = {"type": "reasoning", "summary": [], "encrypted_content": "x"}
    assert socket().earlier(id_("response", "ws-1")) == [USER, sealed, MESSAGE]


def test_only_a_response_of_its_own_is_known() -> None:
    for strange in (id_("response", "ws-2"), id_("message", "ws-1"), id_("response", "ws-1", 2), "resp_1", None):
        assert socket().earlier(strange) is None


def test_a_reference_becomes_the_item() -> None:
    reference = {"type": "item_reference", "id": id_("message", "ws-1", 1, 2)}
    strange = {"type": "item_reference", "id": id_("message", "ws-1", 1, 9)}
    foreign = {"type": "item_reference", "id": "msg_1"}
    assert socket().resolved([USER, reference, strange, foreign]) == [USER, MESSAGE, strange, foreign]
