"""A map of places: markers as data, on a plain ground with degrees, or on the operator's tiles.

How it is drawn is in `static/place_map.js`; how markers look is in `app.css`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Final, Literal

from nicegui import ui
from nicegui.events import GenericEventArguments

from components.elements import checked_href
from components.status_badge import look_of
from components.theme import Tone, icon_name
from data.values.places import Area, CustomerOnMap, Place, RouterOnMap

_ZOOM: Final = 12
_SMALLEST: Final = 3_000  # microdegrees to each side: one place alone is shown with what is around it


@dataclass(frozen=True, slots=True)
class Tiles:
    """Pictures of the ground: an address with {z}, {x} and {y}, and whose they are."""

    url: str
    attribution: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands at a place. `parts` of a cell are tones with their shares in percent; `area` is where it leads."""

    key: str
    kind: Literal["router", "customer", "cell"]
    place: Place
    label: str
    href: str = ""
    state: str = ""
    tone: Tone = "mute"
    icon: str = ""
    name: str = ""
    count: str = ""
    parts: tuple[tuple[Tone, float], ...] = ()
    area: Area | None = None
    focus: bool = False

    def told(self) -> dict[str, Any]:
        """Return it as the browser gets it, without what it does not need."""
        whole = asdict(self) | {"lat": self.place.latitude, "lng": self.place.longitude}
        whole["area"] = _degrees(self.area) if self.area else None
        del whole["place"]
        return {name: value for name, value in whole.items() if value not in ("", None, (), False)}


def router_mark(
    key: int, *, name: str, place: Place, state: RouterOnMap, href: str = "", focus: bool = False
) -> Mark:
    """Return the marker of a router, with its name under it."""
    look = look_of(state)
    label = f"{name}: {look.label}"
    return Mark(
        f"r{key}",
        "router",
        place,
        label,
        href=checked_href(href) if href else "",
        tone=look.tone,
        icon=icon_name(look.icon),
        name=name,
        focus=focus,
    )


def customer_mark(
    key: int, *, name: str, place: Place, state: CustomerOnMap, href: str, focus: bool = False
) -> Mark:
    """Return the marker of a customer."""
    label = f"{name}: {look_of(state).label}"
    return Mark(f"c{key}", "customer", place, label, href=checked_href(href), state=state.value, focus=focus)


def cell_mark(key: str, *, place: Place, area: Area, states: Sequence[tuple[CustomerOnMap, int]]) -> Mark:
    """Return the marker of many customers; it leads closer to them."""
    total = sum(count for _, count in states)
    looks = [(look_of(state), count) for state, count in states]
    said = ", ".join(f"{count:,} {look.label.lower()}" for look, count in looks)
    return Mark(
        f"g{key}",
        "cell",
        place,
        f"{total:,} customers: {said}",
        count=_short(total),
        parts=tuple((look.tone, round(count * 100 / total, 1)) for look, count in looks),
        area=area,
    )


class _Map(ui.leaflet, component="static/place_map.js"):
    """NiceGUI's map with a ground and markers of our own; `shown` are the markers it was last sent."""

    shown: tuple[dict[str, Any], ...] = ()


class PlaceMap:
    """A map that shows `area` first and tells what it shows whenever that changes.

    `on_view` gets the area, `on_pick` the place that was clicked. Their handlers may be coroutines.
    """

    def __init__(
        self,
        *,
        label: str,
        area: Area,
        tiles: Tiles | None = None,
        on_view: Callable[[Area], Awaitable[None] | None] | None = None,
        on_pick: Callable[[Place], Awaitable[None] | None] | None = None,
        classes: str = "",
    ) -> None:
        area = _roomy(area)
        self._on_view, self._on_pick = on_view, on_pick
        middle = area.middle
        self.element = _Map((middle.latitude, middle.longitude), _ZOOM).classes(f"bf-map {classes}")
        self.element.clear_layers()  # NiceGUI adds a tile server of its own
        self.element.props["area"] = _degrees(area)
        self.element.props["label"] = label
        if tiles is not None:
            # Leaflet puts the attribution into the page as HTML.
            self.element.props["tiles"] = {"url": tiles.url, "attribution": escape(tiles.attribution)}
        self.element.on("init", self._send, args=[])
        self.element.on("view", self._viewed)
        self.element.on("pick", self._picked)
        self.element.mark("place-map")

    def show(self, marks: Sequence[Mark]) -> None:
        """Show these markers; those that are there already stay as they are."""
        self.element.shown = tuple(mark.told() for mark in marks)
        self._send()

    def fit(self, area: Area) -> None:
        """Show an area."""
        self.element.run_method("fit", _degrees(_roomy(area)))

    def go_to(self, area: Area) -> None:
        """Show an area, and bring the map into sight."""
        self.element.run_method("go", _degrees(_roomy(area)))

    def _send(self) -> None:
        self.element.run_method("show", self.element.shown)

    async def _viewed(self, event: GenericEventArguments) -> None:
        """Take what the browser shows; it is not trusted to be numbers."""
        match event.args:
            case [
                int() | float() as south,
                int() | float() as west,
                int() | float() as north,
                int() | float() as east,
            ]:
                if self._on_view is not None:
                    await _awaited(self._on_view(Area.seen(south, west, north, east)))

    async def _picked(self, event: GenericEventArguments) -> None:
        match event.args:
            case {"lat": int() | float() as latitude, "lng": int() | float() as longitude}:
                if self._on_pick is not None:
                    await _awaited(self._on_pick(Area.seen(latitude, longitude, latitude, longitude).middle))


def glyph(state: CustomerOnMap) -> ui.element:
    """Create the sign of a customer's state, as the map draws it."""
    element = ui.element("i").classes("bf-glyph")
    element.props["data-state"] = state.value
    element.props["aria-hidden"] = "true"
    return element


def _roomy(area: Area) -> Area:
    grown_high = max(0, _SMALLEST - (area.north - area.south) // 2)
    grown_wide = max(0, _SMALLEST - (area.east - area.west) // 2)
    return Area(
        area.south - grown_high, area.west - grown_wide, area.north + grown_high, area.east + grown_wide
    )


def _degrees(area: Area) -> list[float]:
    low, high = Place(area.south, area.west), Place(area.north, area.east)
    return [low.latitude, low.longitude, high.latitude, high.longitude]


def _short(count: int) -> str:
    return f"{count}" if count < 1_000 else f"{count / 1_000:.1f}".removesuffix(".0") + "k"


async def _awaited(outcome: Awaitable[None] | None) -> None:
    if inspect.isawaitable(outcome):
        await outcome
