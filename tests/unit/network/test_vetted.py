"""The vetted changes: what is let through, and what each says."""

from collections.abc import Callable

import pytest

from benfex.network import vetted
from data.values.errors import InvalidInput
from data.values.kinds import SettingKind


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: vetted.set_ntp(""), "servers"),
        (lambda: vetted.set_ntp("1.1.1.1,2.2.2.2,3.3.3.3"), "servers"),
        (lambda: vetted.set_dns("1.1.1.1;reboot"), "servers"),
        (lambda: vetted.set_note("a\nb"), "note"),
        (lambda: vetted.switch_off("api"), "service"),
        (lambda: vetted.list_address("benfex-suspended", "10.1.1.1", is_listed=False), "list"),
        (lambda: vetted.list_address("a b", "10.1.1.1", is_listed=True), "list"),
        (lambda: vetted.list_address("friends", "10.1.1", is_listed=True), "address"),
        (lambda: vetted.list_address("friends", "2001:db8::1", is_listed=True), "address"),
        (lambda: vetted.accept_radius(0), "port"),
    ],
)
def test_what_is_not_vetted_is_refused_by_the_field(make: Callable[[], vetted.Change], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (vetted.set_ntp("10.0.0.1, 10.0.0.2"), "Time servers: 10.0.0.1,10.0.0.2"),
        (vetted.set_dns("1.1.1.1 8.8.8.8"), "DNS servers: 1.1.1.1,8.8.8.8"),
        (vetted.switch_off("telnet"), "Switch off telnet"),
        (vetted.list_address("friends", "10.1.1.1/32", is_listed=True), "10.1.1.1 on the list friends"),
        (vetted.accept_radius(1700), "RADIUS orders at port 1700"),
        (vetted.set_note(" Tower 7 "), "Note: Tower 7"),
    ],
)
def test_a_change_says_what_it_does(change: vetted.Change, said: str) -> None:
    assert vetted.say_change(change) == said


def test_what_a_change_does_not_name_may_be_anything() -> None:
    change = vetted.list_address("friends", "10.1.1.1", is_listed=True)

    assert change.is_met_by({"present": "yes", "comment": "Mama Njeri"})
    assert not change.is_met_by({"present": "no"})
    assert vetted.say_values(SettingKind.NTP, {"enabled": "no", "servers": "1.1.1.1"}) == "off (1.1.1.1)"
