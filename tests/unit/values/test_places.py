"""Places as people paste them from a phone's map, and what is refused."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.values.errors import InvalidInput
from data.values.places import LATITUDE_MAX, LONGITUDE_MAX, Area, Place, parse_place

NAKURU = Place(-303_100, 36_080_000)


@pytest.mark.parametrize(
    "text",
    [
        "-0.3031, 36.08",
        "-0.3031,36.08",
        "-0.303100 36.080000",
        "  (-0.3031; 36.08) ",
        "−0.3031, 36.08",
        "-0.3031°, 36.08°",
        "-0,3031; 36,08",
        "-0,3031, 36,08",
        "0.3031 S, 36.08 E",
        "0.3031° S 36.08° E",
        "0°18'11.16\"S 36°04'48.0\"E",
        "0°18′11.16″S, 36°4′48″E",
        "0° 18.186' s 36° 4.8' e",
        "geo:-0.3031,36.08?z=17",
        "https://www.google.com/maps/place/Nakuru/@-0.3031,36.08,15z/data=!3m1",
        "https://www.google.com/maps/place/X/@-1.5,30.1,9z/data=!8m2!3d-0.3031!4d36.08",
        "https://maps.google.com/?q=-0.3031,36.08",
        "https://www.google.com/maps/search/?api=1&query=-0.3031%2C36.08",
        "https://www.openstreetmap.org/?mlat=-0.3031&mlon=36.08#map=15/-0.2/36.0",
        "https://www.openstreetmap.org/#map=15/-0.3031/36.08",
        "https://maps.apple.com/?ll=-0.3031,36.08&q=Nakuru",
    ],
)
def test_what_a_phone_gives_is_understood(text: str) -> None:
    assert parse_place(text) == NAKURU


def test_nothing_written_is_no_place() -> None:
    assert parse_place("") is None
    assert parse_place("   ") is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Kenyatta Avenue", "Write latitude and longitude"),
        ("-0.3031", "Write latitude and longitude"),
        ("-0.3031, 36.08, 12", "Write latitude and longitude"),
        ("0,3031", "Write latitude and longitude"),
        ("0°61'00\"S 36°04'48\"E", "Write latitude and longitude"),
        ("nan, inf", "Write latitude and longitude"),
        ("90.000001, 36", "A latitude is from -90 to 90"),
        ("36.08, 180.5", "A longitude is from -180 to 180"),
        ("91 S, 36 E", "A latitude is from -90 to 90"),
        ("https://maps.app.goo.gl/AbCdEf", "short link"),
    ],
)
def test_what_is_no_place_is_refused_at_its_field(text: str, part: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_place(text, field="map_place")
    assert refused.value.field == "map_place"
    assert part in refused.value.message


def test_the_ends_of_the_earth_are_places() -> None:
    assert parse_place("90, -180") == Place(LATITUDE_MAX, -LONGITUDE_MAX)
    assert parse_place("-90, 180") == Place(-LATITUDE_MAX, LONGITUDE_MAX)


@pytest.mark.parametrize(
    ("latitude", "longitude", "field"),
    [(90.1, 0, "latitude"), ("-91", 0, "latitude"), (0, 181, "longitude"), (0, float("nan"), "longitude")],
)
def test_numbers_outside_the_earth_name_which_they_are(
    latitude: float | str, longitude: float | str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Place.of(latitude, longitude)
    assert refused.value.field == field


def test_degrees_are_kept_to_the_microdegree() -> None:
    assert Place.of("-0.30310049", "36.08000051") == Place(-303_100, 36_080_001)
    assert Place.of(Decimal("0.1"), 0.2) == Place(100_000, 200_000)
    assert str(Place(-303_100, 36_080_000)) == "-0.3031, 36.08"
    assert str(Place(0, -1)) == "0, -0.000001"


@given(
    st.integers(-LATITUDE_MAX, LATITUDE_MAX),
    st.integers(-LONGITUDE_MAX, LONGITUDE_MAX),
)
def test_what_is_written_reads_back_as_the_same_place(latitude: int, longitude: int) -> None:
    place = Place(latitude, longitude)
    assert parse_place(str(place)) == place
    assert Place.of(place.latitude, place.longitude) == place


def test_a_long_text_is_refused_without_a_pause() -> None:
    for text in ("1" + " " * 5_000 + "x", "1 " * 2_000, "https://" + "@1," * 1_000, "1°" * 900 + "S"):
        with pytest.raises(InvalidInput):
            parse_place(text)


@given(st.text(max_size=60))
def test_any_text_is_a_place_on_the_earth_or_refused(text: str) -> None:
    with suppress(InvalidInput):  # and raises nothing else
        place = parse_place(text)
        assert place is None or abs(place.latitude) <= 90 >= abs(place.longitude) / 2


def test_what_a_map_shows_ends_where_the_earth_does() -> None:
    assert Area.seen(-120, -200, 120, 200) == Area(-LATITUDE_MAX, -LONGITUDE_MAX, LATITUDE_MAX, LONGITUDE_MAX)
    assert Area.seen(-1, 36, 0, 37).middle == Place(-500_000, 36_500_000)


def test_a_row_has_a_place_or_none() -> None:
    assert Place.kept(None, None) is None
    assert Place.kept(0, 0) == Place(0, 0)
