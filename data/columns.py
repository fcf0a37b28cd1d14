"""Column types: instants, minor units, bytes and states, alike on SQLite and PostgreSQL."""

import json
import math
import re
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Enum, Text
from sqlalchemy.types import TypeDecorator

MinorUnits = BigInteger
ByteCount = BigInteger
SealedText = Text
# Of a row with a place: none, or one on the earth.
ON_EARTH = (
    "(latitude_microdegrees IS NULL AND longitude_microdegrees IS NULL) OR "
    "(latitude_microdegrees BETWEEN -90000000 AND 90000000 "
    "AND longitude_microdegrees BETWEEN -180000000 AND 180000000 "
    "AND latitude_microdegrees IS NOT NULL AND longitude_microdegrees IS NOT NULL)"
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware UTC going in and coming out; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; SQLite keeps UTC without saying so."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class UtcSeconds(TypeDecorator[datetime]):
    """An instant in whole seconds since 1970, for tables of many rows: a quarter of the text of one.

    What is asked with a part of a second is rounded up, which is right for "from" (>=) and for "before" (<).
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Refuse naive instants."""
        return None if value is None else unix_seconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return aware UTC."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


@lru_cache(maxsize=1_024)  # the rows of a poll or a question share a few
def unix_seconds(at: datetime) -> int:
    """Return an instant as `UtcSeconds` keeps it. Raises ValueError when it is naive."""
    if at.tzinfo is None:
        raise ValueError("an instant must be aware")
    return math.ceil(at.timestamp())


class Instants(TypeDecorator[tuple[datetime, ...]]):
    """A few instants in order, as a JSON list of ISO texts in UTC."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[datetime, ...] | None, dialect: Dialect) -> str:
        """Keep them as text; none at all is an empty list."""
        return json.dumps([at.astimezone(UTC).isoformat() for at in value or ()])

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[datetime, ...]:
        """Return aware UTC."""
        return tuple(datetime.fromisoformat(text) for text in json.loads(value or "[]"))


def enum_column(
    kind: type[StrEnum], *, nullable: bool = False, index: bool = False, name: str | None = None
) -> Column[Any]:
    """Return a column of short strings with a CHECK that only the enum's values pass.

    A table class calls it once per field: `status: X = Field(sa_column=enum_column(X))`. `name` names the
    CHECK where one table has two columns of a kind.
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    column_type = Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=24,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
        name=name or words,
    )
    return Column(column_type, nullable=nullable, index=index)
