"""Places on the earth, as people and programs write them, and what a map shows there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Final, Self
from urllib.parse import unquote

from data.values.errors import InvalidInput

MICRO: Final = 1_000_000  # a microdegree is 11 cm at most
LATITUDE_MAX: Final = 90 * MICRO
LONGITUDE_MAX: Final = 180 * MICRO

_TEXT_MAX: Final = 2_000
_HOW: Final = "Write latitude and longitude, as a phone's map shows them: -0.30310, 36.08000."
_SHORT_LINK: Final = "This short link does not hold the place itself. Copy the two numbers from the map."
_NUMBER: Final = r"[+-]?\d{1,3}(?:\.\d{1,15})?"
_PAIR: Final = re.compile(rf"({_NUMBER})(?:\s*[,;]\s*|\s+)({_NUMBER})")
# A comma as decimal sign is unmistakable only where the two numbers are parted by something else.
_COMMA_PAIR: Final = re.compile(r"([+-]?\d{1,3},\d{1,15})(?:\s*;\s*|,?\s+)([+-]?\d{1,3},\d{1,15})")
_ANGLE: Final = (
    r"(\d{1,3}(?:\.\d{1,15})?)\s*[°º]?\s*"
    r"(?:(\d{1,2}(?:\.\d{1,12})?)\s*['′’]\s*)?(?:(\d{1,2}(?:\.\d{1,10})?)\s*(?:[\"″”]|'')\s*)?"
)
_LETTERED: Final = re.compile(rf"{_ANGLE}([NS])[\s,;]*{_ANGLE}([EW])", re.IGNORECASE)
# What maps put into the addresses they share: Google Maps, OpenStreetMap, Apple Maps, and RFC 5870's geo:.
_IN_LINKS: Final = (
    re.compile(rf"!3d({_NUMBER})!4d({_NUMBER})"),
    re.compile(rf"[?&](?:q|query|ll|sll|destination|center|daddr)=(?:loc:)?({_NUMBER}),\s*({_NUMBER})"),
    re.compile(rf"[?&]mlat=({_NUMBER})&mlon=({_NUMBER})"),
    re.compile(rf"@({_NUMBER}),({_NUMBER})"),
    re.compile(rf"#map=\d+(?:\.\d+)?/({_NUMBER})/({_NUMBER})"),
    re.compile(rf"^geo:({_NUMBER}),({_NUMBER})", re.IGNORECASE),
    re.compile(rf"/({_NUMBER}),({_NUMBER})(?:[/?]|$)"),
)


class RouterOnMap(StrEnum):
    """What a map says of a router; `watched` answers and is not written by us."""

    UP = "up"
    WATCHED = "watched"
    DOWN = "down"
    NOT_ASKED = "not_asked"


class CustomerOnMap(StrEnum):
    """What a map says of a customer: of several services the gravest, which is the one named first here.

    `unpaid` is cut off for money; `line_down` is on a router that does not answer, `not_known` on one that was not
    read lately; `not_served` has no service that ought to be online, such as a paused one.
    """

    UNPAID = "unpaid"
    LINE_DOWN = "line_down"
    OFFLINE = "offline"
    NOT_KNOWN = "not_known"
    ONLINE = "online"
    NOT_SERVED = "not_served"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A point in WGS 84, in whole microdegrees; north and east are positive. Written "-0.3031, 36.08"."""

    latitude_microdegrees: int
    longitude_microdegrees: int

    @classmethod
    def of(cls, latitude: Decimal | float | str, longitude: Decimal | float | str) -> Self:
        """Return the place at these decimal degrees, rounded to the microdegree.

        Raises InvalidInput naming latitude or longitude when it is outside the earth.
        """
        return cls(
            _micro(latitude, LATITUDE_MAX, "latitude", "A latitude is from -90 to 90 degrees."),
            _micro(longitude, LONGITUDE_MAX, "longitude", "A longitude is from -180 to 180 degrees."),
        )

    @classmethod
    def kept(cls, latitude_microdegrees: int | None, longitude_microdegrees: int | None) -> Self | None:
        """Return the place of a row, None where it has none."""
        if latitude_microdegrees is None or longitude_microdegrees is None:
            return None
        return cls(latitude_microdegrees, longitude_microdegrees)

    @property
    def latitude(self) -> float:
        """Return decimal degrees, for maps and programs."""
        return self.latitude_microdegrees / MICRO

    @property
    def longitude(self) -> float:
        """Return decimal degrees, for maps and programs."""
        return self.longitude_microdegrees / MICRO

    def __str__(self) -> str:
        return f"{_degrees(self.latitude_microdegrees)}, {_degrees(self.longitude_microdegrees)}"


@dataclass(frozen=True, slots=True)
class Area:
    """What lies between two parallels and two meridians, edges included; it does not cross 180 degrees."""

    south: int
    west: int
    north: int
    east: int

    @classmethod
    def seen(cls, south: float, west: float, north: float, east: float) -> Self:
        """Return what a map shows between these decimal degrees, cut at the ends of the earth."""
        return cls(
            _within(south, LATITUDE_MAX),
            _within(west, LONGITUDE_MAX),
            _within(north, LATITUDE_MAX),
            _within(east, LONGITUDE_MAX),
        )

    @property
    def middle(self) -> Place:
        """Return its middle."""
        return Place((self.south + self.north) // 2, (self.west + self.east) // 2)


def parse_place(text: str, *, field: str = "place") -> Place | None:
    """Return the place that a person wrote or pasted, None for an empty text.

    Decimal degrees, degrees with minutes and seconds and a letter, and links that maps share are understood.
    Raises InvalidInput naming `field`.
    """
    one_line = " ".join(unquote(text[:_TEXT_MAX]).split())
    written = one_line.replace("−", "-").strip("()[] ")
    if not written:
        return None
    found = _lettered(written) if not _is_link(written) else None
    if found is None:
        found = _numbers(written)
    if found is None:
        raise InvalidInput(field, _SHORT_LINK if _is_link(written) else _HOW)
    try:
        return Place.of(*found)
    except InvalidInput as refusal:
        raise InvalidInput(field, f"{refusal.message} {_HOW}") from refusal


def _is_link(text: str) -> bool:
    return "://" in text or text.lower().startswith("geo:")


def _numbers(text: str) -> tuple[Decimal, Decimal] | None:
    if _is_link(text):
        match = next((found for pattern in _IN_LINKS if (found := pattern.search(text))), None)
    else:
        match = _PAIR.fullmatch(text.replace("°", "")) or _COMMA_PAIR.fullmatch(text.replace("°", ""))
    if match is None:
        return None
    latitude, longitude = (Decimal(part.replace(",", ".")) for part in match.groups())
    return latitude, longitude


def _lettered(text: str) -> tuple[Decimal, Decimal] | None:
    match = _LETTERED.fullmatch(text)
    if match is None:
        return None
    *north, first, degrees, minutes, seconds, second = match.groups()
    latitude, longitude = _angle(*north), _angle(degrees, minutes, seconds)
    if latitude is None or longitude is None:
        return None
    return (
        -latitude if first.upper() == "S" else latitude,
        -longitude if second.upper() == "W" else longitude,
    )


def _angle(degrees: str, minutes: str | None, seconds: str | None) -> Decimal | None:
    parts = [Decimal(part or 0) for part in (degrees, minutes, seconds)]
    if parts[1] >= 60 or parts[2] >= 60:
        return None
    return parts[0] + parts[1] / 60 + parts[2] / 3600


def _micro(degrees: Decimal | float | str, most: int, field: str, refusal: str) -> int:
    exact = Decimal(str(degrees)) * MICRO
    if not exact.is_finite() or abs(exact) > most:
        raise InvalidInput(field, refusal)
    return int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


def _within(degrees: float, most: int) -> int:
    return max(-most, min(most, round(degrees * MICRO)))


def _degrees(microdegrees: int) -> str:
    whole, rest = divmod(abs(microdegrees), MICRO)
    sign = "-" if microdegrees < 0 else ""
    return f"{sign}{whole}.{rest:06d}".rstrip("0").rstrip(".")
