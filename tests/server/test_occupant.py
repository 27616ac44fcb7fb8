"""Who has a port, as Linux tells it."""

import os
import socket
import sys
from pathlib import Path

import pytest

from copilot_api.server.occupant import occupant

ADDRESSES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "0.0.0.0")]  # noqa: S104 - what is told


if sys.platform.startswith("linux"):  # nobody else tells

    @pytest.mark.parametrize(("family", "address"), ADDRESSES)
    def test_a_program_that_listens_is_named(family: socket.AddressFamily, address: str) -> None:
        with socket.create_server((address, 0), family=family) as server:
            name = Path("/proc/self/comm").read_text("utf-8").strip()
            assert occupant(server.getsockname()[1]) == f"{name} (process {os.getpid()})"

    def test_a_port_that_nobody_listens_on_has_nobody() -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            assert occupant(bound.getsockname()[1]) == ""

    def test_a_connection_is_no_server() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            assert occupant(client.getsockname()[1]) == ""

    def test_where_nothing_is_told_nothing_is_said(tmp_path: Path) -> None:
        assert occupant(4141, proc=tmp_path) == ""
        (tmp_path / "net").mkdir()
        line = "0: 0100007F:102D 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 777 1"
        (tmp_path / "net" / "tcp").write_text(f"  sl  local_address\n{line}\n", "ascii")
        assert occupant(4141, proc=tmp_path) == ""
        process = tmp_path / "99"
        (process / "fd").mkdir(parents=True)
        (process / "fd" / "3").symlink_to("socket:[777]")
        assert occupant(4141, proc=tmp_path) == ""  # it has ended meanwhile
        (process / "comm").write_text("other\n", "utf-8")
        assert occupant(4141, proc=tmp_path) == "other (process 99)"
