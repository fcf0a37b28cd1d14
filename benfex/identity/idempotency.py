"""Answer a repeated API call as the first time: what is answered under a key is kept with what was done.

An act and its answer are one transaction (`once`). A call that asks somebody outside cannot be one: it claims
its key in the transaction that writes the first row (`claim`) and keeps the answer at the end (`conclude`).
Killed in between, the key still points at that row: a repeat is told to wait for a minute, and from then on is
answered with the row as it stands. So a repeat never does the work again, and no key is stuck.
A call that fails undoes its claim too, so the same key may be used for another try. Answers are kept sealed: some hold
what opens a door, such as the address of a checkout.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from benfex.core.actors import StaffActor, SubscriberActor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from data.engine import INTEGRITY_ERROR
from data.models.identity import IdempotencyKey
from data.queries import users as user_queries
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import UserId

KEY_FIELD = "Idempotency-Key"
_UNANSWERED = 0  # the status of a key whose call has not been answered; its body is the id of its row
_PLAIN = ("{", "[")  # an answer that was kept before answers were sealed
_MAY_STILL_RUN = timedelta(seconds=60)  # longer than any gateway is waited for


class IdempotencyKeyReused(InvalidInput):
    """The key was used for another request before."""

    def __init__(self) -> None:
        super().__init__(KEY_FIELD, "This key was used for another request. Make a new key for this one.")


class RequestInProgress(Conflict):
    """The first call with this key is not answered yet."""

    def __init__(self) -> None:
        super().__init__("The first request with this key is still being worked on. Repeat it in a moment.")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A call that may be repeated: the caller's key, a hash of what was asked, and what seals its answer."""

    key: str
    request_hash: str
    vault: Vault


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered: HTTP status and JSON. `is_repeat` says that it was kept from an earlier call.

    `kept_body` is what a repeat gets in place of the body, where that holds what nothing may keep.
    """

    status: int
    body: str
    is_repeat: bool = False
    kept_body: str | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A call that was cut off after it wrote the row with this id."""

    subject_id: int


def once(uow: UnitOfWork, *, keyed: KeyedRequest | None, work: Callable[[UnitOfWork], Answer]) -> Answer:
    """Do the work and keep its answer, or return the answer kept; without a key it is just done.

    Raises IdempotencyKeyReused, RequestInProgress, and whatever the work raises.
    """
    if keyed is None:
        return work(uow)
    row = _find(uow, keyed)
    if row is not None:
        return _kept(row, keyed)
    row = _claim(uow, keyed)
    answer = work(uow)
    _keep(row, keyed, answer)
    return answer


def answered_before(snapshot: Snapshot, *, keyed: KeyedRequest | None) -> Answer | Unanswered | None:
    """Return what became of the first call with this key, None when this is the first.

    Raises IdempotencyKeyReused; RequestInProgress while the first call may still run.
    """
    row = _find(snapshot, keyed) if keyed is not None else None
    if row is None or keyed is None:
        return None
    if row.status != _UNANSWERED:
        return _kept(row, keyed)
    assert row.created_at is not None
    if snapshot.now - row.created_at < _MAY_STILL_RUN:
        raise RequestInProgress()
    return Unanswered(int(row.body))


def claim(uow: UnitOfWork, *, keyed: KeyedRequest | None, subject_id: int) -> None:
    """Bind the key to the row that this transaction writes. Raises RequestInProgress when it is taken."""
    if keyed is None:
        return
    if _find(uow, keyed) is not None:
        raise RequestInProgress()
    _claim(uow, keyed).body = str(subject_id)


def conclude(uow: UnitOfWork, *, keyed: KeyedRequest | None, tell: Callable[[UnitOfWork], Answer]) -> Answer:
    """Keep the answer of a claimed call and return it; one that was kept meanwhile stays."""
    row = _find(uow, keyed) if keyed is not None else None
    if row is None or keyed is None:
        return tell(uow)
    if row.status != _UNANSWERED:
        return _kept(row, keyed)
    answer = tell(uow)
    _keep(row, keyed, answer)
    return answer


def _find(snapshot: Snapshot, keyed: KeyedRequest) -> IdempotencyKey | None:
    row = user_queries.idempotency_key(snapshot.session, user_id=_user_of(snapshot), key=keyed.key)
    if row is not None and row.request_hash != keyed.request_hash:
        raise IdempotencyKeyReused()
    return row


def _keep(row: IdempotencyKey, keyed: KeyedRequest, answer: Answer) -> None:
    row.status = answer.status
    kept = answer.body if answer.kept_body is None else answer.kept_body
    row.body = keyed.vault.seal(kept, context=_context(keyed))


def _kept(row: IdempotencyKey, keyed: KeyedRequest) -> Answer:
    if row.status == _UNANSWERED:
        raise RequestInProgress()
    body = row.body
    if not body.startswith(_PLAIN):
        body = keyed.vault.open(body, context=_context(keyed))
    return Answer(row.status, body, is_repeat=True)


def _context(keyed: KeyedRequest) -> str:
    return f"idempotency {keyed.request_hash}"


def _claim(uow: UnitOfWork, keyed: KeyedRequest) -> IdempotencyKey:
    row = IdempotencyKey(
        user_id=_user_of(uow),
        key=keyed.key,
        request_hash=keyed.request_hash,
        status=_UNANSWERED,
        body="",
    )
    try:
        with uow.session.begin_nested():
            uow.session.add(row)
            uow.session.flush()
    except INTEGRITY_ERROR as cause:  # another process took the key after we looked
        raise RequestInProgress() from cause
    return row


def _user_of(snapshot: Snapshot) -> UserId:
    actor = snapshot.actor
    assert isinstance(actor, StaffActor | SubscriberActor), "only people and their programs send keys"
    return actor.user_id
