"""Many customers on the map: counted by the cells of a grid in a few statements, never read one by one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, insert

from benfex.core.paging import PageRequest
from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.registration import locate_customer
from benfex.network.map_views import (
    CELLS_ACROSS,
    CROWD,
    CUSTOMERS_MAX,
    MapQuestion,
    customers_on_map,
    grid_of,
    on_map,
)
from data.engine import Database
from data.models.customer import Customer
from data.models.router import Connection
from data.models.subscription import Subscription
from data.values.identifiers import CustomerId, RouterId, make_account_number
from data.values.kinds import CustomerKind
from data.values.places import Area, CustomerOnMap, Place
from data.values.states import CustomerStatus
from tests.acts.network.rows import connect, new_router, sell_plan
from tests.conftest import Run

NAKURU = Place.of("-0.3031", "36.08")
AROUND = Area.seen(-0.5, 35.9, -0.1, 36.3)


@pytest.fixture
def router_id(run: Run) -> RouterId:
    return run(new_router)


@pytest.fixture
def price_id(run: Run) -> int:
    return run(sell_plan)


@pytest.mark.parametrize("many", [2_000, pytest.param(20_000, marks=pytest.mark.deep)])
def test_many_customers_are_counted_by_cell_in_a_few_statements(
    run: Run, database: Database, router_id: RouterId, price_id: int, many: int
) -> None:
    run(_settle, many=many, plan_price_id=price_id, router_id=router_id)
    with _statements(database) as few:
        seen = run.read(on_map, question=MapQuestion(AROUND))
    assert len(few) <= 6, few
    assert len(seen.customers) <= CUSTOMERS_MAX
    assert sum(cell.customers for cell in seen.cells) + len(seen.customers) == seen.total == many
    assert not seen.is_cut
    assert len(seen.cells) <= (CELLS_ACROSS + 2) ** 2
    for cell in seen.cells:
        assert cell.area.south <= cell.place.latitude_microdegrees <= cell.area.north
        assert cell.area.west <= cell.place.longitude_microdegrees <= cell.area.east

    with _statements(database) as few:
        page = run.read(customers_on_map, question=MapQuestion(AROUND), request=PageRequest(page=3))
    assert (len(page.rows), page.total) == (25, many)
    assert len(few) <= 4, few

    close = seen.cells[0].area
    middle = close.middle
    half = 3_000
    at_home = Area(
        middle.latitude_microdegrees - half,
        middle.longitude_microdegrees - half,
        middle.latitude_microdegrees + half,
        middle.longitude_microdegrees + half,
    )
    alone = run.read(on_map, question=MapQuestion(at_home))
    assert alone.cells == ()
    assert len(alone.customers) <= CUSTOMERS_MAX


def test_a_crowd_is_counted_and_whoever_lives_apart_is_shown(
    run: Run, router_id: RouterId, price_id: int
) -> None:
    run(_settle, many=CROWD + 2, plan_price_id=price_id, router_id=router_id, spread=0)
    run(locate_customer, customer_id=CustomerId(1_000), place=Place.of("-0.15", "36.25"))
    seen = run.read(on_map, question=MapQuestion(AROUND))
    (crowd,) = seen.cells
    assert (crowd.place, crowd.states) == (NAKURU, ((CustomerOnMap.NOT_KNOWN, CROWD + 1),))
    assert [mark.customer_id for mark in seen.customers] == [1_000]
    run(locate_customer, customer_id=CustomerId(1_001), place=None)
    seen = run.read(on_map, question=MapQuestion(AROUND))
    assert seen.cells == ()
    assert len(seen.customers) == seen.total == CROWD + 1


def test_who_shares_one_spot_is_cut_and_not_hidden_in_a_cell(
    run: Run, router_id: RouterId, price_id: int
) -> None:
    run(_settle, many=CUSTOMERS_MAX + 5, plan_price_id=price_id, router_id=router_id, spread=0)
    half = 2_000
    block = Area(
        NAKURU.latitude_microdegrees - half,
        NAKURU.longitude_microdegrees - half,
        NAKURU.latitude_microdegrees + half,
        NAKURU.longitude_microdegrees + half,
    )
    seen = run.read(on_map, question=MapQuestion(block))
    assert (len(seen.customers), seen.total, seen.is_cut) == (CUSTOMERS_MAX, CUSTOMERS_MAX + 5, True)


def test_cells_stay_where_they_are_when_one_pans() -> None:
    width = AROUND.east - AROUND.west
    for shift in (0, 1, width // 3, width):
        panned = Area(AROUND.south, AROUND.west + shift, AROUND.north, AROUND.east + shift)
        assert grid_of(panned) == grid_of(AROUND)
    height, across = grid_of(AROUND)
    assert width // across <= CELLS_ACROSS
    tall, wide = grid_of(Area.seen(59.8, 30, 60.2, 30.4))
    assert tall < wide  # a degree of longitude is half as long there
    assert height == across


def _settle(
    uow: UnitOfWork, *, many: int, plan_price_id: int, router_id: RouterId, spread: int = 300_000
) -> None:
    """Place many customers with a line each, evenly scattered around Nakuru."""
    stamps = {"created_at": uow.now, "updated_at": uow.now}
    first = 1_000
    keys = range(first, first + many)
    uow.session.execute(
        insert(Customer),
        [
            stamps
            | {
                "id": key,
                "account_number": make_account_number(key),
                "kind": CustomerKind.PERSON,
                "name": f"Person {key}",
                "phone": f"+2547{key:08d}",
                "phone_sha256": f"{key:064x}",
                "phone_end": "000",
                "address": "",
                "language": "en",
                "currency": "KES",
                "status": CustomerStatus.ACTIVE,
                "latitude_microdegrees": NAKURU.latitude_microdegrees + _scatter(key, 7_919, spread),
                "longitude_microdegrees": NAKURU.longitude_microdegrees + _scatter(key, 104_729, spread),
            }
            for key in keys
        ],
    )
    connect_one = connect(uow, router_id=router_id, plan_price_id=plan_price_id)
    service = uow.session.get(Subscription, 1)
    line = uow.session.get(Connection, connect_one)
    assert service is not None
    assert line is not None
    sold, wired = service.model_dump(), line.model_dump()
    uow.session.execute(
        insert(Subscription),
        [sold | {"id": key, "customer_id": key, "billed_customer_id": key} for key in keys],
    )
    uow.session.execute(
        insert(Connection),
        [wired | {"id": key, "subscription_id": key, "username": f"u{key}"} for key in keys],
    )


def _scatter(key: int, prime: int, spread: int) -> int:
    return (key * prime) % (spread + 1) - spread // 2


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    """Collect the SELECTs that readers are sent meanwhile."""
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    event.listen(database.reader, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.reader, "before_cursor_execute", note)
