"""Sign in and out: sessions of browsers, the actor behind a cookie, and the brake on guessing.

Passwords are verified between transactions, in `passwords`; programs sign in through `tokens`.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from benfex.core.actors import Actor, StaffActor, SubscriberActor, SystemActor
from benfex.core.events import SessionsEnded
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.identity.passwords import PasswordKeeper
from data.models.identity import LoginThrottle, User, UserSession
from data.queries import users as user_queries
from data.values.errors import DomainError, InvalidInput
from data.values.identifiers import (
    CustomerId,
    UserId,
    check_account_number,
    hash_token,
    new_token,
    parse_phone,
)
from data.values.roles import Role

SESSION_LIFETIME = timedelta(hours=12)
# Whole neighbourhoods share one address behind carrier-grade NAT, so an address gets more tries than a name.
_TRIES_PER_NAME, _TRIES_PER_ADDRESS = 5, 30
_WINDOW = timedelta(minutes=15)
_LOCK = timedelta(minutes=1)
_LOCK_MAX = timedelta(minutes=15)
_DOOR = SystemActor("sign-in")


class WrongCredentials(DomainError):
    """Name or password is wrong; which of them is not said."""


class TooManyAttempts(DomainError):
    """Too many wrong passwords for this name or from this address."""

    def __init__(self, retry_after_seconds: int) -> None:
        minutes = -(-retry_after_seconds // 60)
        super().__init__(f"Too many wrong passwords. Try again in {minutes} min.")
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class KnownUser:
    """Who claims to be there, before the password is checked; `password_hash` is None for nobody."""

    user_id: UserId | None
    role: Role | None
    password_hash: str | None
    locked_seconds: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: its token goes into the cookie and is told once."""

    token: str
    role: Role


class SignIn:
    """Checks names and passwords and opens sessions."""

    def __init__(self, transactor: Transactor, passwords: PasswordKeeper) -> None:
        self._transactor = transactor
        self._passwords = passwords

    async def identify(self, *, name: str, password: str, address: str) -> UserId:
        """Return whose name and password these are. Raises WrongCredentials, TooManyAttempts."""
        keys = (_key("name", name), _key("address", address))
        known = await self._transactor.transact(_take_try, _DOOR, name=name, keys=keys)
        if known.locked_seconds > 0:
            raise TooManyAttempts(known.locked_seconds)
        right = await self._passwords.verify(password, known.password_hash)
        if right:
            await self._transactor.transact(_give_back_try, _DOOR, keys=keys)
        if not right or known.user_id is None:
            raise WrongCredentials("That name and password do not belong together.")
        return known.user_id

    async def sign_in(self, *, name: str, password: str, address: str, user_agent: str = "") -> SignedIn:
        """Open a session with a fresh token. Raises WrongCredentials, TooManyAttempts."""
        user_id = await self.identify(name=name, password=password, address=address)
        token = new_token()
        role = await self._transactor.transact(
            open_session, _DOOR, user_id=user_id, token_hash=hash_token(token), user_agent=user_agent
        )
        return SignedIn(token, role)

    async def sign_out(self, token: str) -> None:
        """End the session of a token, if there is one."""
        await self._transactor.transact(close_session, _DOOR, token_hash=hash_token(token))


def open_session(uow: UnitOfWork, *, user_id: UserId, token_hash: str, user_agent: str) -> Role:
    """Open a browser's session for a user and return the user's role."""
    user = user_queries.find_user(uow.session, user_id)
    assert user is not None
    user.last_login_at = uow.now
    uow.session.add(
        UserSession(
            user_id=user_id,
            token_hash=token_hash,
            expires_at=uow.now + SESSION_LIFETIME,
            last_seen_at=uow.now,
            user_agent=user_agent[:200],
        )
    )
    return user.role


def close_session(uow: UnitOfWork, *, token_hash: str) -> None:
    """End a session; an unknown one is ended already."""
    found = user_queries.session_with_user(uow.session, token_hash)
    if found is not None and found[0].revoked_at is None:
        found[0].revoked_at = uow.now
        uow.emit(SessionsEnded(user_id=UserId(found[0].user_id)))


def actor_of_session(snapshot: Snapshot, *, token_hash: str) -> Actor | None:
    """Return who is behind a session cookie, None when it ended, was revoked or never was."""
    found = user_queries.session_with_user(snapshot.session, token_hash)
    if found is None:
        return None
    session, user = found
    if session.revoked_at is not None or session.expires_at <= snapshot.now:
        return None
    return actor_of(user)


def actor_of(user: User) -> Actor | None:
    """Return the actor a user is, None when the user was deactivated."""
    if not user.is_active or user.id is None:
        return None
    if user.customer_id is not None:
        return SubscriberActor(UserId(user.id), CustomerId(user.customer_id), user.name)
    return StaffActor(UserId(user.id), user.role, user.name)


def _take_try(uow: UnitOfWork, *, name: str, keys: tuple[str, str]) -> KnownUser:
    """Return who is claimed to be there, and count the try before it is made.

    Counted after it, guesses that come all at once would all be made.
    """
    known = {row.key_hash: row for row in user_queries.throttles(uow.session, keys)}
    locks = [row.locked_until_at for row in known.values() if row.locked_until_at]
    left = max((int((lock - uow.now).total_seconds()) + 1 for lock in locks if lock > uow.now), default=0)
    if not left:
        for key, tries in zip(keys, (_TRIES_PER_NAME, _TRIES_PER_ADDRESS), strict=True):
            _count(uow, known.get(key) or LoginThrottle(key_hash=key, window_started_at=uow.now), tries)
    user = _user_named(uow, name)
    if user is None or user.id is None or not user.is_active:
        return KnownUser(None, None, None, left)
    return KnownUser(UserId(user.id), user.role, user.password_hash, left)


def _user_named(snapshot: Snapshot, name: str) -> User | None:
    name = name.strip()
    if "@" in name:
        return user_queries.user_by_email(snapshot.session, name.lower())
    account_number = check_account_number(name)
    if account_number is not None:
        return user_queries.user_by_account_number(snapshot.session, account_number)
    try:
        return user_queries.user_by_phone(snapshot.session, parse_phone(name).e164)
    except InvalidInput:
        return None


def _count(uow: UnitOfWork, row: LoginThrottle, tries: int) -> None:
    if uow.now - row.window_started_at > _WINDOW:
        row.failures, row.window_started_at, row.locked_until_at = 0, uow.now, None
    row.failures += 1
    over = row.failures - tries
    if over >= 0:
        row.locked_until_at = uow.now + min(_LOCK * 2 ** min(over, 6), _LOCK_MAX)
    uow.session.add(row)


def _give_back_try(uow: UnitOfWork, *, keys: tuple[str, str]) -> None:
    """Take back what was counted before the password proved right; the name begins anew."""
    name_key, _ = keys
    for row in user_queries.throttles(uow.session, keys):
        row.failures = 0 if row.key_hash == name_key else max(row.failures - 1, 0)
        if row.failures < _TRIES_PER_ADDRESS:
            row.locked_until_at = None


def _key(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}:{text.strip().lower()}".encode()).hexdigest()
