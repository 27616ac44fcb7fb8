"""What a test does to its network is seen by nobody else: a browser beside it would give its page up."""

import os
import subprocess

from tests.builders.addresses import SpareAddress


def addresses(*where: str) -> str:
    return subprocess.run([*where, "ip", "-oneline", "address"], check=True, capture_output=True, text=True).stdout


def test_an_address_that_a_test_takes_is_there_for_that_test_alone(spare_address: SpareAddress) -> None:
    spare_address.take()
    assert spare_address.host in addresses()
    assert spare_address.host not in addresses("nsenter", "--net", "--target", str(os.getppid()))
    spare_address.give_back()
    assert spare_address.host not in addresses()
