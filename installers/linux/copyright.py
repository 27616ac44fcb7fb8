"""The copyright file in Debian's format (DEP-5), with the licences of all that travels along."""

import re
from collections.abc import Iterator

from installers import product
from installers.notices import Part

# Debian has these on every system, and its policy wants them named instead of copied.
_COMMON = ("Apache-2.0", "MPL-2.0")
# The words that it already has; the appendix tells how to apply the licence and is none of it.
_APACHE = re.compile(
    r"^ *Apache License\n.*?accepting any such warranty or additional\s+liability\."
    r"(\s*END OF TERMS AND CONDITIONS)?(\s*APPENDIX: .*?limitations under the License\.)?",
    re.MULTILINE | re.DOTALL,
)
_FORMAT = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"


def debian_copyright(parts: tuple[Part, ...]) -> str:
    """One stanza for the program, one for all that it carries, then each licence."""
    ours = (product.ROOT / "LICENSE").read_text("utf-8").strip()
    holder = next(line.removeprefix("Copyright ").strip() for line in ours.splitlines() if line.startswith("Copyright"))
    licences = {part: _short_name(part) for part in parts}
    page = product.homepage()
    head = f"Format: {_FORMAT}\nUpstream-Name: {product.NAME}\n" + (f"Source: {page}\n" if page else "")
    stanzas = [
        head,
        f"Files: *\nCopyright: {holder}\nLicense: {product.LICENCE}\n",
        "\n".join(_carried(licences)) + "\n",
        f"License: {product.LICENCE}\n{_indented(ours)}\n",
        *(f"License: {name}\n{_indented(_words(part))}\n" for part, name in licences.items()),
    ]
    return "\n".join(stanzas)


def _carried(licences: dict[Part, str]) -> Iterator[str]:
    """The program is one file with bytecode of many packages inside, so that no pattern could tell them apart."""
    yield f"Files: usr/lib/{product.NAME}/*"
    holders = dict.fromkeys(holder for part in licences for holder in part.holders)
    yield "Copyright: " + "\n           ".join(holders)
    yield "License: " + " and ".join((product.LICENCE, *licences.values()))
    yield f"Comment: {product.NAME} comes with the work of others:"
    for part in licences:
        yield f" {part.name} {part.version}".rstrip() + f" ({part.licence})"


def _short_name(part: Part) -> str:
    """Licences differ in the holders they name, so that each part has its own; a short name holds no spaces."""
    return f"{part.licence}-{part.name}".replace(" ", "-").replace("(", "").replace(")", "").replace("/", "-")


def _words(part: Part) -> str:
    common = [name for name in _COMMON if name in part.licence]
    where = "\n".join(f"On Debian systems the text of {name} is in /usr/share/common-licenses/{name}." for name in common)
    return f"{where}\n\n{_APACHE.sub('', part.text).strip()}".strip()


def _indented(text: str) -> str:
    return "\n".join(f" {line.rstrip()}" if line.strip() else " ." for line in text.splitlines())
