"""Places as the REST API takes and tells them: decimal degrees in WGS 84."""

from typing import Annotated

from pydantic import Field

from data.values.places import Place as EarthPlace
from pages.api.schemas import Incoming, Outgoing

Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False, examples=[-0.3031])]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False, examples=[36.08])]


class Place(Outgoing):
    """A point in decimal degrees, WGS 84; north and east are positive."""

    latitude: float
    longitude: float


class AskedPlace(Incoming):
    """Where something is, in decimal degrees, WGS 84; six digits after the point are kept."""

    latitude: Latitude
    longitude: Longitude

    def place(self) -> EarthPlace:
        """Return it as a value."""
        return EarthPlace.of(self.latitude, self.longitude)
