"""SELECTs about users, sessions, tokens and failed sign-ins."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from data.models.customer import Customer
from data.models.identity import ApiToken, IdempotencyKey, LoginThrottle, User, UserSession
from data.session import Session
from data.values.roles import Role


def find_user(session: Session, user_id: int) -> User | None:
    """Return the user, or None."""
    return session.get(User, user_id)


def user_by_email(session: Session, email: str) -> User | None:
    """Return the user with this e-mail address, or None."""
    return session.scalars(select(User).where(User.email == email)).one_or_none()


def user_by_phone(session: Session, phone: str) -> User | None:
    """Return the user with this phone number, or None."""
    return session.scalars(select(User).where(User.phone == phone)).one_or_none()


def user_by_account_number(session: Session, account_number: str) -> User | None:
    """Return the subscriber's user behind an account number, or None."""
    return session.scalars(
        select(User)
        .join(Customer, Customer.id == User.customer_id)
        .where(Customer.account_number == account_number)
    ).one_or_none()


def user_of_customer(session: Session, customer_id: int) -> User | None:
    """Return the user of a customer, or None when they cannot sign in."""
    return session.scalars(select(User).where(User.customer_id == customer_id)).one_or_none()


def has_owner(session: Session) -> bool:
    """Return whether an owner exists, which closes the first-run page for ever."""
    return session.execute(select(User.id).where(User.role == Role.OWNER).limit(1)).first() is not None


def session_with_user(session: Session, token_hash: str) -> tuple[UserSession, User] | None:
    """Return a browser's session and its user, or None."""
    row = session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.token_hash == token_hash)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def token_with_user(session: Session, *, access_hash: str) -> tuple[ApiToken, User] | None:
    """Return an API token and its user, or None."""
    row = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.access_hash == access_hash)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def token_by_refresh(session: Session, *, refresh_hash: str) -> ApiToken | None:
    """Return the API token that a refresh token renews, or None."""
    return session.scalars(select(ApiToken).where(ApiToken.refresh_hash == refresh_hash)).one_or_none()


def revoke_sessions(session: Session, *, user_id: int, at: datetime) -> None:
    """End all sessions and tokens of a user."""
    for table in (UserSession, ApiToken):
        session.execute(
            update(table)
            .where(table.user_id == user_id, table.revoked_at.is_(None))
            .values(revoked_at=at)
            .execution_options(synchronize_session=False)
        )


def throttles(session: Session, key_hashes: Sequence[str]) -> list[LoginThrottle]:
    """Return what is known of failed sign-ins under these keys."""
    return list(session.scalars(select(LoginThrottle).where(LoginThrottle.key_hash.in_(key_hashes))))


def idempotency_key(session: Session, *, user_id: int, key: str) -> IdempotencyKey | None:
    """Return the answer that was given under a key, or None."""
    return session.scalars(
        select(IdempotencyKey).where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
    ).one_or_none()


def purge_identity(session: Session, *, before: datetime) -> None:
    """Delete sessions, tokens, throttles and idempotency keys that ended before the instant."""
    session.execute(delete(UserSession).where(UserSession.expires_at < before))
    session.execute(delete(ApiToken).where(ApiToken.refresh_expires_at < before))
    session.execute(delete(LoginThrottle).where(LoginThrottle.window_started_at < before))
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < before))
