"""Nobody is woken by a reminder."""

from datetime import UTC, datetime

import pytest

from benfex.notifications.quiet_hours import sending_time


@pytest.mark.parametrize(
    ("at", "from_hour", "until_hour", "expected"),
    [
        ("2026-11-23T08:00", 8, 20, "2026-11-23T08:00"),  # 11:00 in Nairobi
        ("2026-11-23T04:59", 8, 20, "2026-11-23T05:00"),
        ("2026-11-23T17:00", 8, 20, "2026-11-24T05:00"),  # 20:00: too late
        ("2026-11-23T22:00", 8, 20, "2026-11-24T05:00"),  # 01:00 of the 24th
        ("2026-11-23T00:00", 0, 24, "2026-11-23T00:00"),
        ("2026-11-23T02:00", 9, 9, "2026-11-23T02:00"),
        ("2026-11-23T02:00", 20, 8, "2026-11-23T02:00"),  # 05:00, within the night that is allowed
        ("2026-11-23T09:00", 20, 8, "2026-11-23T17:00"),
    ],
)
def test_a_message_leaves_at_the_next_allowed_hour(
    at: str, from_hour: int, until_hour: int, expected: str
) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = sending_time(now, timezone="Africa/Nairobi", from_hour=from_hour, until_hour=until_hour)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)
