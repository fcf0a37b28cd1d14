"""When routers did not answer, and what their subscribers were credited for it."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime


class RouterOutage(Row, table=True):
    """A time in which a router did not answer us; None in `ended_at` while it lasts, and one lasts at a time.

    `lines` is how many it carried when it began. `told_at` is when staff were told, `credited_at` when all that was
    to be credited was.
    """

    __tablename__ = "router_outage"
    __table_args__ = (
        Index(
            "ix_router_outage_open",
            "router_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    router_id: int = Field(foreign_key="router.id")
    began_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = Field(default="", max_length=250)
    lines: int = 0
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    credited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OutageCredit(Row, table=True):
    """What one service was credited for an outage, once; nothing where nothing of it was billed.

    With `waits_until_on` it waits, for a service in arrears, until the bill that holds this day is there.
    """

    __tablename__ = "outage_credit"
    __table_args__ = (UniqueConstraint("outage_id", "subscription_id"),)

    outage_id: int = Field(foreign_key="router_outage.id")
    subscription_id: int = Field(foreign_key="subscription.id")
    credit_note_id: int | None = Field(default=None, foreign_key="credit_note.id")
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    waits_until_on: date | None = None
