"""What leaks at a router: what is open and not paid, what is not ours, who is online and known to nobody."""

from benfex.network.desired_state import SUSPENDED_PROFILE
from benfex.network.driver import AccessEntry, AccessReading, ActiveSession, Seen
from benfex.network.leaks import find_leaks, monthly_price, usual_price
from data.queries.lines import LineRow
from data.values.identifiers import ConnectionId, RouterId
from data.values.kinds import AccessMethod, Interval, LeakKind
from data.values.money import Money
from data.values.states import SubscriptionStatus

USUAL = Money(150_000, "KES")


def line(
    connection_id: int,
    status: SubscriptionStatus,
    *,
    price: int = 250_000,
    interval: Interval = Interval.MONTH,
    count: int = 1,
    is_settled: bool = True,
) -> LineRow:
    return LineRow(
        connection_id,
        1,
        f"user{connection_id}",
        connection_id,
        f"Customer {connection_id}",
        status,
        price,
        "KES",
        interval,
        count,
        is_settled,
        is_live=True,
    )


def entry(connection_id: int, *, profile: str = "benfex-home", enabled: bool = True) -> AccessEntry:
    return AccessEntry(ConnectionId(connection_id), f"user{connection_id}", None, profile, enabled=enabled)


def leaks(
    lines: list[LineRow], *entries: AccessEntry, foreign: tuple[str, ...] = (), online: tuple[str, ...] = ()
) -> list[tuple[LeakKind, str, bool, int]]:
    reading = AccessReading(entries, frozenset((AccessMethod.PPPOE, name) for name in foreign), ())
    sessions = tuple(ActiveSession(name, name, None, 1) for name in online)
    found = find_leaks(RouterId(1), "nakuru-core", lines, Seen(reading, sessions), usual=USUAL)
    return [(leak.kind, leak.username, leak.is_online, leak.monthly.minor) for leak in found]


def test_who_pays_and_who_is_held_in_the_walled_garden_leak_nothing() -> None:
    lines = [line(1, SubscriptionStatus.ACTIVE), line(2, SubscriptionStatus.SUSPENDED)]
    assert leaks(lines, entry(1), entry(2, profile=SUSPENDED_PROFILE), online=("user1", "user2")) == []


def test_a_line_that_is_open_and_not_paid_leaks_its_price() -> None:
    lines = [line(1, SubscriptionStatus.SUSPENDED), line(2, SubscriptionStatus.ENDED, price=90_000)]
    assert leaks(lines, entry(1), entry(2), online=("user1",)) == [
        (LeakKind.NOT_PAYING, "user1", True, 250_000),
        (LeakKind.NOT_PAYING, "user2", False, 90_000),
    ]


def test_what_is_disabled_or_being_changed_just_now_leaks_nothing() -> None:
    lines = [
        line(1, SubscriptionStatus.SUSPENDED),
        line(2, SubscriptionStatus.SUSPENDED, is_settled=False),
    ]
    assert leaks(lines, entry(1, enabled=False), entry(2)) == []


def test_what_is_not_ours_leaks_a_usual_price() -> None:
    assert leaks([], foreign=("cousin",), online=("cousin", "ghost")) == [
        (LeakKind.NOT_OURS, "cousin", True, USUAL.minor),
        (LeakKind.UNKNOWN, "ghost", True, USUAL.minor),
    ]


def test_a_mark_that_this_database_never_gave_is_not_paying_either() -> None:
    assert leaks([], entry(9)) == [(LeakKind.NOT_PAYING, "user9", False, USUAL.minor)]


def test_prices_are_compared_by_the_month() -> None:
    assert monthly_price(line(1, SubscriptionStatus.ACTIVE, price=600_000, count=3)).minor == 200_000
    weekly = line(1, SubscriptionStatus.ACTIVE, price=50_000, interval=Interval.WEEK)
    assert monthly_price(weekly).minor == 217_250


def test_the_usual_price_is_the_middle_one_of_those_who_pay() -> None:
    lines = [
        line(number, SubscriptionStatus.ACTIVE, price=price)
        for number, price in enumerate((100, 200, 90_000), start=1)
    ]
    assert usual_price([*lines, line(9, SubscriptionStatus.ENDED, price=1)], currency="KES").minor == 200
    assert usual_price([], currency="KES") == Money(0, "KES")
