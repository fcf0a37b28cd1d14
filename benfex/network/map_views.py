"""The map as screens show it: routers and customers in an area, singly or by the cells of a grid.

Where something is, is said with `inventory.locate_router` and `customers.registration.locate_customer`.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from benfex.core.actors import require
from benfex.core.paging import Page, PageRequest
from benfex.core.unit_of_work import Snapshot
from data.queries import map_listing as listing
from data.queries.map_listing import CellCount, PlacedCount
from data.values.identifiers import CustomerId, RouterId
from data.values.places import Area, CustomerOnMap, Place, RouterOnMap
from data.values.roles import Permission
from data.values.states import RouterStatus

CUSTOMERS_MAX: Final = 300  # one by one
CROWD: Final = 12  # more than so many in one cell would lie upon each other: they are counted
ROUTERS_MAX: Final = 300
CELLS_ACROSS: Final = 10
CLOSEST_MICRODEGREES: Final = (
    6_000  # an area of some 600 m: nobody comes closer, so there they are shown all the same
)
# Usage notes a line as online within five minutes, and two readings may fail.
_NOTED_WITHIN = timedelta(minutes=5)
_READINGS = 2


@dataclass(frozen=True, slots=True)
class MapQuestion:
    """What a person looks at: an area, on one router or all (None), and which states are shown."""

    area: Area
    router_id: RouterId | None = None
    customers: frozenset[CustomerOnMap] = frozenset(CustomerOnMap)
    routers: frozenset[RouterOnMap] = frozenset(RouterOnMap)


@dataclass(frozen=True, slots=True)
class RouterMark:
    """A router on the map."""

    router_id: RouterId
    name: str
    site: str
    place: Place
    state: RouterOnMap


@dataclass(frozen=True, slots=True)
class CustomerMark:
    """A customer on the map."""

    customer_id: CustomerId
    name: str
    account_number: str
    place: Place
    state: CustomerOnMap


@dataclass(frozen=True, slots=True)
class CellMark:
    """Customers that lie close together: in their middle, with what they say, gravest first, and their edges."""

    key: str
    place: Place
    area: Area
    states: tuple[tuple[CustomerOnMap, int], ...]

    @property
    def customers(self) -> int:
        """Return how many they are."""
        return sum(count for _, count in self.states)


@dataclass(frozen=True, slots=True)
class MapSeen:
    """What lies in an area: customers one by one where they are few, and as cells where they are many.

    Counts are of all states, shown or not. `total` is how many customers are shown or counted in cells; `is_cut`
    says that not all of them are, because so many share one spot.
    """

    routers: tuple[RouterMark, ...]
    customers: tuple[CustomerMark, ...]
    cells: tuple[CellMark, ...]
    customer_counts: Mapping[CustomerOnMap, int]
    router_counts: Mapping[RouterOnMap, int]
    total: int
    is_cut: bool


def on_map(snapshot: Snapshot, *, question: MapQuestion) -> MapSeen:
    """Return what lies in the area, of a size that any screen can draw."""
    _require(snapshot)
    wish = _wish(snapshot, question)
    counts = listing.customers_by_state(snapshot.session, wish)
    total = sum(counts.get(state, 0) for state in question.customers)
    routers = _routers(snapshot, question.area)
    shown = tuple(
        mark
        for mark in routers
        if mark.state in question.routers and question.router_id in (None, mark.router_id)
    )
    is_close = _span(question.area) <= CLOSEST_MICRODEGREES
    grid = grid_of(question.area)
    crowds = (
        () if is_close or total <= CROWD else _crowds(listing.customers_by_cell(snapshot.session, wish, grid))
    )
    cells = tuple(_cell(grid, parts) for parts in crowds)
    customers: tuple[CustomerMark, ...] = ()
    if sum(cell.customers for cell in cells) < total:
        outside = (grid, [parts[0].cell for parts in crowds]) if crowds else None
        pins = listing.customers_in_area(snapshot.session, wish, limit=CUSTOMERS_MAX, outside=outside)
        customers = tuple(_customer(pin) for pin in pins)
    return MapSeen(
        routers=shown,
        customers=customers,
        cells=cells,
        customer_counts=counts,
        router_counts={state: sum(mark.state is state for mark in routers) for state in RouterOnMap},
        total=total,
        is_cut=sum(cell.customers for cell in cells) + len(customers) < total,
    )


def customers_on_map(
    snapshot: Snapshot, *, question: MapQuestion, request: PageRequest
) -> Page[CustomerMark]:
    """Return one page of the customers in the area by name, for whoever goes by a list."""
    _require(snapshot)
    wish = _wish(snapshot, question, search=request.search.strip())
    counts = listing.customers_by_state(snapshot.session, wish)
    pins = listing.customers_in_area(snapshot.session, wish, limit=request.limit, offset=request.offset)
    return Page(tuple(map(_customer, pins)), sum(counts.get(state, 0) for state in question.customers))


def routers_on_map(snapshot: Snapshot, *, area: Area | None = None) -> tuple[RouterMark, ...]:
    """Return the routers in an area, None for everywhere, by name; at most ROUTERS_MAX."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    return _routers(snapshot, area or _EVERYWHERE)


def map_extent(snapshot: Snapshot) -> Area | None:
    """Return the smallest area that holds everything with a place, None when nothing has one."""
    _require(snapshot)
    return listing.whole_extent(snapshot.session)


def placed(snapshot: Snapshot) -> PlacedCount:
    """Return how many customers and routers there are, and of how many a place is known."""
    _require(snapshot)
    return listing.placed_count(snapshot.session)


def grid_of(area: Area) -> listing.Grid:
    """Return the grid for an area; its cells are powers of two, so that they stay where they are when one pans.

    An area has about CELLS_ACROSS of them along its longer side; on the screen they are about square.
    """
    narrowing = max(
        math.cos(math.radians(area.middle.latitude)), 0.05
    )  # of a degree of longitude, off the equator
    longest = max(area.east - area.west, round((area.north - area.south) / narrowing), 1)
    width = 1 << max((longest // CELLS_ACROSS).bit_length(), 4)
    height = 1 << max(round(math.log2(width * narrowing)), 4)
    return listing.Grid(height, width)


_EVERYWHERE = Area.seen(-90, -180, 90, 180)


def _require(snapshot: Snapshot) -> None:
    require(snapshot.actor, Permission.VIEW_NETWORK)
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)


def _span(area: Area) -> int:
    return max(area.east - area.west, area.north - area.south)


def _wish(snapshot: Snapshot, question: MapQuestion, *, search: str = "") -> listing.MapWish:
    intervals = listing.poll_intervals(snapshot.session)
    return listing.MapWish(
        area=question.area,
        seen_since={
            seconds: snapshot.now - _NOTED_WITHIN - timedelta(seconds=_READINGS * seconds)
            for seconds in intervals
        },
        router_id=question.router_id,
        states=question.customers,
        search=search,
    )


def _routers(snapshot: Snapshot, area: Area) -> tuple[RouterMark, ...]:
    return tuple(
        RouterMark(
            RouterId(pin.id),
            pin.name,
            pin.site,
            Place(pin.latitude_microdegrees, pin.longitude_microdegrees),
            _router_state(pin),
        )
        for pin in listing.routers_in_area(snapshot.session, area=area, limit=ROUTERS_MAX)
    )


def _router_state(pin: listing.RouterPin) -> RouterOnMap:
    if not pin.is_enabled or pin.status is RouterStatus.UNKNOWN:
        return RouterOnMap.NOT_ASKED
    if pin.status is not RouterStatus.REACHABLE:
        return RouterOnMap.DOWN
    return RouterOnMap.UP if pin.is_managed else RouterOnMap.WATCHED


def _customer(pin: listing.CustomerPin) -> CustomerMark:
    return CustomerMark(
        CustomerId(pin.id),
        pin.name,
        pin.account_number,
        Place(pin.latitude_microdegrees, pin.longitude_microdegrees),
        pin.state,
    )


def _crowds(found: Collection[CellCount]) -> tuple[list[CellCount], ...]:
    """Return the cells that are too full to be shown one by one, each with its states.

    The emptiest are shown while they are no crowd, and all together no more than a screen draws.
    """
    by_cell: dict[int, list[CellCount]] = {}
    for one in found:
        by_cell.setdefault(one.cell, []).append(one)
    cells = sorted(by_cell.values(), key=_size_of)
    shown = alone = 0
    for parts in cells:
        alone += _size_of(parts)
        if _size_of(parts) > CROWD or alone > CUSTOMERS_MAX:
            break
        shown += 1
    return tuple(cells[shown:])


def _size_of(parts: list[CellCount]) -> int:
    return sum(one.customers for one in parts)


def _cell(grid: listing.Grid, parts: list[CellCount]) -> CellMark:
    count = _size_of(parts)
    by_state = {one.state: one.customers for one in parts}
    return CellMark(
        key=f"{grid.width}:{parts[0].cell}",
        place=Place(
            sum(one.latitudes for one in parts) // count, sum(one.longitudes for one in parts) // count
        ),
        area=Area(
            min(one.south for one in parts),
            min(one.west for one in parts),
            max(one.north for one in parts),
            max(one.east for one in parts),
        ),
        states=tuple((state, by_state[state]) for state in CustomerOnMap if state in by_state),
    )
