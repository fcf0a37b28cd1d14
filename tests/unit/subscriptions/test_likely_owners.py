"""Whose an entry on a router is, by what it says; where two may be meant, nobody is."""

import pytest

from benfex.network.driver import ForeignEntry
from benfex.subscriptions.likely_owners import Owners, chosen, likely_plan, said_of_new
from data.queries.adoption import KnownCustomer, SoldPlan
from data.values.kinds import AccessMethod
from data.values.traffic import Rate

AMINA = KnownCustomer(1, "BFX010019", "Amina Wanjirũ", "+254712345678")
JUMA = KnownCustomer(2, "BFX010027", "Juma Otieno", "+254722000111")
NAMESAKE = KnownCustomer(3, "BFX010035", "Amina Wanjiru", "+254733000222")
HOME = SoldPlan(11, "HOME-10", "Home 10", AccessMethod.PPPOE, 10_000_000, 5_000_000)
OFFICE = SoldPlan(12, "OFFICE", "Office", AccessMethod.PPPOE, 10_000_000, 5_000_000)
DAY = SoldPlan(13, "DAY", "Day pass", AccessMethod.HOTSPOT, 10_000_000, 5_000_000)


def entry(
    username: str = "user7", comment: str = "", *, profile: str = "default", rate: Rate | None = None
) -> ForeignEntry:
    return ForeignEntry(AccessMethod.PPPOE, username, "pw", profile, rate, comment, None, None, enabled=True)


@pytest.mark.parametrize(
    ("said", "score", "why"),
    [
        (entry("bfx010019"), 100, "their account number"),
        (entry(comment="paid BFX010019 house 4"), 100, "their account number"),
        (entry(comment="0712 345 678"), 85, "their phone"),
        (entry("254712345678"), 85, "their phone"),
        (entry(comment="wanjiru amina, block B"), 70, "their name in the comment"),
        (entry("amina.wanjiru"), 60, "their name as the user name"),
    ],
)
def test_each_fact_has_its_points_and_its_words(said: ForeignEntry, score: int, why: str) -> None:
    found = Owners([AMINA, JUMA]).of(said)
    assert [(one.customer_id, one.score, one.why) for one in found] == [(1, score, why)]
    assert chosen(found) == found[0]


def test_where_two_may_be_meant_nobody_is_chosen_until_a_fact_tells_them_apart() -> None:
    owners = Owners([AMINA, JUMA, NAMESAKE])
    twins = owners.of(entry(comment="Amina Wanjiru"))
    assert ([one.customer_id for one in twins], chosen(twins)) == ([1, 3], None)
    told = chosen(owners.of(entry(comment="Amina Wanjiru 0733000222")))
    assert told is not None
    assert told.customer_id == 3
    assert owners.of(entry("staff", "tower link")) == ()


def test_a_plan_is_meant_by_its_speed_or_its_name_and_only_when_it_is_the_one() -> None:
    ten = Rate(10_000_000, 5_000_000)
    alone = likely_plan(entry(rate=ten), [HOME, DAY])
    assert alone is not None
    assert (alone.plan_price_id, alone.why) == (11, "same speed")
    assert likely_plan(entry(rate=ten), [HOME, OFFICE]) is None
    named = likely_plan(entry(profile="home_10", rate=ten), [HOME, OFFICE])
    assert named is not None
    assert (named.plan_price_id, named.why) == (11, "same speed and name")
    other = likely_plan(entry(profile="Office", rate=Rate(1, 1)), [HOME, OFFICE])
    assert other is not None
    assert other.why == "same name"
    assert likely_plan(entry(profile="default"), [HOME]) is None


@pytest.mark.parametrize(
    ("said", "name", "phone"),
    [
        (entry(comment="Mama Njeri - 0712345678"), "Mama Njeri", "+254712345678"),
        (entry("0712345678", "Njeri"), "Njeri", "+254712345678"),
        (entry(comment="house 12"), "house", ""),
        (entry(), "", ""),
    ],
)
def test_what_is_said_of_somebody_new(said: ForeignEntry, name: str, phone: str) -> None:
    assert said_of_new(said) == (name, phone)
