"""The map: where routers stand and customers are served, and how each is now; the same as a list beside it."""

from enum import StrEnum

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from benfex.application import Benfex
from benfex.core.events import CustomerChanged, RouterSampled, RouterStatusChanged, SubscriptionChanged
from benfex.customers.views import customer
from benfex.network.map_views import (
    MapQuestion,
    MapSeen,
    customers_on_map,
    map_extent,
    on_map,
    placed,
)
from benfex.network.views import list_routers, router
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.elements import box, button, card, text
from components.empty_state import empty_state
from components.feedback import Note
from components.place_map import Mark, PlaceMap, cell_mark, customer_mark, glyph, router_mark
from components.status_badge import look_of, status_cell
from components.theme import icon
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, RouterId
from data.values.places import Area, CustomerOnMap, Place, RouterOnMap
from data.values.roles import Permission
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.map_places import tiles_of
from pages.admin.phrases import say_count
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.live import on
from pages.screen import screen

_COLUMNS = (Column("who", "Who", "who", sort="name"), Column("state", "State", "badge"))
_NEAR = 4_000  # microdegrees around what somebody came to see
_CUSTOMERS = (
    CustomerOnMap.ONLINE,
    CustomerOnMap.OFFLINE,
    CustomerOnMap.UNPAID,
    CustomerOnMap.LINE_DOWN,
    CustomerOnMap.NOT_KNOWN,
    CustomerOnMap.NOT_SERVED,
)
_ALL = 0  # in the choice of a router


@screen("/admin/map")
async def map_page(
    benfex: BenfexDep, staff: StaffDep, customer: int | None = None, router: int | None = None
) -> None:
    """Show the map; `customer` or `router` is who somebody came to see."""
    with console(
        benfex,
        staff,
        title="Map",
        subtitle="Routers and customers, as the last readings found them",
        active="/admin/map",
        need=Permission.VIEW_NETWORK,
    ):
        extent = await benfex.read(map_extent, staff.actor)
        if extent is None:
            _say_none()
            return
        sought = await _sought(benfex, staff, customer, router)
        view = _MapView(benfex, staff, extent, sought)
        await view.build()
        view.follow()


class _Sought:
    """Whom somebody came to see: the key of the marker, the name, and where, None when nobody said."""

    def __init__(self, key: str, name: str, place: Place | None) -> None:
        self.key, self.name, self.place = key, name, place


async def _sought(
    benfex: Benfex, staff: SignedInStaff, customer_id: int | None, router_id: int | None
) -> _Sought | None:
    try:
        if customer_id is not None:
            person = await benfex.read(customer, staff.actor, customer_id=CustomerId(customer_id))
            return _Sought(f"c{customer_id}", person.name, person.place)
        if router_id is not None:
            tower = await benfex.read(router, staff.actor, router_id=RouterId(router_id))
            return _Sought(f"r{router_id}", tower.name, tower.place)
    except NotFound:
        return None  # an old link: the map is shown all the same
    return None


class _MapView:
    """The map with its legend, which is its filter too, and the list of what it shows."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, extent: Area, sought: _Sought | None) -> None:
        self._benfex, self._staff, self._extent, self._sought = benfex, staff, extent, sought
        self._router_id: RouterId | None = None
        self._hidden: set[StrEnum] = set()
        self._chips: dict[StrEnum, tuple[ui.element, TextElement]] = {}
        self._seen: MapSeen | None = None
        self._ticket = 0
        place = sought.place if sought else None
        self._area = _around(place) if place else extent

    async def build(self) -> None:
        """Create it, with what the list says already."""
        routers = await self._benfex.read(list_routers, self._staff.actor)
        counted = await self._benfex.read(placed, self._staff.actor)
        if self._sought is not None and self._sought.place is None:
            Note(tone="warn", symbol="map-pin").set(
                f"{self._sought.name} has no place yet. Open it, choose Edit, and paste one."
            )
        with box("bf-grid bf-main"):
            with card(classes="clip"):
                self._build_tools({one.router_id: one.name for one in routers})
                self._map = PlaceMap(
                    label="Map of routers and customers",
                    area=self._area,
                    tiles=tiles_of(self._benfex),
                    on_view=self._looked_at,
                )
                self._build_legend()
                with box("bf-mapfoot"):
                    self._words = text("", "bf-sub num", role="status", aria_live="polite")
                    text(
                        f"{counted.placed_customers:,} of {say_count(counted.customers, 'customer')} and "
                        f"{counted.placed_routers:,} of {say_count(counted.routers, 'router')} have a place",
                        "bf-sub num bf-end",
                    )
            self._table = self._build_list()
        await self._load()

    def follow(self) -> None:
        """Keep it true for as long as the page is open."""
        soon = Unhurried(self._load, seconds=3)
        on_each(self._benfex, (RouterStatusChanged, SubscriptionChanged, CustomerChanged), soon.ask)
        # Readings are many and mostly find what was there: they change what is shown, or nothing at all.
        calm = Unhurried(self._load_changes, seconds=5)
        on(self._benfex, RouterSampled, calm.ask)

    def _build_tools(self, names: dict[RouterId, str]) -> None:
        with box("bf-tools"):
            chosen = ui.select({_ALL: "All routers"} | names, value=_ALL).classes("bf-input bf-narrow")
            chosen.props("outlined dense options-dense popup-content-class=bf-menu-pop behavior=menu")
            chosen.props["aria-label"] = "Customers of which router"
            chosen.on_value_change(lambda event: self._narrow(event.value)).mark("map-router")
            button("Show all", self._show_everything, kind="ghost", icon="globe", classes="small bf-end")

    def _build_legend(self) -> None:
        with box("bf-legendbar", role="group", aria_label="Legend: press a state to hide or show it"):
            for tower in RouterOnMap:
                look = look_of(tower)
                with self._chip(tower, f"Router {look.label.lower()}"), box("bf-tower key", "span") as sign:
                    sign.props["data-tone"] = look.tone
                    icon(look.icon)
            for person in _CUSTOMERS:
                with self._chip(person, look_of(person).label):
                    glyph(person)

    def _chip(self, state: StrEnum, label: str) -> ui.element:
        chip = box("bf-tab bf-chip", "button", type="button", aria_pressed="true").mark(f"show-{state}")
        place = box("", "span")
        place.move(chip)
        with chip:
            text(label, tag="span")
            count = text("", "num", "em")
        chip.on("click", lambda: self._toggle(state))
        self._chips[state] = (chip, count)
        return place

    def _build_list(self) -> DataTable:
        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            if query.tab == "routers":
                return self._router_rows(query)
            page = await self._benfex.read(
                customers_on_map,
                await self._staff.fresh(),
                question=self._question,
                request=page_request(query),
            )
            rows = [
                _row(f"c{one.customer_id}", one.name, one.account_number, one.state, one.place)
                for one in page.rows
            ]
            return rows, page.total

        return DataTable(
            _COLUMNS,
            fetch,
            label="What the map shows, as a list",
            sort="name",
            size=10,
            search_hint="Find in this view",
            tabs=[TableTab("customers", "Customers"), TableTab("routers", "Routers")],
            row_actions=[RowAction("show", "Show on the map", "map-pin", self._go_to)],
            empty=Empty("Nothing in this view", "Move the map, or show more states.", "map-pin"),
        )

    def _router_rows(self, query: TableQuery) -> tuple[list[Row], int]:
        found = [
            one
            for one in (self._seen.routers if self._seen else ())
            if query.search.lower() in f"{one.name} {one.site}".lower()
        ]
        if query.descending:
            found.reverse()
        first = (query.page - 1) * query.size
        rows = [
            _row(f"r{one.router_id}", one.name, one.site or "no site", one.state, one.place)
            for one in found[first : first + query.size]
        ]
        return rows, len(found)

    @property
    def _question(self) -> MapQuestion:
        return MapQuestion(
            self._area,
            self._router_id,
            frozenset(state for state in CustomerOnMap if state not in self._hidden),
            frozenset(state for state in RouterOnMap if state not in self._hidden),
        )

    async def _load(self) -> None:
        """Read what lies in the view, and show it."""
        seen = await self._read()
        if seen is not None:
            await self._show(seen)

    async def _load_changes(self) -> None:
        seen = await self._read()
        if seen is not None and seen != self._seen:
            await self._show(seen)

    async def _read(self) -> MapSeen | None:
        """Return what lies in the view, None when it was asked for anew meanwhile: the last answer counts."""
        self._ticket += 1
        ticket = self._ticket
        seen = await self._benfex.read(on_map, await self._staff.fresh(), question=self._question)
        return seen if ticket == self._ticket else None

    async def _show(self, seen: MapSeen) -> None:
        self._seen = seen
        self._map.show(self._marks(seen))
        for state, (_, count) in self._chips.items():
            amount = _count_of(seen, state)
            count.set_text(f"{amount:,}" if amount else "")
        self._words.set_text(_say(seen))
        self._table.set_count("customers", f"{seen.total:,}")
        self._table.set_count("routers", f"{len(seen.routers):,}")
        await self._table.refresh()

    def _marks(self, seen: MapSeen) -> list[Mark]:
        key = self._sought.key if self._sought else ""
        towers = [
            router_mark(
                one.router_id,
                name=one.name,
                place=one.place,
                state=one.state,
                href=f"/admin/routers/{one.router_id}",
                focus=key == f"r{one.router_id}",
            )
            for one in seen.routers
        ]
        people = [
            customer_mark(
                one.customer_id,
                name=one.name,
                place=one.place,
                state=one.state,
                href=f"/admin/customers/{one.customer_id}",
                focus=key == f"c{one.customer_id}",
            )
            for one in seen.customers
        ]
        crowds = [cell_mark(one.key, place=one.place, area=one.area, states=one.states) for one in seen.cells]
        return [*towers, *people, *crowds]

    async def _looked_at(self, area: Area) -> None:
        if area != self._area:
            self._area = area
            await self._begin_anew()

    async def _begin_anew(self) -> None:
        await self._load()
        await self._table.start_over()

    async def _narrow(self, router_id: int) -> None:
        self._router_id = RouterId(router_id) if router_id != _ALL else None
        await self._begin_anew()

    async def _toggle(self, state: StrEnum) -> None:
        self._hidden ^= {state}
        self._chips[state][0].props["aria-pressed"] = "false" if state in self._hidden else "true"
        await self._begin_anew()

    async def _show_everything(self) -> None:
        extent = await self._benfex.read(map_extent, await self._staff.fresh())
        self._map.fit(extent or self._extent)

    async def _go_to(self, key: str) -> None:
        marker, _, degrees = key.partition("@")
        latitude, _, longitude = degrees.partition(",")
        place = Place(int(latitude), int(longitude))
        self._sought = _Sought(marker, "", place)
        self._map.go_to(_around(place))
        await self._load()


def _row(key: str, name: str, note: str, state: StrEnum, place: Place) -> Row:
    what = "customers" if key[0] == "c" else "routers"
    row: Row = {
        "id": f"{key}@{place.latitude_microdegrees},{place.longitude_microdegrees}",
        "href": f"/admin/{what}/{key[1:]}",
    }
    return row | who_cell("who", name, note) | status_cell("state", state)


def _around(place: Place) -> Area:
    return Area(
        place.latitude_microdegrees - _NEAR,
        place.longitude_microdegrees - _NEAR,
        place.latitude_microdegrees + _NEAR,
        place.longitude_microdegrees + _NEAR,
    )


def _count_of(seen: MapSeen, state: StrEnum) -> int:
    if isinstance(state, RouterOnMap):
        return seen.router_counts.get(state, 0)
    assert isinstance(state, CustomerOnMap)
    return seen.customer_counts.get(state, 0)


def _say(seen: MapSeen) -> str:
    here = f"{say_count(seen.total, 'customer')} and {say_count(len(seen.routers), 'router')} in view"
    if seen.cells:
        return f"{here}. A number counts who is close together: press it to come closer."
    if seen.is_cut:
        return f"{here}; {len(seen.customers):,} are drawn, the list has all"
    return here


def _say_none() -> None:
    with card():
        empty_state(
            "Nothing is on the map yet",
            "Open a router or a customer, choose Edit, and paste its place as a phone's map shows it, "
            "like -0.3031, 36.08. Programs send it over the REST API.",
            symbol="map-pin",
            action=("Go to routers", "/admin/routers"),
        )
