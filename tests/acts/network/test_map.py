"""The map: who is placed where, what their markers say, and that many are counted and not read."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from benfex.core.actors import StaffActor, SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.customers.registration import archive_customer, locate_customer
from benfex.network.health import note_router_status
from benfex.network.inventory import enable_router, locate_router, retire_router
from benfex.network.map_views import (
    MapQuestion,
    map_extent,
    on_map,
    placed,
    routers_on_map,
)
from benfex.usage.metering import CounterBaseline
from benfex.usage.recording import SessionRecord, record_readings
from data.models.customer import Customer
from data.models.router import Connection
from data.models.subscription import Subscription
from data.queries.operations import audit_of
from data.values.errors import Conflict, NotFound, NotPermitted
from data.values.identifiers import ConnectionId, CustomerId, RouterId, UserId
from data.values.kinds import SuspensionReason
from data.values.places import MICRO, Area, CustomerOnMap, Place, RouterOnMap
from data.values.roles import Role
from data.values.states import RouterStatus, SubscriptionStatus
from tests.acts.network.rows import connect, new_router, sell_plan
from tests.conftest import Run

NAKURU = Place.of("-0.3031", "36.08")
AROUND = Area.seen(-0.5, 35.9, -0.1, 36.3)
SUPPORT = StaffActor(UserId(2), Role.SUPPORT, "Mercy")


@pytest.fixture
def router_id(run: Run) -> RouterId:
    return run(new_router)


@pytest.fixture
def price_id(run: Run) -> int:
    return run(sell_plan)


def test_a_router_is_put_on_the_map_moved_and_taken_off(run: Run, router_id: RouterId) -> None:
    moved = Place.of("-0.31", "36.09")
    for place in (NAKURU, NAKURU, moved, None):  # saying it again changes nothing
        run(locate_router, router_id=router_id, place=place)
    assert run.read(routers_on_map) == ()
    assert run.read(_told, entity="router", entity_id=router_id) == [
        {"before": None, "after": "-0.3031, 36.08"},
        {"before": "-0.3031, 36.08", "after": "-0.31, 36.09"},
        {"before": "-0.31, 36.09", "after": None},
    ]


def test_who_may_not_edit_routers_places_customers_only(run: Run, router_id: RouterId, price_id: int) -> None:
    customer_id = _line(run, router_id, price_id)[0]
    with pytest.raises(NotPermitted):
        run.by(SUPPORT)(locate_router, router_id=router_id, place=NAKURU)
    run.by(SUPPORT)(locate_customer, customer_id=customer_id, place=NAKURU)
    (told,) = run.read(_told, entity="customer", entity_id=customer_id)
    assert told == {"before": None, "after": "-0.3031, 36.08"}


def test_nothing_is_placed_that_is_not_there(run: Run, router_id: RouterId) -> None:
    run(retire_router, router_id=router_id)
    with pytest.raises(Conflict):
        run(locate_router, router_id=router_id, place=NAKURU)
    with pytest.raises(NotFound):
        run(locate_router, router_id=RouterId(99), place=NAKURU)
    with pytest.raises(NotFound):
        run(locate_customer, customer_id=CustomerId(99), place=NAKURU)


@pytest.mark.parametrize("degrees", [(1, None), (None, 1), (91 * MICRO, 0), (0, -181 * MICRO)])
def test_the_database_holds_no_place_off_the_earth(
    run: Run, router_id: RouterId, price_id: int, degrees: tuple[int | None, int | None]
) -> None:
    customer_id = _line(run, router_id, price_id)[0]
    with pytest.raises(Conflict, match="clashes"):
        run(_force_place, customer_id=customer_id, degrees=degrees)


@pytest.mark.parametrize(
    ("status", "is_enabled", "is_managed", "said"),
    [
        (RouterStatus.REACHABLE, True, True, RouterOnMap.UP),
        (RouterStatus.REACHABLE, True, False, RouterOnMap.WATCHED),
        (RouterStatus.UNREACHABLE, True, True, RouterOnMap.DOWN),
        (RouterStatus.AUTH_FAILED, True, True, RouterOnMap.DOWN),
        (RouterStatus.UNKNOWN, True, True, RouterOnMap.NOT_ASKED),
        (RouterStatus.REACHABLE, False, True, RouterOnMap.NOT_ASKED),
    ],
)
def test_a_router_says_how_it_is(
    run: Run, status: RouterStatus, is_enabled: bool, is_managed: bool, said: RouterOnMap
) -> None:
    router_id = run(new_router, is_managed=is_managed)
    run(locate_router, router_id=router_id, place=NAKURU)
    if status is not RouterStatus.UNKNOWN:
        run(note_router_status, router_id=router_id, status=status, reason="")
    run(enable_router, router_id=router_id, is_enabled=is_enabled) if not is_enabled else None
    (mark,) = run.read(on_map, question=MapQuestion(AROUND)).routers
    assert (mark.name, mark.place, mark.state) == ("nakuru-core", NAKURU, said)


def test_a_customer_is_online_from_the_first_reading_until_the_session_ends(
    run: Run, router_id: RouterId, price_id: int
) -> None:
    run(_answers, router_id=router_id)
    customer_id, connection_id = _line(run, router_id, price_id)
    run(locate_customer, customer_id=customer_id, place=NAKURU)
    assert _states(run) == [CustomerOnMap.OFFLINE]
    run(_read_online, router_id=router_id, connection_id=connection_id)
    assert _states(run) == [CustomerOnMap.ONLINE]
    run(_read_ended, router_id=router_id)
    assert _states(run) == [CustomerOnMap.OFFLINE]


def test_of_a_router_that_was_not_read_for_long_nothing_is_known(
    run: Run, router_id: RouterId, price_id: int, clock: MovedClock
) -> None:
    run(_answers, router_id=router_id)
    customer_id, connection_id = _line(run, router_id, price_id)
    run(locate_customer, customer_id=customer_id, place=NAKURU)
    run(_read_online, router_id=router_id, connection_id=connection_id)
    clock.move_to(clock.now() + timedelta(minutes=6))
    assert _states(run) == [CustomerOnMap.ONLINE]
    clock.move_to(clock.now() + timedelta(minutes=2))
    assert _states(run) == [CustomerOnMap.NOT_KNOWN]


def test_a_session_that_nobody_read_for_long_is_not_said_to_be_online(
    run: Run, router_id: RouterId, price_id: int
) -> None:
    run(_answers, router_id=router_id)
    customer_id, connection_id = _line(run, router_id, price_id)
    run(locate_customer, customer_id=customer_id, place=NAKURU)
    run(_read_online, router_id=router_id, connection_id=connection_id, ago=timedelta(minutes=8))
    run(_answers, router_id=router_id)
    assert _states(run) == [CustomerOnMap.OFFLINE]


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (SubscriptionStatus.SUSPENDED, SuspensionReason.NON_PAYMENT, CustomerOnMap.UNPAID),
        (SubscriptionStatus.SUSPENDED, SuspensionReason.EXPIRED, CustomerOnMap.UNPAID),
        (SubscriptionStatus.SUSPENDED, SuspensionReason.STAFF, CustomerOnMap.NOT_SERVED),
        (SubscriptionStatus.PAUSED, None, CustomerOnMap.NOT_SERVED),
        (SubscriptionStatus.ENDED, None, CustomerOnMap.NOT_SERVED),
        (SubscriptionStatus.PAST_DUE, None, CustomerOnMap.OFFLINE),
        (SubscriptionStatus.ACTIVE, None, CustomerOnMap.OFFLINE),
    ],
)
def test_a_customer_says_what_their_service_says(
    run: Run,
    router_id: RouterId,
    price_id: int,
    status: SubscriptionStatus,
    reason: SuspensionReason | None,
    said: CustomerOnMap,
) -> None:
    run(_answers, router_id=router_id)
    customer_id, _ = _line(run, router_id, price_id)
    run(locate_customer, customer_id=customer_id, place=NAKURU)
    run(_set_service, customer_id=customer_id, status=status, reason=reason)
    assert _states(run) == [said]


def test_a_router_that_is_lost_takes_its_lines_down(run: Run, router_id: RouterId, price_id: int) -> None:
    customer_id, connection_id = _line(run, router_id, price_id)
    run(locate_customer, customer_id=customer_id, place=NAKURU)
    assert _states(run) == [CustomerOnMap.NOT_KNOWN]
    run(_read_online, router_id=router_id, connection_id=connection_id)
    run(note_router_status, router_id=router_id, status=RouterStatus.UNREACHABLE, reason="No answer.")
    assert _states(run) == [CustomerOnMap.LINE_DOWN]


def test_of_several_services_the_gravest_is_said_once(run: Run, router_id: RouterId, price_id: int) -> None:
    run(_answers, router_id=router_id)
    customer_id, connection_id = _line(run, router_id, price_id)
    other_id, _ = _line(run, router_id, price_id, number=2)
    run(locate_customer, customer_id=customer_id, place=NAKURU)
    run(_read_online, router_id=router_id, connection_id=connection_id)
    run(_set_service, customer_id=other_id, status=SubscriptionStatus.SUSPENDED, owner=customer_id)
    seen = run.read(on_map, question=MapQuestion(AROUND))
    assert [mark.state for mark in seen.customers] == [CustomerOnMap.UNPAID]
    assert seen.customer_counts == {CustomerOnMap.UNPAID: 1}


def test_only_what_lies_in_the_area_and_fits_is_seen(run: Run, router_id: RouterId, price_id: int) -> None:
    second = run(new_router, name="gilgil-tower")
    for place, key in ((NAKURU, router_id), (Place.of("-0.49", "36.31"), second)):
        run(locate_router, router_id=key, place=place)
    near, far, gone = (
        _line(run, key, price_id, number=number)[0]
        for number, key in ((1, router_id), (2, second), (3, router_id))
    )
    run(locate_customer, customer_id=near, place=NAKURU)
    run(locate_customer, customer_id=far, place=Place.of("-0.2", "36.0"))
    run(locate_customer, customer_id=gone, place=NAKURU)
    run(_set_service, customer_id=gone, status=SubscriptionStatus.ENDED)
    run(archive_customer, customer_id=gone, reason="moved away")

    everything = run.read(on_map, question=MapQuestion(AROUND))
    assert [mark.customer_id for mark in everything.customers] == [near, far]
    assert [mark.name for mark in everything.routers] == ["nakuru-core"]  # the other stands outside
    of_second = run.read(on_map, question=MapQuestion(AROUND, router_id=second))
    assert [mark.customer_id for mark in of_second.customers] == [far]
    assert of_second.routers == ()
    none = run.read(
        on_map,
        question=MapQuestion(
            AROUND, customers=frozenset({CustomerOnMap.UNPAID}), routers=frozenset({RouterOnMap.DOWN})
        ),
    )
    assert (none.customers, none.routers, none.total) == ((), (), 0)
    assert none.customer_counts == {CustomerOnMap.NOT_KNOWN: 2}  # still said, to be asked for
    assert none.router_counts[RouterOnMap.NOT_ASKED] == 1


def test_the_extent_holds_all_that_is_placed(run: Run, router_id: RouterId, price_id: int) -> None:
    assert run.read(map_extent) is None
    customer_id, _ = _line(run, router_id, price_id)
    run(locate_customer, customer_id=customer_id, place=Place(-1, 2))
    assert run.read(map_extent) == Area(-1, 2, -1, 2)
    run(locate_router, router_id=router_id, place=Place(5, -7))
    assert run.read(map_extent) == Area(-1, -7, 5, 2)
    assert run.read(placed) == (1, 1, 1, 1)


def test_whoever_may_not_see_customers_sees_no_map(run: Run) -> None:
    stranger = run.by(SubscriberActor(UserId(5), CustomerId(1), "Amina"))
    for look in (lambda: stranger.read(on_map, question=MapQuestion(AROUND)), lambda: stranger.read(placed)):
        with pytest.raises(NotPermitted):
            look()


def _line(
    run: Run, router_id: RouterId, price_id: int, *, number: int = 1
) -> tuple[CustomerId, ConnectionId]:
    connection_id = run(
        connect, router_id=router_id, plan_price_id=price_id, username=f"user{number}", number=number
    )
    return run.read(_owner, connection_id=connection_id), connection_id


def _states(run: Run) -> list[CustomerOnMap]:
    return [mark.state for mark in run.read(on_map, question=MapQuestion(AROUND)).customers]


def _owner(snapshot: Snapshot, *, connection_id: ConnectionId) -> CustomerId:
    line = snapshot.session.get(Connection, connection_id)
    assert line is not None
    service = snapshot.session.get(Subscription, line.subscription_id)
    assert service is not None
    return CustomerId(service.customer_id)


def _told(snapshot: Snapshot, *, entity: str, entity_id: int) -> list[dict[str, str | None]]:
    lines = audit_of(snapshot.session, entity=entity, entity_id=entity_id)
    return [json.loads(line.changes) for line in reversed(lines) if line.action == "locate"]


def _force_place(uow: UnitOfWork, *, customer_id: CustomerId, degrees: tuple[int | None, int | None]) -> None:
    customer = uow.session.get(Customer, customer_id)
    assert customer is not None
    customer.latitude_microdegrees, customer.longitude_microdegrees = degrees
    uow.session.flush()


def _set_service(
    uow: UnitOfWork,
    *,
    customer_id: CustomerId,
    status: SubscriptionStatus,
    reason: SuspensionReason | None = SuspensionReason.NON_PAYMENT,
    owner: CustomerId | None = None,
) -> None:
    service = uow.session.scalars(
        select(Subscription).where(col(Subscription.customer_id) == customer_id)
    ).one()
    service.status, service.suspension_reason = status, reason
    service.customer_id = owner or customer_id


def _answers(uow: UnitOfWork, *, router_id: RouterId) -> None:
    note_router_status(uow, router_id=router_id, status=RouterStatus.REACHABLE, reason="")
    record_readings(uow, router_id=router_id, read_at=uow.now, sessions=[])


def _read_online(
    uow: UnitOfWork,
    *,
    router_id: RouterId,
    connection_id: ConnectionId,
    ago: timedelta = timedelta(),
) -> None:
    at = uow.now - ago
    reading = SessionRecord(connection_id, CounterBaseline("s1", 1, 1, 60, at), None, ())
    record_readings(uow, router_id=router_id, read_at=at, sessions=[reading], online=[(connection_id, at)])


def _read_ended(uow: UnitOfWork, *, router_id: RouterId) -> None:
    record_readings(uow, router_id=router_id, read_at=uow.now, sessions=[], ended=["s1"])
