"""The base of every table: an integer key and two instants that our Session fills."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from data.columns import UtcDateTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """A table row: `created_at` and `updated_at` are the transaction's instant."""

    # Rows come from acts and from the database: what Pydantic would check them with is not made for nothing.
    model_config = {"defer_build": True}

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=False)
    updated_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=False)
