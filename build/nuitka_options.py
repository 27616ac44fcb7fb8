"""What Nuitka is told, and why: every option of the build stands here.

Third-party modules go in as bytecode and our own package as C (`third_party_bytecode.py`). What Nuitka would bring along
although no run of the program uses it is left out by name; `contents.txt` lists what is left, and a test compares.
"""

import fnmatch
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "copilot_api"
PROGRAM = "copilot-api"

BEFORE_EACH_FILE = "before_each_file.h"
"""Included before everything: the one file becomes the program instead of starting it, and modules are found where they are."""

DRAIN_S = 40
"""How long the one-file form lets its child finish after a signal: streams get `drain_s` (30 s), then say goodbye."""

METADATA = ("aiohttp", "typer", "tiktoken", "orjson")
"""Distributions whose version the program may be asked for."""

# Without these two, Nuitka "avoids bloat" and the standard library falls back on Python where it has C.
ALWAYS_IN = ("_json", "_bisect")

OTHER_PICTURES = (
    *("Avif", "Blp", "BufrStub", "Cur", "Dcx", "Dds", "Eps", "Fits", "Fli", "Fpx", "Ftex", "Gbr", "GribStub", "Hdf5Stub"),
    *("Icns", "Ico", "Im", "Imt", "Iptc", "Jpeg2K", "McIdas", "Mic", "Mpeg", "Msp", "Palm", "Pcd", "Pcx", "Pdf", "Pixar"),
    *("Psd", "Qoi", "Sgi", "Spider", "Sun", "Tga", "Wmf", "XVThumb", "Xbm", "Xpm"),
)
"""Formats that Pillow reads and no model takes."""

CODECS = (
    *("cp*", "iso8859_*", "mac_*", "koi8_*", "big5*", "euc_*", "gb*", "hz", "iso2022_*", "johab", "shift_*"),
    *("hp_roman8", "kz1048", "palmos", "ptcp154", "tis_620"),
)
"""Character sets that nobody speaks to the program: it takes the system for one of UTF-8 (`speaks_utf8`)."""

# Reached by an import somewhere, and of no use to the program.
LEFT_OUT = (
    # what typer would draw with, if it were let
    *("rich", "pygments", "markdown_it", "mdurl"),
    # what tiktoken downloads with; the ranks are bundled
    *("requests", "urllib3", "charset_normalizer", "certifi", "blobfile", "regex"),
    # what yarl offers to programs that validate with it
    *("pydantic", "pydantic_core"),
    # tests, documentation and installers of the libraries
    *("aiohttp.pytest_plugin", "aiohttp.test_utils", "jeepney.io.trio", "jeepney.io.tests", "trio"),
    *("pytest", "unittest", "doctest", "pydoc", "setuptools", "pip", "distutils", "lib2to3", "tkinter", "turtle"),
    # what libraries fall back on where they have no C
    *("multidict._multidict_py", "yarl._quoting_py", "propcache._helpers_py", "aiohttp._websocket.reader_py"),
    *("_pyio", "_pydecimal"),
    # C that spares nothing where it is used, and brings the library of C++ along, which takes its time to load
    "frozenlist._frozenlist",
    # C that the standard library does without, and what only code that is never called would use
    *("_bz2", "_lzma", "_pickle", "_uuid", "bz2", "lzma", "statistics", "tarfile", "ftplib"),
    # parts of the standard library that stand for themselves
    *("cgi", "cgitb", "chunk", "code", "codeop", "cmd", "crypt", "filecmp", "fileinput", "imaplib", "imghdr", "mailcap"),
    *("modulefinder", "multiprocessing", "pipes", "poplib", "pstats", "py_compile", "pyclbr", "rlcompleter", "sched", "sndhdr"),
    *("symtable", "timeit", "trace", "uu", "xdrlib", "xmlrpc", "concurrent.futures.process", "idlelib", "ensurepip", "venv"),
    *("graphlib", "html.parser", "imp", "pickletools", "socketserver", "sre_compile", "sre_constants", "sre_parse"),
    *("encodings.bz2_codec", "encodings.quopri_codec", "encodings.rot_13", "encodings.uu_codec"),
    *("numpy", "IPython", "Xlib", "gi", "cffi", "pycparser"),
    # pystray for systems whose tray it is not, and for a program that has none
    *(
        "pystray._appindicator",
        "pystray._dummy",
        "pystray._gtk",
        "pystray._xorg",
        "pystray._util.gtk",
        "pystray._util.notify_dbus",
    ),
    *("backports.zstd._cffi", "backports.zstd.tarfile", "backports.zstd.zipfile"),
    # parts of Pillow beyond the picture formats that models take; TIFF's stays, which reads which way up a camera was held
    *("PIL.ImageTk", "PIL.ImageQt", "PIL.ImageFont", "PIL.ImageDraw", "PIL.ImageCms", "PIL.ImageShow", "PIL.ImageGrab"),
    *("PIL._imagingft", "PIL._imagingcms", "PIL._avif", "PIL._imagingtk", "PIL._imagingmath", "PIL._imagingmorph"),
    *(f"PIL.{name}ImagePlugin" for name in OTHER_PICTURES),
)
_CODECS = (*(f"encodings.{name}" for name in CODECS), "_codecs_*", "_multibytecodec")
_OF_LINUX = (
    "jeepney",
    *(f"copilot_api.desktop.{name}" for name in ("linux_tray", "status_item", "notifications")),
    *(f"copilot_api.desktop.{name}" for name in ("dbus", "dbus_menu", "dbus_objects", "dbus_socket")),
)
_OF_WINDOWS = ("copilot_api.desktop.windows_tray", "pystray._win32", "pystray._util.win32")
_OF_MACOS = ("copilot_api.desktop.mac_tray", "pystray._darwin")
# The keyring and the tray of another system. Our own client of the Secret Service stands in for keyring on Linux, and our own
# tray for pystray; there is none but the system's keyring elsewhere.
LEFT_OUT_BY_SYSTEM = {
    "linux": (
        *("truststore", "keyring", "secretstorage", "cryptography", "jaraco", "more_itertools", "configparser", *_CODECS),
        *("copilot_api.desktop.pystray_tray", "pystray", "six", *_OF_WINDOWS, *_OF_MACOS),
    ),
    "darwin": (
        *("secretstorage", "cryptography", "keyring.backends.Windows", "keyring.backends.SecretService"),
        *(*_OF_LINUX, *_OF_WINDOWS, *_CODECS),
    ),
    "win32": (
        *("secretstorage", "cryptography", "keyring.backends.macOS", "keyring.backends.SecretService"),
        *(*_OF_LINUX, *_OF_MACOS),
    ),
}


def is_left_out(module: str) -> bool:
    """Whether it is, by its own name."""
    return any(fnmatch.fnmatchcase(module, pattern) for pattern in left_out(sys.platform))


def left_out(platform: str) -> tuple[str, ...]:
    """The names of modules that are not brought along, with all below them; some have an asterisk."""
    return (*LEFT_OUT, *LEFT_OUT_BY_SYSTEM.get(platform, ()))


def speaks_utf8(platform: str) -> bool:
    """Whether the program takes files, terminals and other programs to speak UTF-8, whatever the locale says.

    So will Python from 3.15 on. On Windows programs do speak the character set of the country to each other.
    """
    return platform != "win32"


def options(*, version: str, commit: str, onefile: bool, scratch: Path, target_cpu: str, is_cached: bool) -> list[str]:
    """The command line for `python -m nuitka`: everything but the interpreter itself."""
    return [
        f"--output-dir={scratch}",
        f"--output-filename={PROGRAM}",
        f"--report={scratch / 'report.xml'}",
        # The package is the program, as in `python -m copilot_api`, and looks at nothing that a machine's Python may hold.
        *("--python-flag=-m", "--python-flag=no_site"),
        # Leaves the checks for developers out, one of which takes our own arguments for Python's.
        "--deployment",
        f"--static-libpython={'yes' if has_static_python() else 'auto'}",
        f"--user-plugin={ROOT / 'build' / 'third_party_bytecode.py'}",
        f"--include-package-data={PACKAGE}",
        *(f"--include-module={name}" for name in ALWAYS_IN),
        *(f"--include-distribution-metadata={name}" for name in METADATA),
        *(f"--nofollow-import-to={name}" for name in left_out(sys.platform)),
        *([f"--target-arch={target_cpu}"] if target_cpu else []),
        *([] if is_cached else ["--disable-cache=all"]),
        *_described(version, sys.platform),
        *(_one_file(version, commit) if onefile else ["--mode=standalone"]),
        *("--assume-yes-for-downloads", "--update-check=never", "--progress-bar=none", "--quiet"),
        PACKAGE,
    ]


def _one_file(version: str, commit: str) -> list[str]:
    return [
        "--mode=onefile",
        # Each file is compressed by itself: a second start only compares sums, which takes 10 ms and not 120.
        "--onefile-as-archive",
        # A folder of its own for each build: a newer one must not overwrite what an older one is running from.
        f"--onefile-tempdir-spec={{CACHE_DIR}}/{PROGRAM}/{version}-{commit}",
        f"--onefile-child-grace-time={DRAIN_S * 1000}",
    ]


def _described(version: str, platform: str) -> list[str]:
    """What Windows shows about the file; without it, virus scanners are more suspicious still."""
    if platform != "win32":
        return [f"--product-version={version}"]
    return [
        f"--product-version={version}",
        f"--file-version={version}",
        f"--product-name={PROGRAM}",
        "--company-name=copilot-api contributors",
        "--file-description=GitHub Copilot as an API on localhost",
        "--windows-console-mode=attach",
    ]


def has_static_python() -> bool:
    """Whether this Python can be linked in, which spares the folder its shared library."""
    folder, name = sysconfig.get_config_var("LIBPL"), sysconfig.get_config_var("LDVERSION")
    return bool(folder and name) and Path(folder, f"libpython{name}.a").exists()
