"""The tables of requests by endpoint."""

from copilot_api.translate.repair import LAST
from copilot_api.translate.repair_requests import REQUESTS


def test_what_was_learned_is_taken_out_last() -> None:
    assert all(table[-2:] == LAST for table in REQUESTS.values())


def test_no_repair_stands_in_a_table_twice() -> None:
    for table in REQUESTS.values():
        assert len({repair.name for repair in table}) == len(table)
