"""Accounts that can sign in, their sessions and tokens. People we bill live in `customer`."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import UtcDateTime, enum_column
from data.values.roles import Role


class User(Row, table=True):
    """Someone who can sign in; a subscriber has a customer, staff have none."""

    __tablename__ = "user_account"
    __table_args__ = (
        CheckConstraint("(role = 'subscriber') = (customer_id IS NOT NULL)", name="subscriber_has_customer"),
    )

    name: str = Field(max_length=120)
    email: str | None = Field(default=None, max_length=254, unique=True)
    phone: str | None = Field(default=None, max_length=16, unique=True)
    password_hash: str = Field(max_length=256)
    role: Role = Field(sa_column=enum_column(Role))
    customer_id: int | None = Field(default=None, foreign_key="customer.id", unique=True)
    is_active: bool = True
    last_login_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class UserSession(Row, table=True):
    """A browser that is signed in; the cookie holds the token, we hold its hash."""

    __tablename__ = "user_session"

    user_id: int = Field(foreign_key="user_account.id", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    user_agent: str = Field(default="", max_length=200)


class ApiToken(Row, table=True):
    """A program that is signed in to the REST API: an access token and its refresh token, both hashed."""

    __tablename__ = "api_token"

    user_id: int = Field(foreign_key="user_account.id", index=True)
    access_hash: str = Field(max_length=64, unique=True)
    refresh_hash: str = Field(max_length=64, unique=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    refresh_expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LoginThrottle(Row, table=True):
    """How often signing in failed lately for one name or one address."""

    __tablename__ = "login_throttle"

    key_hash: str = Field(max_length=64, unique=True)
    failures: int = 0
    window_started_at: datetime = Field(sa_type=UtcDateTime)
    locked_until_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class IdempotencyKey(Row, table=True):
    """The answer once given to an unsafe API call, so that a repeat gets the same one."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    user_id: int = Field(foreign_key="user_account.id")
    key: str = Field(max_length=255)
    request_hash: str = Field(max_length=64)
    status: int
    body: str = Field(sa_column=Column(Text, nullable=False))
