"""What is made is good for this machine, for ten years, and for nothing else; and nobody can make more of it."""

import json
import ssl
import stat
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from copilot_api.errors import FileUnsafe, HttpsUnusable
from copilot_api.https.authority import (
    _AUTHORITYS,
    _SERVERS,
    AUTHORITY_DAYS,
    COUNT,
    EVERY_DAYS,
    SERVED_DAYS,
    Authority,
    State,
    shown,
)
from copilot_api.https.libcrypto import DAY_S, Workshop


def served(authority: Authority) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(path.read_bytes()) for path in sorted(authority.folder.glob("server-*.pem"))]


def written(key: Any) -> bytes:
    spelling: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return spelling


def judged(authority: Path, certificate: Path, *options: str) -> str:
    """What OpenSSL's own program says of a server's certificate."""
    files = ["-CAfile", str(authority), str(certificate)]
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", *options, *files]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_only_its_owner_can_read_what_was_made(authority: Authority) -> None:
    files = list(authority.folder.iterdir())
    assert len(files) == COUNT + 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(authority.folder.stat().st_mode) == 0o700


def test_the_key_of_the_authority_is_nowhere(authority: Authority) -> None:
    root = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    keys = set()
    for path in authority.folder.iterdir():
        data = path.read_bytes()
        if b"PRIVATE KEY" in data:
            keys.add(written(load_pem_private_key(data[data.index(b"-----BEGIN PRIVATE") :], None).public_key()))
    assert len(keys) == 1
    assert written(root.public_key()) not in keys


def test_every_certificate_is_good_for_this_machine_by_all_its_names(authority: Authority) -> None:
    for number in range(COUNT):
        middle = int(time.time()) + (number * EVERY_DAYS + SERVED_DAYS // 2) * DAY_S
        for who in (("-verify_hostname", "localhost"), ("-verify_ip", "127.0.0.1"), ("-verify_ip", "::1")):
            said = judged(authority.certificate, authority.folder / f"server-{number}.pem", "-attime", str(middle), *who)
            assert said.endswith("OK\n"), said
    for who in (("-verify_hostname", "evil.example"), ("-verify_ip", "127.0.0.2")):
        assert "mismatch" in judged(authority.certificate, authority.folder / "server-0.pem", *who)


def test_there_is_a_valid_one_at_any_time_and_no_browser_takes_it_for_too_long(authority: Authority) -> None:
    certificates = served(authority)
    for earlier, later in pairwise(certificates):
        assert later.not_valid_before_utc < earlier.not_valid_after_utc
    assert all((one.not_valid_after_utc - one.not_valid_before_utc).days <= 825 for one in certificates)
    root = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    assert abs((root.not_valid_after_utc - certificates[-1].not_valid_after_utc).days) <= 1


@pytest.mark.parametrize(
    "names", ["DNS:evil.example", "DNS:localhost.evil.example", "IP:127.0.0.2", "IP:10.0.0.1", "IP:fe80::1"]
)
def test_were_its_key_stolen_it_could_still_speak_for_nobody_else(tmp_path: Path, names: str) -> None:
    with Workshop() as workshop:
        authoritys, key = workshop.key(), workshop.key()
        root = workshop.certificate("r", key=authoritys, signed_by=None, from_day=-1, to_day=9, extensions=_AUTHORITYS)
        forged = workshop.certificate(
            "f",
            key=key,
            signed_by=(root, authoritys),
            from_day=-1,
            to_day=9,
            extensions=_SERVERS | {"subjectAltName": names},
        )
        below = workshop.certificate("i", key=key, signed_by=(root, authoritys), from_day=-1, to_day=9, extensions=_AUTHORITYS)
        for name, made in (("root", root), ("forged", forged), ("below", below)):
            (tmp_path / name).write_bytes(workshop.certificate_pem(made))
    assert "permitted subtree violation" in judged(tmp_path / "root", tmp_path / "forged")
    critical = x509.load_pem_x509_certificate((tmp_path / "root").read_bytes()).extensions.get_extension_for_class(
        x509.NameConstraints
    )
    assert critical.critical
    # Nor could it make another authority.
    assert "verification failed" in judged(tmp_path / "root", tmp_path / "below")


def test_what_is_known_of_it_is_kept(authority: Authority) -> None:
    state = authority.state()
    assert state is not None
    root = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    assert (state.sha256, state.sha1) == (root.fingerprint(hashes.SHA256()).hex(), root.fingerprint(hashes.SHA1()).hex())  # noqa: S303
    assert state.name == root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    assert abs(state.ends_at - root.not_valid_after_utc.timestamp()) < 60
    assert shown("00ff12") == "00:FF:12"
    authority.note(State(**{**{k: getattr(state, k) for k in State.__dataclass_fields__}, "trusted_by": ("a", "b")}))
    again = authority.state()
    assert again is not None
    assert again.trusted_by == ("a", "b")


def test_two_are_never_the_same(tmp_path: Path) -> None:
    one, two = Authority(tmp_path / "1"), Authority(tmp_path / "2")
    assert one.make().name != two.make().name
    assert one.certificate.read_bytes() != two.certificate.read_bytes()


@pytest.mark.parametrize(
    ("day", "number"), [(0, 0), (364, 0), (366, 1), (365 * 5 + 1, 5), (365 * 9 + 1, 9), (AUTHORITY_DAYS - 1, 9)]
)
def test_the_one_with_the_longest_life_is_served(authority: Authority, day: int, number: int) -> None:
    then = time.time() + day * DAY_S + 10
    path = authority.served_at(then)
    assert path.name == f"server-{number}.pem"
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert certificate.not_valid_before_utc.timestamp() < then < certificate.not_valid_after_utc.timestamp()


def test_when_all_have_run_out_that_is_told_and_before(authority: Authority) -> None:
    state = authority.state()
    assert state is not None
    with pytest.raises(HttpsUnusable, match="have run out") as caught:
        authority.context(state.ends_at + 1)
    assert "https setup" in caught.value.hint
    assert not state.ends_soon(time.time())
    assert state.ends_soon(state.ends_at - 10 * DAY_S)
    with pytest.raises(HttpsUnusable, match="have run out"):
        authority.context(state.made_at - 500 * DAY_S)


def test_it_is_spoken_as_it_should_be(authority: Authority) -> None:
    context = authority.context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert authority.is_complete()


def test_nothing_is_served_where_nothing_was_made(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    assert authority.state() is None
    assert not authority.is_complete()
    with pytest.raises(HttpsUnusable, match="no certificate") as caught:
        authority.context()
    assert "https setup" in caught.value.hint


@pytest.mark.parametrize("damage", ["missing", "garbage", "no root"])
def test_what_was_damaged_is_not_served(authority: Authority, damage: str) -> None:
    path = authority.folder / "server-0.pem"
    match damage:
        case "missing":
            path.unlink()
        case "garbage":
            path.write_text("garbage")
        case _:
            authority.certificate.unlink()
    assert not authority.is_complete()
    if damage != "no root":
        with pytest.raises(HttpsUnusable, match=r"server-0\.pem"):
            authority.context()


@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"name": 1}', '{"trusted_by": 1}', "nonsense"])
def test_a_note_that_nobody_understands_is_named(authority: Authority, kept: str) -> None:
    (authority.folder / "state.json").write_text(kept)
    with pytest.raises(HttpsUnusable, match="cannot be understood") as caught:
        authority.state()
    assert "https remove" in caught.value.hint
    assert not authority.is_complete()


def test_what_others_can_read_is_not_served(authority: Authority) -> None:
    (authority.folder / "server-0.pem").chmod(0o644)
    with pytest.raises(FileUnsafe, match="can be read by other users"):
        authority.context()
    assert not authority.is_complete()


def test_removing_leaves_nothing(authority: Authority) -> None:
    assert authority.remove()
    assert list(authority.folder.iterdir()) == []
    assert not authority.remove()


def test_making_it_anew_replaces_all(authority: Authority) -> None:
    before = {path.name: path.read_bytes() for path in authority.folder.iterdir()}
    authority.make()
    after = {path.name: path.read_bytes() for path in authority.folder.iterdir()}
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
    assert json.loads(after["state.json"])["trusted_by"] == []
