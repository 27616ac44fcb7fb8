"""Certificates made without a library for it, judged by one that is made for it, and by OpenSSL's own program."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from copilot_api.errors import HttpsUnusable
from copilot_api.https import libcrypto
from copilot_api.https.libcrypto import Workshop

PLAIN = {"basicConstraints": "critical,CA:FALSE"}
CA = {"basicConstraints": "critical,CA:TRUE,pathlen:0", "keyUsage": "critical,keyCertSign", "subjectKeyIdentifier": "hash"}


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    with Workshop() as opened:
        yield opened


def alone(workshop: Workshop, key: int, **options: Any) -> int:
    """A certificate that signs itself."""
    given = {"signed_by": None, "from_day": -1, "to_day": 10, "extensions": PLAIN} | options
    return workshop.certificate("näme", key=key, **given)


def read(workshop: Workshop, certificate: int) -> x509.Certificate:
    return x509.load_pem_x509_certificate(workshop.certificate_pem(certificate))


def test_a_key_is_one_of_the_curve_that_all_know(workshop: Workshop) -> None:
    pem = workshop.key_pem(workshop.key())
    key = load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"
    assert workshop.key_pem(workshop.key()) != pem


def test_a_certificate_says_what_it_was_told_to(workshop: Workshop) -> None:
    key = workshop.key()
    made = read(workshop, alone(workshop, key, extensions=CA | {"extendedKeyUsage": "serverAuth"}))
    assert made.version is x509.Version.v3
    assert made.subject == made.issuer == x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "näme")])
    assert made.signature_hash_algorithm is not None
    assert made.signature_hash_algorithm.name == "sha256"
    private = load_pem_private_key(workshop.key_pem(key), None)
    assert made.public_key() == private.public_key()
    made.verify_directly_issued_by(made)
    assert [extension.oid._name for extension in made.extensions] == [
        "basicConstraints",
        "keyUsage",
        "subjectKeyIdentifier",
        "extendedKeyUsage",
    ]
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)


def test_it_is_valid_between_the_days_it_was_told(workshop: Workshop) -> None:
    made = read(workshop, alone(workshop, workshop.key(), from_day=-2, to_day=9000))  # beyond 2050 dates are written otherwise
    now = datetime.now(UTC)
    assert abs(made.not_valid_before_utc - (now - timedelta(days=2))) < timedelta(minutes=1)
    assert abs(made.not_valid_after_utc - (now + timedelta(days=9000))) < timedelta(minutes=1)


def test_each_has_a_number_of_its_own(workshop: Workshop) -> None:
    key = workshop.key()
    numbers = {read(workshop, alone(workshop, key)).serial_number for _ in range(50)}
    assert len(numbers) == 50
    assert all(120 < number.bit_length() < 128 for number in numbers)


def test_one_signs_another(workshop: Workshop, tmp_path: Path) -> None:
    root_key, key = workshop.key(), workshop.key()
    root = alone(workshop, root_key, extensions=CA)
    leaf = workshop.certificate(
        "leaf",
        key=key,
        signed_by=(root, root_key),
        from_day=-1,
        to_day=5,
        extensions=PLAIN | {"authorityKeyIdentifier": "keyid:always"},
    )
    above, below = read(workshop, root), read(workshop, leaf)
    below.verify_directly_issued_by(above)
    identifier = below.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert identifier == above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    for name, made in (("root", root), ("leaf", leaf)):
        (tmp_path / f"{name}.pem").write_bytes(workshop.certificate_pem(made))
    verify = ["openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "root.pem"), str(tmp_path / "leaf.pem")]
    assert subprocess.run(verify, capture_output=True, text=True, check=True).stdout.endswith("OK\n")


@pytest.mark.parametrize(
    "extensions",
    [{"noSuchExtension": "x"}, {"basicConstraints": "nonsense"}, {"nameConstraints": "permitted;IP:no-address"}],
)
def test_what_openssl_does_not_understand_is_told_in_its_words(workshop: Workshop, extensions: dict[str, str]) -> None:
    with pytest.raises(HttpsUnusable, match=r"X509V3_EXT_nconf: error:"):
        alone(workshop, workshop.key(), extensions=extensions)
    read(workshop, alone(workshop, workshop.key()))  # and it goes on


def test_what_cannot_be_signed_is_an_error(workshop: Workshop) -> None:
    """A key that does not fit its algorithm, as far as OpenSSL is concerned: none."""
    with pytest.raises(HttpsUnusable, match="OpenSSL cannot do this"):
        workshop.certificate("x", key=0, signed_by=None, from_day=0, to_day=1, extensions={})


def test_a_python_that_keeps_its_openssl_to_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    libcrypto._library.cache_clear()
    monkeypatch.setattr(libcrypto, "_candidates", lambda: iter(()))
    with pytest.raises(HttpsUnusable, match="keeps its OpenSSL") as caught:
        Workshop()
    assert caught.value.hint
    monkeypatch.undo()
    libcrypto._library.cache_clear()
    with Workshop() as workshop:
        assert workshop.key()


def test_only_what_is_loaded_already_is_used() -> None:
    """Python's own, of which `ssl` tells the version: a second one beside it might be another one."""
    import ssl

    assert libcrypto._library().OpenSSL_version_num() >> 12 == ssl.OPENSSL_VERSION_NUMBER >> 12


def test_making_many_keeps_nothing() -> None:
    import resource

    def grown_kib() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(300):
            with Workshop() as opened:
                opened.certificate_pem(alone(opened, opened.key(), extensions=CA))
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    grown_kib()
    assert grown_kib() < 2048
