"""Tokens of programs on the REST API: an access token for an hour, a refresh token for 30 days, used once."""

from dataclasses import dataclass
from datetime import timedelta

from benfex.core.actors import Actor, SystemActor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.identity.login import WrongCredentials, actor_of
from data.models.identity import ApiToken
from data.queries import users as user_queries
from data.values.identifiers import UserId, hash_token, new_token

ACCESS_LIFETIME = timedelta(hours=1)
_REFRESH_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """Both tokens, told once; what is kept is their hashes."""

    access_token: str
    refresh_token: str
    expires_in_seconds: int


def issue_token(uow: UnitOfWork, *, user_id: UserId) -> IssuedToken:
    """Return fresh tokens for a user whose password was checked."""
    assert isinstance(uow.actor, SystemActor), "only the sign-in door issues tokens"
    access, refresh = new_token(), new_token()
    uow.session.add(
        ApiToken(
            user_id=user_id,
            access_hash=hash_token(access),
            refresh_hash=hash_token(refresh),
            expires_at=uow.now + ACCESS_LIFETIME,
            refresh_expires_at=uow.now + _REFRESH_LIFETIME,
        )
    )
    return IssuedToken(access, refresh, int(ACCESS_LIFETIME.total_seconds()))


def refresh_token(uow: UnitOfWork, *, refresh: str) -> IssuedToken:
    """Return fresh tokens for a refresh token, which is used up by it. Raises WrongCredentials."""
    row = user_queries.token_by_refresh(uow.session, refresh_hash=hash_token(refresh))
    if row is None or row.revoked_at is not None or row.refresh_expires_at <= uow.now:
        raise WrongCredentials("This refresh token is not valid any more. Sign in again.")
    user = user_queries.find_user(uow.session, row.user_id)
    if user is None or not user.is_active:
        raise WrongCredentials("This account was closed.")
    row.revoked_at = uow.now
    return issue_token(uow, user_id=UserId(row.user_id))


def actor_of_access_token(snapshot: Snapshot, *, access: str) -> Actor | None:
    """Return who is behind an access token, None when it ended, was revoked or never was."""
    found = user_queries.token_with_user(snapshot.session, access_hash=hash_token(access))
    if found is None or found[0].revoked_at is not None or found[0].expires_at <= snapshot.now:
        return None
    return actor_of(found[1])
