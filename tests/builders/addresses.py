"""An address that a network has only while a test wants it (Linux, root)."""

import subprocess


class SpareAddress:
    """`host` is nobody's, until it is taken."""

    def __init__(self, host: str) -> None:
        self.host = host

    def take(self) -> None:
        """It is to be reached."""
        subprocess.run(["ip", "address", "add", f"{self.host}/32", "dev", "lo"], check=True)

    def give_back(self) -> None:
        """And no longer."""
        subprocess.run(["ip", "address", "delete", f"{self.host}/32", "dev", "lo"], check=True)
