"""Plans as a program makes them: hours of the day, and data that rolls over."""

import pytest

from tests.api.conftest import Caller, fields

PLAN = {
    "code": "NIGHTS",
    "name": "Free nights",
    "download_bps": 20_000_000,
    "upload_bps": 10_000_000,
    "data_cap_bytes": 100_000_000_000,
    "cap_action": "throttle",
    "throttled_bps": 1_000_000,
}


async def test_a_plan_says_how_its_data_counts(owner: Caller) -> None:
    hours = {
        "bonus_hours": {"from_hour": 22, "until_hour": 6},
        "fair_use_hours": {"from_hour": 18, "until_hour": 24},
    }
    made = await owner.made("/plans", {**PLAN, **hours, "rolls_over": True})
    assert made["bonus_hours"] == {"from_hour": 22, "until_hour": 6}
    assert made["fair_use_hours"] == {"from_hour": 18, "until_hour": 0}
    assert made["rolls_over"] is True
    plain = await owner.made("/plans", PLAN | {"code": "PLAIN"})
    assert (plain["bonus_hours"], plain["fair_use_hours"], plain["rolls_over"]) == (None, None, False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bonus_hours": {"from_hour": 6, "until_hour": 6}}, "bonus_hours"),
        ({"bonus_hours": {"from_hour": 24, "until_hour": 6}}, "bonus_hours.from_hour"),
        ({"fair_use_hours": {"from_hour": 18}}, "fair_use_hours.until_hour"),
        (
            {"fair_use_hours": {"from_hour": 18, "until_hour": 23}, "cap_action": "notify"},
            "fair_use_hours",
        ),
        ({"rolls_over": True, "data_cap_bytes": None}, "data_cap_bytes"),
    ],
)
async def test_hours_that_are_none_are_named(owner: Caller, change: dict[str, object], field: str) -> None:
    assert fields(await owner.post("/plans", {**PLAN, **change})) == [field]
