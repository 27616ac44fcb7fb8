"""Keys and certificates, made by the OpenSSL that Python's own `ssl` has loaded already.

A library that makes certificates would be a quarter of the executable. What is used here has been there since OpenSSL 1.1,
and is the same in 3: a key of the curve P-256, a certificate with extensions that are written as in OpenSSL's configuration, a
signature, PEM.
"""

import ctypes
import os
import secrets
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from ctypes import c_char_p, c_int, c_long, c_ulong, c_void_p
from functools import cache
from pathlib import Path
from typing import Any, Self

from copilot_api.errors import HttpsUnusable

SERIAL_BYTES = 16
DAY_S = 86400

_EC = 408  # EVP_PKEY_EC
_UTF8 = 0x1000  # MBSTRING_UTF8
_VERSION_3 = 2  # counted from 0
_ROOM_FOR_A_CONTEXT = 256  # X509V3_CTX, which is less than a third of that

_PROTOTYPES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "BIO_free": (c_int, (c_void_p,)),
    "BIO_new": (c_void_p, (c_void_p,)),
    "BIO_new_mem_buf": (c_void_p, (c_char_p, c_int)),
    "BIO_read": (c_int, (c_void_p, c_char_p, c_int)),
    "BIO_s_mem": (c_void_p, ()),
    "BN_bin2bn": (c_void_p, (c_char_p, c_int, c_void_p)),
    "BN_free": (None, (c_void_p,)),
    "BN_to_ASN1_INTEGER": (c_void_p, (c_void_p, c_void_p)),
    "ERR_clear_error": (None, ()),
    "ERR_error_string_n": (None, (c_ulong, c_char_p, ctypes.c_size_t)),
    "ERR_get_error": (c_ulong, ()),
    "EVP_PKEY_CTX_ctrl_str": (c_int, (c_void_p, c_char_p, c_char_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_new_id": (c_void_p, (c_int, c_void_p)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_keygen": (c_int, (c_void_p, ctypes.POINTER(c_void_p))),
    "EVP_PKEY_keygen_init": (c_int, (c_void_p,)),
    "EVP_sha256": (c_void_p, ()),
    "OpenSSL_version_num": (c_ulong, ()),
    "PEM_write_bio_PrivateKey": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_int, c_void_p, c_void_p)),
    "PEM_write_bio_X509": (c_int, (c_void_p, c_void_p)),
    "X509V3_EXT_nconf": (c_void_p, (c_void_p, c_void_p, c_char_p, c_char_p)),
    "X509V3_set_ctx": (None, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_int)),
    "X509_EXTENSION_free": (None, (c_void_p,)),
    "X509_NAME_add_entry_by_txt": (c_int, (c_void_p, c_char_p, c_int, c_char_p, c_int, c_int, c_int)),
    "X509_add_ext": (c_int, (c_void_p, c_void_p, c_int)),
    "X509_free": (None, (c_void_p,)),
    "X509_get_serialNumber": (c_void_p, (c_void_p,)),
    "X509_get_subject_name": (c_void_p, (c_void_p,)),
    "X509_getm_notAfter": (c_void_p, (c_void_p,)),
    "X509_getm_notBefore": (c_void_p, (c_void_p,)),
    "X509_gmtime_adj": (c_void_p, (c_void_p, c_long)),
    "X509_new": (c_void_p, ()),
    "X509_set_issuer_name": (c_int, (c_void_p, c_void_p)),
    "X509_set_pubkey": (c_int, (c_void_p, c_void_p)),
    "X509_set_version": (c_int, (c_void_p, c_long)),
    "X509_sign": (c_int, (c_void_p, c_void_p, c_void_p)),
}
_OLDEST = 0x10101000  # 1.1.1

_LINUX = ("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so")
_WINDOWS = ("libcrypto-3.dll", "libcrypto-3-x64.dll", "libcrypto-3-arm64.dll", "libcrypto-1_1.dll", "libcrypto-1_1-x64.dll")


class Workshop:
    """Makes keys and certificates. What it makes lives until its block is left; PEM texts outlive it. Raises HttpsUnusable."""

    def __init__(self) -> None:
        self._crypto = _library()
        self._made = ExitStack()

    def __enter__(self) -> Self:
        self._crypto.ERR_clear_error()
        return self

    def __exit__(self, *_: object) -> None:
        self._made.close()

    def key(self) -> int:
        """A new private key."""
        with self._held(self._new("EVP_PKEY_CTX_new_id", _EC, None), "EVP_PKEY_CTX_free") as context:
            self._do("EVP_PKEY_keygen_init", context)
            self._do("EVP_PKEY_CTX_ctrl_str", context, b"ec_paramgen_curve", b"P-256")
            found = c_void_p()
            self._do("EVP_PKEY_keygen", context, ctypes.byref(found))
        return self._keep(found.value or 0, "EVP_PKEY_free")

    def certificate(
        self,
        name: str,
        *,
        key: int,
        signed_by: tuple[int, int] | None,
        from_day: int,
        to_day: int,
        extensions: Mapping[str, str],
    ) -> int:
        """A certificate of `key` under `name`, valid between two days counted from now.

        `signed_by` is the certificate and the key of the authority, None for one that signs itself. `extensions` are written
        as in the configuration of OpenSSL (x509v3_config), in the order in which they shall stand there.
        """
        made = self._keep(self._new("X509_new"), "X509_free")
        issuer, issuers_key = signed_by or (made, key)
        self._do("X509_set_version", made, _VERSION_3)
        self._number(made)
        self._new("X509_gmtime_adj", self._new("X509_getm_notBefore", made), from_day * DAY_S)
        self._new("X509_gmtime_adj", self._new("X509_getm_notAfter", made), to_day * DAY_S)
        subject = self._new("X509_get_subject_name", made)
        self._do("X509_NAME_add_entry_by_txt", subject, b"CN", _UTF8, name.encode(), -1, -1, 0)
        self._do("X509_set_issuer_name", made, self._new("X509_get_subject_name", issuer))
        self._do("X509_set_pubkey", made, key)
        for kind, value in extensions.items():
            self._extend(made, issuer, kind, value)
        # How many bytes the signature has.
        self._do("X509_sign", made, issuers_key, self._new("EVP_sha256"))
        return made

    def certificate_pem(self, certificate: int) -> bytes:
        """A certificate as text."""
        return self._pem(lambda memory: self._do("PEM_write_bio_X509", memory, certificate))

    def key_pem(self, key: int) -> bytes:
        """A private key as text that nothing protects."""
        return self._pem(lambda memory: self._do("PEM_write_bio_PrivateKey", memory, key, None, None, 0, None, None))

    def _number(self, certificate: int) -> None:
        drawn = bytearray(secrets.token_bytes(SERIAL_BYTES))
        drawn[0] = drawn[0] & 0x7F | 0x40  # neither negative nor shorter than the others
        with self._held(self._new("BN_bin2bn", bytes(drawn), SERIAL_BYTES, None), "BN_free") as number:
            self._new("BN_to_ASN1_INTEGER", number, self._new("X509_get_serialNumber", certificate))

    def _extend(self, certificate: int, issuer: int, kind: str, value: str) -> None:
        context = ctypes.create_string_buffer(_ROOM_FOR_A_CONTEXT)
        self._crypto.X509V3_set_ctx(context, issuer, certificate, None, None, 0)
        made = self._new("X509V3_EXT_nconf", None, context, kind.encode(), value.encode())
        with self._held(made, "X509_EXTENSION_free") as extension:
            self._do("X509_add_ext", certificate, extension, -1)

    def _pem(self, write: Callable[[int], None]) -> bytes:
        with self._held(self._new("BIO_new", self._new("BIO_s_mem")), "BIO_free") as memory:
            write(memory)
            text, piece = b"", ctypes.create_string_buffer(4096)
            while (size := self._crypto.BIO_read(memory, piece, len(piece))) > 0:
                text += piece.raw[:size]
            return text

    def _do(self, name: str, *arguments: Any) -> None:
        if getattr(self._crypto, name)(*arguments) <= 0:
            raise self._failed(name)

    def _new(self, name: str, *arguments: Any) -> int:
        found = getattr(self._crypto, name)(*arguments)
        if not found:
            raise self._failed(name)
        return int(found)

    def _keep(self, made: int, free: str) -> int:
        self._made.callback(getattr(self._crypto, free), made)
        return made

    @contextmanager
    def _held(self, made: int, free: str) -> Iterator[int]:
        try:
            yield made
        finally:
            getattr(self._crypto, free)(made)

    def _failed(self, name: str) -> HttpsUnusable:
        words = ctypes.create_string_buffer(256)
        self._crypto.ERR_error_string_n(self._crypto.ERR_get_error(), words, len(words))
        return HttpsUnusable(f"OpenSSL cannot do this ({name}: {words.value.decode('ascii', 'replace')})")


@cache
def _library() -> Any:
    """The loaded OpenSSL. Never one beside it: two versions in one process would not understand each other."""
    for found in _candidates():
        if all(hasattr(found, name) for name in _PROTOTYPES):
            for name, (result, arguments) in _PROTOTYPES.items():
                function = getattr(found, name)
                function.restype, function.argtypes = result, arguments
            if found.OpenSSL_version_num() >= _OLDEST:
                return found
    raise HttpsUnusable(
        f"this Python keeps its OpenSSL ({ssl.OPENSSL_VERSION}) to itself",
        hint="use a program from the page of the releases, or another Python",
    )


def _candidates() -> Iterator[ctypes.CDLL]:
    if sys.platform == "win32":
        yield from _windows()
        return
    names = _macos() if sys.platform == "darwin" else _LINUX
    for name in names:
        try:
            # By the name it was loaded under; nothing is loaded that was not.
            yield ctypes.CDLL(name, mode=os.RTLD_NOW | os.RTLD_NOLOAD)
        except OSError:
            continue
    # Pythons that hold all their libraries in themselves.
    yield ctypes.CDLL(None)


def _windows() -> Iterator[ctypes.CDLL]:
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - mypy knows it on Windows only
    kernel.GetModuleHandleW.restype = c_void_p
    kernel.GetModuleHandleW.argtypes = (ctypes.c_wchar_p,)
    for name in _WINDOWS:
        if handle := kernel.GetModuleHandleW(name):
            yield ctypes.CDLL(name, handle=handle)


def _macos() -> Iterator[str]:
    """The paths under which libraries are loaded: to ask for libcrypto by its name alone ends a program there."""
    loaded: Any = ctypes.CDLL(None)
    count, name_of = loaded["_dyld_image_count"], loaded["_dyld_get_image_name"]
    name_of.restype = c_char_p
    for number in range(count()):
        path = os.fsdecode(name_of(number) or b"")
        if Path(path).name.startswith("libcrypto"):
            yield path
