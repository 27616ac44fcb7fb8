import base64

from copilot_api.sandbox import seals

SEALED = seals.mint("thinking", "claude-sonnet-4.6", "A plan.")


def test_a_seal_is_valid_for_its_kind_and_family_only() -> None:
    assert seals.is_valid(SEALED, "thinking", "claude-sonnet-4.6")
    assert not seals.is_valid(SEALED, "redacted", "claude-sonnet-4.6")
    assert not seals.is_valid(SEALED, "thinking", "claude-haiku-4.5")


def test_a_seal_belongs_to_its_text() -> None:
    assert seals.seals(SEALED, "A plan.")
    assert not seals.seals(SEALED, "Another plan.")


def test_a_foreign_seal_is_worthless() -> None:
    for foreign in ("", "RXhhbXBsZVNpZw==", "not base64!", None, 7, base64.b64encode(b"\xff\xfe").decode()):
        assert not seals.is_valid(foreign, "thinking", "claude-sonnet-4.6")
        assert not seals.seals(foreign, "A plan.")


def test_a_tampered_seal_is_worthless() -> None:
    opened = base64.b64decode(SEALED).replace(b"sonnet-4.6", b"sonnet-5.6")
    assert not seals.is_valid(base64.b64encode(opened).decode(), "thinking", "claude-sonnet-5.6")


def test_a_seal_survives_a_restart() -> None:
    assert seals.mint("thinking", "claude-sonnet-4.6", "A plan.") == SEALED
