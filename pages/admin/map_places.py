"""A place in a form: written, pasted, or picked on a small map between the routers."""

from benfex.application import Benfex
from benfex.network.map_views import map_extent, routers_on_map
from components.elements import box, button, link, text
from components.form import Form
from components.place_map import Mark, PlaceMap, Tiles, router_mark
from data.values.errors import InvalidInput
from data.values.places import Area, Place, parse_place
from pages.dependencies import SignedInStaff

_HINT = "Paste it as a phone's map shows it, like -0.3031, 36.08, or its link. Empty: not on the map."
_WORLD = Area.seen(-40, -60, 60, 130)


def tiles_of(benfex: Benfex) -> Tiles | None:
    """Return the operator's tiles as the map wants them, None for the plain ground."""
    tiles = benfex.settings.tiles
    return Tiles(tiles.url, tiles.attribution) if tiles else None


def ask_place(benfex: Benfex, staff: SignedInStaff, form: Form, value: Place | None = None) -> None:
    """Add the field `place` to a form, with a map that opens below it."""
    control = form.place("place", "Place on the map", value, hint=_HINT)

    def written() -> Place | None:
        try:
            return parse_place(str(control.value or ""))
        except InvalidInput:
            return None  # it is said when the form is sent

    def pick(place: Place) -> None:
        control.set_value(str(place))

    async def open_map() -> None:
        actor = await staff.fresh()
        routers = await benfex.read(routers_on_map, actor)
        extent = await benfex.read(map_extent, actor)
        towers = [
            router_mark(one.router_id, name=one.name, place=one.place, state=one.state) for one in routers
        ]
        opener.set_visibility(False)
        with holder:
            text("Click where it is.", "bf-sub")
            chosen = PlaceMap(
                label="Pick a place",
                area=_around(written(), extent),
                tiles=tiles_of(benfex),
                on_pick=pick,
                classes="small",
            )
        chosen.show([*towers, *_pin(written())])
        control.on_value_change(lambda: chosen.show([*towers, *_pin(written())]))

    with box("bf-stack tight") as holder:
        opener = button("Pick on a map", open_map, kind="ghost", icon="map-pin", classes="small")


def place_fact(place: Place, href: str) -> None:
    """Say in a list of facts where something is, and lead to the map."""
    text(f"{place} ", "num", "span")
    link("On the map", href, "bf-link bf-nowrap")


def _pin(place: Place | None) -> list[Mark]:
    return [Mark("picked", "customer", place, "Here", state="picked", focus=True)] if place else []


def _around(place: Place | None, extent: Area | None) -> Area:
    if place is None:
        return extent or _WORLD
    return Area(
        place.latitude_microdegrees,
        place.longitude_microdegrees,
        place.latitude_microdegrees,
        place.longitude_microdegrees,
    )
