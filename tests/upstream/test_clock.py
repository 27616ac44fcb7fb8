import time

from copilot_api.upstream.clock import SystemClock


async def test_the_systems_clocks_run() -> None:
    clock = SystemClock()
    monotonic, wall = clock.monotonic(), clock.wall()
    await clock.sleep(0.01)
    assert clock.monotonic() - monotonic >= 0.009
    assert clock.wall() >= wall
    assert abs(clock.wall() - time.time()) < 5
