"""The licences under which the work of others may travel in what we publish: a package with any other one is not made."""

import re

from installers.job import CannotMake

ALLOWED = frozenset(
    {
        # Ask to be named, with their words, which notices.py does.
        *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "MIT", "MIT-CMU", "PSF-2.0", "Zlib"),
        *("bzip2-1.0.6", "public-domain"),
        # Asks in addition for its own files to stay open, changed or not. Ours are not changed.
        "MPL-2.0",
        # Nuitka's run-time library: the exception lets compiled programs carry any licence.
        "AGPL-3.0-only WITH Nuitka-Runtime-Library-Exception",
    }
)
ALLOWED_FOR = {
    # Bytecode in a program whose source and way of building are open, so that anybody can put in a changed pystray.
    "pystray": "LGPL-3.0-only",
    # In the head of the AppImage, whose source is open, too.
    "GNU C Library": "LGPL-2.1-or-later",
}
"""By name: what asks that it can be exchanged."""


def demand(name: str, licence: str) -> None:
    """Raises CannotMake for a licence that is not allowed, or not for a part of that name.

    Of a choice (OR) all must be allowed, too: nobody has to choose then.
    """
    if ALLOWED_FOR.get(name) == licence:
        return
    words = re.split(r" (?:AND|OR) ", licence.replace("(", "").replace(")", ""))
    if strangers := [word for word in words if word not in ALLOWED]:
        raise CannotMake(
            f"{name} comes under {', '.join(strangers) or 'no licence'}, which installers/allowed.py does not allow",
            hint="read it, then add it there with the reason, or leave the package out",
        )
