"""The shapes that all resources of the REST API share. Each resource's own are in its file."""

from datetime import date
from typing import Annotated, Any, Generic, Self, TypeVar

from fastapi import Depends, Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from benfex.core.paging import SIZE_MAX, Slice, SliceRequest
from data.values.errors import InvalidInput
from data.values.money import LARGEST_MINOR, Money, check_currency

T = TypeVar("T")
R = TypeVar("R")

_LARGEST_ID = 2**31 - 1
LARGEST_COUNT = 2**53 - 1  # what every JSON reader keeps exact (RFC 8259, section 6)


def without_control_characters(text: str) -> str:
    """Return the text. Raises ValueError for characters that no field may hold; PostgreSQL refuses NUL."""
    if any(letter < " " and letter not in "\n\t" for letter in text):
        raise ValueError("Leave out control characters.")
    return text


Text = Annotated[str, StringConstraints(max_length=500), AfterValidator(without_control_characters)]


def _written_out(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("Write the date like 2026-11-23.")
    return value


# A bare number would be read as seconds since 1970.
Day = Annotated[date, BeforeValidator(_written_out)]
Id = Annotated[StrictInt, Field(ge=1, le=_LARGEST_ID)]
PathId = Annotated[int, Path(ge=1, le=_LARGEST_ID)]
QueryId = Annotated[int, Query(ge=1, le=_LARGEST_ID)]


class Incoming(BaseModel):
    """What callers send: unknown fields are refused, so that a slip of the pen is not silence."""

    model_config = ConfigDict(extra="forbid")


class Outgoing(BaseModel):
    """What callers get, read off the records of views."""

    model_config = ConfigDict(from_attributes=True)


class Amount(Outgoing):
    """Money in whole minor units: 250000 with KES is KES 2,500.00."""

    amount_minor: StrictInt
    currency: str = Field(description="ISO 4217", examples=["KES"])

    @model_validator(mode="before")
    @classmethod
    def _of_money(cls, value: object) -> object:
        return value.to_json() if isinstance(value, Money) else value


class AskedAmount(Incoming):
    """Money that a caller names. Whole minor units only; 12.5 and true are refused."""

    amount_minor: StrictInt = Field(ge=-LARGEST_MINOR, le=LARGEST_MINOR)
    currency: str = Field(description="ISO 4217", examples=["KES"])

    @field_validator("currency")
    @classmethod
    def _known(cls, currency: str) -> str:
        try:
            return check_currency(currency)
        except InvalidInput as cause:
            raise ValueError(cause.message) from cause

    def money(self) -> Money:
        """Return the amount as a value."""
        return Money(self.amount_minor, self.currency)


class Listing(BaseModel, Generic[T]):
    """Some of a list; `next_cursor` asks for what follows and is null at the end."""

    items: list[T]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Slice[R]) -> Self:
        """Return the slice that a view found."""
        body: dict[str, Any] = {"items": found.rows, "next_cursor": found.next_cursor}
        return cls.model_validate(body, from_attributes=True)


def slice_request(
    limit: Annotated[int, Query(ge=1, le=SIZE_MAX, description="How many rows to return.")] = 25,
    cursor: Annotated[
        str | None, Query(max_length=80, description="`next_cursor` of the call before.")
    ] = None,
) -> SliceRequest:
    """Return which slice of a list is asked for."""
    return SliceRequest(limit, cursor)


SliceDep = Annotated[SliceRequest, Depends(slice_request)]
