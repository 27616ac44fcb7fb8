"""The names are ones that systems accept."""

import re

from copilot_api.desktop.autostart import names


def test_the_names_are_as_desktops_want_them() -> None:
    assert re.fullmatch(r"[a-z-]+", names.NAME)
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+){2,}", names.APP_ID), "AppStream and D-Bus: reverse DNS, no hyphens"
    assert not names.SUMMARY.endswith("."), "AppStream and Debian: a summary is no sentence"
    assert len(names.SUMMARY) <= 80
