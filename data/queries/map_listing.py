"""SELECTs of the map: who and what lies in an area, one by one or counted by the cells of a grid.

What a customer's marker says is worked out here, so that the database counts it and no row is read for it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from data.models.customer import Customer
from data.models.router import Connection, Router
from data.models.subscription import Subscription
from data.models.usage import usage_counter
from data.session import Session
from data.values.kinds import SuspensionReason
from data.values.places import LATITUDE_MAX, LONGITUDE_MAX, Area, CustomerOnMap
from data.values.states import CustomerStatus, RouterStatus, SubscriptionStatus

_FOR_MONEY = (SuspensionReason.NON_PAYMENT, SuspensionReason.EXPIRED)
_SERVED = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
_LOST = (RouterStatus.UNREACHABLE, RouterStatus.AUTH_FAILED)
# The gravest has the largest number, so that the largest of a customer's services is what is said.
_RANKS = {state: rank for rank, state in enumerate(reversed(CustomerOnMap))}
_STATES = {rank: state for state, rank in _RANKS.items()}


class MapWish(NamedTuple):
    """Which customers are looked at. `seen_since` says by a router's interval since when a line counts as online.

    `router_id` narrows to those on a router, `states` to what their markers say, `search` to name or account.
    """

    area: Area
    seen_since: Mapping[int, datetime]
    router_id: int | None = None
    states: Collection[CustomerOnMap] = tuple(CustomerOnMap)
    search: str = ""


class CustomerPin(NamedTuple):
    """A customer on the map."""

    id: int
    name: str
    account_number: str
    latitude_microdegrees: int
    longitude_microdegrees: int
    state: CustomerOnMap


class Grid(NamedTuple):
    """Cells of `height` and `width` microdegrees, from the south-west corner of the earth on."""

    height: int
    width: int


class CellCount(NamedTuple):
    """How many customers of one state lie in a cell of the grid, the sums of their degrees, and their edges."""

    cell: int
    state: CustomerOnMap
    customers: int
    latitudes: int
    longitudes: int
    south: int
    west: int
    north: int
    east: int


class RouterPin(NamedTuple):
    """A router on the map."""

    id: int
    name: str
    site: str
    status: RouterStatus
    is_enabled: bool
    is_managed: bool
    latitude_microdegrees: int
    longitude_microdegrees: int


class PlacedCount(NamedTuple):
    """How many there are, and of how many a place is known."""

    customers: int
    placed_customers: int
    routers: int
    placed_routers: int


def poll_intervals(session: Session) -> list[int]:
    """Return the intervals in seconds at which routers are asked, each once."""
    return list(session.scalars(select(Router.poll_seconds).distinct().order_by(Router.poll_seconds)))


def routers_in_area(session: Session, *, area: Area, limit: int) -> list[RouterPin]:
    """Return routers in an area that are not retired, by name."""
    rows = session.execute(
        select(
            Router.id,
            Router.name,
            Router.site,
            Router.status,
            Router.is_enabled,
            Router.is_managed,
            Router.latitude_microdegrees,
            Router.longitude_microdegrees,
        )
        .where(Router.status != RouterStatus.RETIRED, *_inside(Router, area))
        .order_by(Router.name, Router.id)
        .limit(limit)
    )
    return [RouterPin(*row) for row in rows]


def customers_by_state(session: Session, wish: MapWish) -> dict[CustomerOnMap, int]:
    """Return how many customers of an area each state has, whichever states are wished for."""
    marked = _marked(wish)
    rows = session.execute(select(marked.c.rank, func.count()).group_by(marked.c.rank))
    return {_STATES[row[0]]: row[1] for row in rows}


def customers_in_area(
    session: Session,
    wish: MapWish,
    *,
    limit: int,
    offset: int = 0,
    outside: tuple[Grid, Collection[int]] | None = None,
) -> list[CustomerPin]:
    """Return customers of an area with their states, by name; none of those `outside` cells of a grid."""
    marked = _marked(wish)
    query = select(
        marked.c.id,
        marked.c.name,
        marked.c.account_number,
        marked.c.latitude,
        marked.c.longitude,
        marked.c.rank,
    )
    if outside is not None:
        query = query.where(_cell(marked, outside[0]).not_in(outside[1]))
    rows = session.execute(
        _chosen(query, marked, wish)
        .order_by(func.lower(marked.c.name), marked.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [CustomerPin(row[0], row[1], row[2], row[3], row[4], _STATES[row[5]]) for row in rows]


def customers_by_cell(session: Session, wish: MapWish, grid: Grid) -> list[CellCount]:
    """Return how many customers of each state lie in each cell, by cell."""
    marked = _marked(wish)
    cell = _cell(marked, grid)
    found = session.execute(
        _chosen(
            select(
                cell,
                marked.c.rank,
                func.count(),
                func.sum(marked.c.latitude),
                func.sum(marked.c.longitude),
                func.min(marked.c.latitude),
                func.min(marked.c.longitude),
                func.max(marked.c.latitude),
                func.max(marked.c.longitude),
            ),
            marked,
            wish,
        )
        .group_by(cell, marked.c.rank)
        .order_by(cell, marked.c.rank)
    )
    return [CellCount(one[0], _STATES[one[1]], one[2], *map(int, one[3:])) for one in found]


def whole_extent(session: Session) -> Area | None:
    """Return the smallest area that holds everything with a place, None when nothing has one."""
    edges = []
    for table, fits in (
        (Customer, Customer.status == CustomerStatus.ACTIVE),
        (Router, Router.status != RouterStatus.RETIRED),
    ):
        edges.append(
            session.execute(
                select(
                    func.min(table.latitude_microdegrees),
                    func.min(table.longitude_microdegrees),
                    func.max(table.latitude_microdegrees),
                    func.max(table.longitude_microdegrees),
                ).where(fits, table.latitude_microdegrees.is_not(None))
            ).one()
        )
    known = [edge for edge in edges if edge[0] is not None]
    if not known:
        return None
    south, west, north, east = zip(*known, strict=True)
    return Area(min(south), min(west), max(north), max(east))


def placed_count(session: Session) -> PlacedCount:
    """Return how many customers we serve and routers we use, and how many of them have a place."""
    customers = session.execute(
        select(func.count(), func.count(Customer.latitude_microdegrees)).where(
            Customer.status == CustomerStatus.ACTIVE
        )
    ).one()
    routers = session.execute(
        select(func.count(), func.count(Router.latitude_microdegrees)).where(
            Router.status != RouterStatus.RETIRED
        )
    ).one()
    return PlacedCount(*customers, *routers)


def _marked(wish: MapWish) -> Subquery:
    """Return each customer of the area once, with the largest rank of their services."""
    rank = case(
        (
            and_(
                Subscription.status == SubscriptionStatus.SUSPENDED,
                Subscription.suspension_reason.in_(_FOR_MONEY),
            ),
            _RANKS[CustomerOnMap.UNPAID],
        ),
        (Subscription.status.in_(_SERVED).is_not(True), _RANKS[CustomerOnMap.NOT_SERVED]),
        (Connection.id.is_(None), _RANKS[CustomerOnMap.NOT_SERVED]),
        (Router.status.in_(_LOST), _RANKS[CustomerOnMap.LINE_DOWN]),
        (
            or_(
                Router.is_enabled.is_(False),
                Router.status == RouterStatus.UNKNOWN,
                _lately(Router.last_seen_at, wish.seen_since).is_not(True),
            ),
            _RANKS[CustomerOnMap.NOT_KNOWN],
        ),
        (_is_online(wish.seen_since), _RANKS[CustomerOnMap.ONLINE]),
        else_=_RANKS[CustomerOnMap.OFFLINE],
    )
    return (
        select(
            Customer.id,
            Customer.name,
            Customer.account_number,
            Customer.latitude_microdegrees.label("latitude"),
            Customer.longitude_microdegrees.label("longitude"),
            func.max(rank).label("rank"),
        )
        .outerjoin(
            Subscription,
            and_(Subscription.customer_id == Customer.id, Subscription.status != SubscriptionStatus.ENDED),
        )
        .outerjoin(
            Connection, and_(Connection.subscription_id == Subscription.id, Connection.removed_at.is_(None))
        )
        .outerjoin(Router, Router.id == Connection.router_id)
        .where(Customer.status == CustomerStatus.ACTIVE, *_inside(Customer, wish.area), *_narrowed(wish))
        .group_by(Customer.id)
        .subquery("marked")
    )


def _is_online(seen_since: Mapping[int, datetime]) -> ColumnElement[bool]:
    """Return whether a line has a session that was read lately: what was left open by a restart is none."""
    return and_(
        Connection.id.in_(select(usage_counter.c.connection_id)),
        _lately(Connection.last_online_at, seen_since),
    )


def _lately(
    instant: InstrumentedAttribute[datetime | None], seen_since: Mapping[int, datetime]
) -> ColumnElement[bool]:
    return or_(
        false(),
        *(and_(Router.poll_seconds == seconds, instant >= since) for seconds, since in seen_since.items()),
    )


def _cell(marked: Subquery, grid: Grid) -> ColumnElement[int]:
    """Return the number of the cell that a customer lies in, rows from south to north."""
    row = cast(marked.c.latitude + LATITUDE_MAX, BigInteger) // literal_column(str(grid.height))
    column = cast(marked.c.longitude + LONGITUDE_MAX, BigInteger) // literal_column(str(grid.width))
    return row * literal_column(str(2 * LONGITUDE_MAX // grid.width + 1)) + column


def _inside(table: type[Customer] | type[Router], area: Area) -> list[ColumnElement[bool]]:
    return [
        table.latitude_microdegrees.between(area.south, area.north),
        table.longitude_microdegrees.between(area.west, area.east),
    ]


def _narrowed(wish: MapWish) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = []
    if wish.router_id is not None:
        on_router = (
            select(Subscription.customer_id)
            .join(Connection, Connection.subscription_id == Subscription.id)
            .where(Connection.router_id == wish.router_id, Connection.removed_at.is_(None))
        )
        fits.append(Customer.id.in_(on_router))
    if wish.search:
        fits.append(
            or_(
                Customer.name.icontains(wish.search, autoescape=True),
                Customer.account_number.istartswith(wish.search, autoescape=True),
            )
        )
    return fits


def _chosen(
    query: Select[*tuple[object, ...]], marked: Subquery, wish: MapWish
) -> Select[*tuple[object, ...]]:
    return query.where(marked.c.rank.in_([_RANKS[state] for state in wish.states]))
