"""Where certificates are trusted: the browsers' store on Linux with its real program, the others by what they would be told."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from copilot_api.errors import HttpsUnusable
from copilot_api.https import trust
from copilot_api.https.authority import Authority

CA = Path("/data/ca.pem")


def listed(folder: Path) -> str:
    return subprocess.run(["certutil", "-L", "-d", f"sql:{folder}"], capture_output=True, text=True, check=True).stdout


@pytest.mark.usefixtures("nss")
def test_the_browsers_store_is_made_and_written_and_cleared(authority: Authority, tmp_path: Path) -> None:
    state = authority.state()
    assert state is not None
    [store] = trust.stores(tmp_path, authority.certificate, state.name, state.sha1, platform="linux")
    assert store.id == f"nss:{tmp_path}/.pki/nssdb"
    trust.add(store)
    [line] = [line for line in listed(tmp_path / ".pki/nssdb").splitlines() if state.name in line]
    assert line.split()[-1] == "C,,"  # for servers, and for nothing else
    [again] = trust.stores(tmp_path, authority.certificate, state.name, state.sha1, platform="linux")
    trust.add(again)
    trust.remove(again)
    assert state.name not in listed(tmp_path / ".pki/nssdb")
    with pytest.raises(HttpsUnusable, match="cannot be changed") as caught:
        trust.remove(again)
    assert "certutil -D" in caught.value.hint


@pytest.mark.usefixtures("nss")
def test_profiles_of_firefox_have_stores_of_their_own(tmp_path: Path) -> None:
    for name in ("a.default", "b.work"):
        folder = tmp_path / ".mozilla" / "firefox" / name
        folder.mkdir(parents=True)
        (folder / "cert9.db").touch()
    found = trust.stores(tmp_path, CA, "name", "00", platform="linux")
    assert [Path(store.id.removeprefix("nss:")).name for store in found] == ["nssdb", "a.default", "b.work"]
    assert [len(store.add) for store in found] == [2, 1, 1]


def test_without_its_program_there_is_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert trust.stores(tmp_path, CA, "name", "00", platform="linux") == []


def test_macos_and_windows_are_told_for_this_person_only(tmp_path: Path) -> None:
    """Which cannot be run here: that each command names the person's own store, and takes out what it put in."""
    [keychain] = trust.stores(tmp_path, CA, "name", "0a1b", platform="darwin")
    own = f"{tmp_path}/Library/Keychains/login.keychain-db"
    assert keychain.add == (("security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k", own, str(CA)),)
    assert "-d" not in keychain.add[0]  # which would be the whole machine's
    assert keychain.remove == (
        ("security", "remove-trusted-cert", str(CA)),
        ("security", "delete-certificate", "-Z", "0A1B", own),
    )
    [windows] = trust.stores(tmp_path, CA, "name", "0a1b", platform="win32")
    assert windows.add == (("certutil", "-user", "-f", "-addstore", "Root", str(CA)),)
    assert windows.remove == (("certutil", "-user", "-delstore", "Root", "0a1b"),)


@pytest.mark.parametrize(
    ("platform", "programs", "first"),
    [
        ("linux", ("trust",), "sudo trust anchor --store '/data/ca.pem'"),
        ("linux", (), "sudo install -m 644 '/data/ca.pem' /usr/local/share/ca-certificates/copilot-api.crt && "),
        ("darwin", (), "sudo security add-trusted-cert -d -p ssl -k /Library/Keychains/System.keychain '/data/ca.pem'"),
        ("win32", (), 'certutil -addstore Root "/data/ca.pem"'),
    ],
)
def test_what_is_the_whole_machines_is_left_to_its_administrator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, programs: tuple[str, ...], first: str
) -> None:
    for name in programs:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert trust.for_the_machine(CA, platform=platform)[0].startswith(first)


def test_a_program_that_does_not_answer_is_told() -> None:
    store = trust.Store(id="x", name="a store", add=(("/no/such/program", "now"),), remove=(("false",),))
    with pytest.raises(HttpsUnusable, match="a store cannot be changed: /no/such/program does not answer"):
        trust.add(store)
    with pytest.raises(HttpsUnusable, match="it was refused") as caught:
        trust.remove(store)
    assert caught.value.hint == "try it yourself: false"
    trust.add(replace(store, add=(("true",),)))
