"""A network of a grown ISP, over the wire: fifty routers with two hundred subscribers each."""

from pathlib import Path

import pytest

from benchmarks import poll


@pytest.mark.deep
async def test_fifty_routers_of_two_hundred_subscribers_are_read_and_recorded_each_time(
    tmp_path: Path,
) -> None:
    outcome = await poll.measure(tmp_path)  # raises when a router or a subscriber is missing

    assert outcome.figures["rows"] == 50 * 200
