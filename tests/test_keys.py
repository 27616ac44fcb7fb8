"""API keys: told once, kept as hashes, each revocable alone."""

import json
import re
import stat
from pathlib import Path

import pytest

from copilot_api.errors import FileUnsafe, KeyNameUnusable
from copilot_api.keys import MOST, KeyFile, digest_of
from copilot_api.log import redact


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile.of(tmp_path / "data")


def names(file: KeyFile) -> list[str]:
    return [key.name for key in file.read() or ()]


def test_a_key_is_long_random_and_known_by_its_beginning(file: KeyFile) -> None:
    made = {file.add(f"client-{number}") for number in range(20)}
    assert len(made) == 20
    for key in made:
        assert re.fullmatch(r"cap_[A-Za-z0-9]{43}", key)
        assert redact(f"sent {key} twice") == "sent [redacted] twice"


def test_only_hashes_are_kept_and_only_for_the_person(file: KeyFile) -> None:
    key = file.add("laptop")
    kept = file.read()
    assert kept is not None
    assert (kept[0].name, kept[0].digest, kept[0].ending) == ("laptop", digest_of(key), key[-4:])
    for path in file.path.parent.iterdir():
        assert key.encode() not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_one_is_revoked_and_the_others_stay(file: KeyFile) -> None:
    for name in ("one", "two", "three"):
        file.add(name)
    file.revoke("TWO")
    assert names(file) == ["one", "three"]
    with pytest.raises(KeyNameUnusable, match="no API key named 'two'"):
        file.revoke("two")


def test_revoking_the_last_is_not_the_same_as_asking_for_none(file: KeyFile) -> None:
    assert file.read() is None
    file.add("one")
    file.revoke("one")
    assert file.read() == ()
    assert file.forget() == 0
    assert file.read() is None


def test_forgetting_tells_how_many_there_were(file: KeyFile) -> None:
    file.add("one")
    file.add("two")
    assert (file.forget(), file.read()) == (2, None)


def test_renewing_revokes_what_has_the_name(file: KeyFile) -> None:
    first = file.renew("claude-code")
    second = file.renew("claude-code")
    assert [key.digest for key in file.read() or ()] == [digest_of(second)] != [digest_of(first)]


@pytest.mark.parametrize("name", ["a", "claude-code", "Box.2_x", "x" * 40])
def test_names_that_will_do(file: KeyFile, name: str) -> None:
    file.add(name)
    assert names(file) == [name]


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "-a", "a-", "x" * 41, "ä", "a\nb", "\x1b[31m", "a/b", "settings-1", "Settings"]
)
def test_names_that_will_not(file: KeyFile, name: str) -> None:
    with pytest.raises(KeyNameUnusable) as caught:
        file.add(name)
    assert caught.value.hint
    assert file.read() is None


def test_a_name_is_given_once(file: KeyFile) -> None:
    file.add("laptop")
    with pytest.raises(KeyNameUnusable, match="there is an API key named 'Laptop' already") as caught:
        file.add("Laptop")
    assert "keys revoke Laptop" in caught.value.hint


def test_there_is_an_end_to_them(file: KeyFile) -> None:
    file.add("first")
    told = json.loads(file.path.read_text())
    told["keys"] = [told["keys"][0] | {"name": f"k{number}"} for number in range(MOST)]
    file.path.write_text(json.dumps(told))
    with pytest.raises(KeyNameUnusable, match="200 API keys already"):
        file.add("one-more")


KEY = {"name": "a", "digest": "0" * 64, "ending": "abcd", "made_at": 1}
ODD = ({"digest": "0"}, {"name": "a\nb"}, {"made_at": "x"}, {"ending": 1})


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"keys": 1}',
        b'{"keys": [1]}',
        *(
            json.dumps({"keys": [KEY | odd]}).encode()
            for odd in ({"digest": "0"}, {"name": "a\nb"}, {"made_at": "x"}, {"ending": 1})
        ),
    ],
)
def test_what_is_no_list_of_keys_lets_nobody_in(file: KeyFile, kept: bytes) -> None:
    file.add("one")
    file.path.write_bytes(kept)
    with pytest.raises(FileUnsafe, match="does not hold API keys") as caught:
        file.read()
    assert "copilot-api keys off" in caught.value.hint


def test_every_change_has_another_stamp(file: KeyFile) -> None:
    stamps = [file.stamp()]
    for change in (lambda: file.add("one"), lambda: file.add("two"), lambda: file.revoke("one"), file.forget):
        change()
        stamps.append(file.stamp())
    assert len(set(stamps[1:-1])) == 3
    assert stamps[0] is stamps[-1] is None
