"""What who has not paid may reach follows from the portal, the gateways and the door."""

import pytest

from benfex.network.garden import Garden, fingerprint, make_garden, say_garden
from data.values.errors import InvalidInput


def test_the_portal_the_gateways_and_the_door_are_reached() -> None:
    garden = make_garden(
        public_url="https://portal.isp.example", hosts=["b.example", "a.example", ""], door="10.0.0.5:8081"
    )
    assert garden == Garden(
        ("a.example", "b.example", "portal.isp.example"), ("10.0.0.5",), ("10.0.0.5", 8081)
    )
    assert "10.0.0.5:8081" in say_garden(garden)


def test_a_portal_without_a_name_is_an_address_and_without_a_door_nothing_is_led() -> None:
    garden = make_garden(public_url="http://10.0.0.5:8080", hosts=[], door="")
    assert garden == Garden((), ("10.0.0.5",), None)
    assert "nowhere" in say_garden(garden)


@pytest.mark.parametrize(
    "door", ["portal.example:80", "10.0.0.5", "10.0.0.5:", "10.0.0.5:0", "10.0.0.5:99999", ":80"]
)
def test_a_door_is_an_address_and_a_port(door: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        make_garden(public_url="https://portal.example", hosts=[], door=door)
    assert raised.value.field == "door"


def test_each_garden_has_a_mark_of_its_own() -> None:
    marks = {
        fingerprint(garden)
        for garden in (
            None,
            Garden(()),
            Garden(("a",)),
            Garden((), ("a",)),
            Garden(("a",), (), ("1.1.1.1", 1)),
        )
    }
    assert len(marks) == 5
