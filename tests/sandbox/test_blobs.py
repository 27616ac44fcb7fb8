import base64

from copilot_api.sandbox import blobs
from copilot_api.sandbox.blobs import Named

NAMED = Named(kind="reasoning", connection="http", response=7, index=2, serial=31)
ID = blobs.name(NAMED)
SEALED = blobs.encrypt("reasoning", ID, "gpt-5-mini")


def test_an_id_is_long_and_says_nothing() -> None:
    assert len(ID) > 400
    assert b"reasoning" not in base64.b64decode(ID)
    assert not ID.startswith(blobs.name(Named(kind="reasoning", connection="http", response=7, index=2, serial=32))[:4])


def test_an_id_is_read_back() -> None:
    assert blobs.read(ID) == NAMED


def test_foreign_ids_mean_nothing() -> None:
    tampered = ID[:100] + ("A" if ID[100] != "A" else "B") + ID[101:]
    for foreign in ("", "rs_1", "not base64!", None, 7, "AAAA", tampered, SEALED):
        assert blobs.read(foreign) is None


def test_content_belongs_to_an_id_a_kind_and_a_family() -> None:
    assert blobs.family_of(SEALED, "reasoning") == "gpt-5-mini"
    assert blobs.family_of(SEALED, "compaction") is None
    assert blobs.belongs(SEALED, ID)
    assert not blobs.belongs(SEALED, "rs_1")


def test_foreign_content_cannot_be_read() -> None:
    for foreign in ("", "gAAAAABoqw==", None, ID):
        assert blobs.family_of(foreign, "reasoning") is None
    assert not blobs.belongs("gAAAAABoqw==", ID)


def test_both_survive_a_restart() -> None:
    assert blobs.name(NAMED) == ID
    assert blobs.encrypt("reasoning", ID, "gpt-5-mini") == SEALED
