"""A cashier's drawer: opened with a float, counted and closed; what it held too much or too little is posted.

Cash goes into it in `cash`, and is given back from it in `refund_steps`. What screens show is in `shift_views`.
"""

from benfex.core.actors import StaffActor, require
from benfex.core.audit import record_audit
from benfex.core.events import ShiftMoved
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from data.locks import lock_row
from data.models.cashier import CashierShift
from data.queries import till as till_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import ShiftId, UserId
from data.values.kinds import EntryKind
from data.values.money import LARGEST_MINOR, Money
from data.values.roles import Permission, permissions_of


def open_shift(uow: UnitOfWork, *, opening: Money) -> ShiftId:
    """Open the drawer of the person who acts, with the float that lies in it.

    Raises NotPermitted to whoever is no person, InvalidInput, AmountOutOfRange, AlreadyExists with a shift open.
    """
    require(uow.actor, Permission.RECORD_PAYMENTS)
    if not isinstance(uow.actor, StaffActor):
        raise NotPermitted("A shift is opened by a person who is signed in.")
    if opening.currency != current_terms(uow).currency:
        raise InvalidInput("opening", f"A drawer is counted in {current_terms(uow).currency}.")
    _check_counted("opening", opening)
    if till_queries.open_shift_of(uow.session, uow.actor.user_id) is not None:
        raise AlreadyExists("shift", "You have a shift open. Count and close it first.")
    shift = CashierShift(
        cashier_id=uow.actor.user_id,
        cashier_name=uow.actor.name,
        currency=opening.currency,
        opened_at=uow.now,
        opening_minor=opening.minor,
    )
    uow.session.add(shift)
    uow.session.flush()
    record_audit(
        uow,
        action="open",
        entity="shift",
        entity_id=_id(shift),
        changes={"opening_minor": opening.minor},
    )
    _announce(uow, shift)
    return _id(shift)


def close_shift(uow: UnitOfWork, *, shift_id: ShiftId, counted: Money, note: str = "") -> Money:
    """Close a drawer with what was counted in it; return how much that is over, below nothing when it is short.

    A person closes their own; who may match payments closes one that somebody forgot.
    Raises NotFound, NotPermitted, Conflict when it is closed, InvalidInput, AmountOutOfRange.
    """
    require(uow.actor, Permission.RECORD_PAYMENTS)
    lock_row(uow.session, CashierShift, shift_id)
    shift = till_queries.find_shift(uow.session, shift_id)
    if shift is None:
        raise NotFound("shift")
    if not may_close(uow, cashier_id=UserId(shift.cashier_id)):
        raise NotPermitted("This is the shift of somebody else.")
    if shift.closed_at is not None:
        raise Conflict("This shift is closed already.")
    if counted.currency != shift.currency:
        raise InvalidInput("counted", f"This drawer is counted in {shift.currency}.")
    _check_counted("counted", counted)
    expected = expected_in_drawer(uow, shift)
    over = counted - expected
    shift.closed_at, shift.note = uow.now, note.strip()[:250]
    shift.expected_minor, shift.counted_minor = expected.minor, counted.minor
    uow.session.flush()
    if not over.is_zero:
        post_entry(
            uow,
            kind=EntryKind.SHIFT_DIFFERENCE,
            source=EntrySource("shift", shift_id),
            postings=entries.shift_difference(over),
            occurred_at=uow.now,
            memo=f"{shift.cashier_name}: {shift.note}" if shift.note else shift.cashier_name,
        )
    changes = {"expected_minor": expected.minor, "counted_minor": counted.minor}
    record_audit(uow, action="close", entity="shift", entity_id=shift_id, changes=changes)
    _announce(uow, shift)
    return over


def expected_in_drawer(snapshot: Snapshot, shift: CashierShift) -> Money:
    """Return what should lie in a drawer: its float, and what was taken and not reversed, less what was given back."""
    if shift.expected_minor is not None:
        return Money(shift.expected_minor, shift.currency)
    flow = till_queries.drawer_flow(snapshot.session, _id(shift))
    return Money(shift.opening_minor + flow.taken_minor - flow.given_back_minor, shift.currency)


def may_close(snapshot: Snapshot, *, cashier_id: UserId) -> bool:
    """Return whether the actor may close a shift of this person."""
    if not isinstance(snapshot.actor, StaffActor):
        return True
    own = snapshot.actor.user_id == cashier_id
    return own or Permission.MATCH_PAYMENTS in permissions_of(snapshot.actor.role)


def locked_drawer(uow: UnitOfWork, *, currency: str) -> ShiftId:
    """Return the open shift of the person who acts, held until the end, after their customer.

    Raises Conflict when they have none, InvalidInput for cash of another currency.
    """
    shift = find_drawer(uow)
    if shift is None:
        raise Conflict(
            "Open your shift first: cash goes into a drawer that is counted.", code="no_open_shift"
        )
    if shift.currency != currency:
        raise InvalidInput("amount", f"Your drawer is counted in {shift.currency}.")
    lock_row(uow.session, CashierShift, _id(shift))
    return _id(shift)


def find_drawer(snapshot: Snapshot) -> CashierShift | None:
    """Return the open shift of the person who acts; None for one who has none, and for the system."""
    if not isinstance(snapshot.actor, StaffActor):
        return None
    return till_queries.open_shift_of(snapshot.session, snapshot.actor.user_id)


def _check_counted(field: str, amount: Money) -> None:
    if amount.is_negative or amount.minor > LARGEST_MINOR:
        raise AmountOutOfRange(field, "What lies in a drawer is not less than nothing.")


def _announce(uow: UnitOfWork, shift: CashierShift) -> None:
    uow.emit(ShiftMoved(shift_id=_id(shift), cashier_id=UserId(shift.cashier_id)))


def _id(shift: CashierShift) -> ShiftId:
    assert shift.id is not None
    return ShiftId(shift.id)
