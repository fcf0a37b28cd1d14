"""Cashiers' shifts as screens and the API show them: what should lie in the drawer, and what went through it."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import StaffActor, require
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from benfex.payments.shifts import expected_in_drawer, find_drawer, may_close
from data.models.cashier import CashierShift
from data.queries import till as till_queries
from data.queries.till import Taking
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, PaymentId, ShiftId, UserId
from data.values.money import Money
from data.values.roles import Permission, permissions_of

_TAKINGS_MAX = 200


@dataclass(frozen=True, slots=True)
class ShiftRecord:
    """A drawer from its float to its count. `counted` and what follows from it are None while it is open."""

    id: ShiftId
    cashier_id: UserId
    cashier_name: str
    opened_at: datetime
    opening: Money
    takings: int
    taken: Money
    given_back: Money
    expected: Money
    closed_at: datetime | None
    counted: Money | None
    difference: Money | None
    note: str
    can_close: bool


@dataclass(frozen=True, slots=True)
class TakingView:
    """Money that went through a drawer: taken, or given back (`is_out`)."""

    payment_id: PaymentId
    at: datetime
    receipt_number: str | None
    reference: str
    customer_id: CustomerId | None
    customer_name: str | None
    account_number: str | None
    amount: Money
    is_reversed: bool
    is_out: bool


@dataclass(frozen=True, slots=True)
class WholeShift:
    """A shift with what went through its drawer, newest first, 200 at most."""

    shift: ShiftRecord
    takings: tuple[TakingView, ...]


def own_shift(snapshot: Snapshot) -> WholeShift | None:
    """Return the open shift of the person who looks, None when they have none."""
    require(snapshot.actor, Permission.RECORD_PAYMENTS)
    shift = find_drawer(snapshot)
    return None if shift is None else _whole(snapshot, shift)


def whole_shift(snapshot: Snapshot, *, shift_id: ShiftId) -> WholeShift:
    """Return one shift. Raises NotFound, also for somebody else's to whom that is not theirs to see."""
    require(snapshot.actor, Permission.RECORD_PAYMENTS)
    shift = till_queries.find_shift(snapshot.session, shift_id)
    if shift is None or _whose(snapshot) not in (None, shift.cashier_id):
        raise NotFound("shift")
    return _whole(snapshot, shift)


def list_shifts(snapshot: Snapshot, *, request: PageRequest) -> Page[ShiftRecord]:
    """Return one page of shifts, newest first: everybody's to who may match payments, else one's own."""
    require(snapshot.actor, Permission.RECORD_PAYMENTS)
    search = request.search.strip()
    rows = till_queries.shifts_page(
        snapshot.session,
        cashier_id=_whose(snapshot),
        search=search,
        limit=request.limit,
        offset=request.offset,
    )
    total = till_queries.count_shifts(snapshot.session, cashier_id=_whose(snapshot), search=search)
    return Page(tuple(_record(snapshot, row) for row in rows), total)


def shift_records(snapshot: Snapshot, *, request: SliceRequest) -> Slice[ShiftRecord]:
    """Return everybody's shifts, newest first."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    rows = till_queries.shifts_after(snapshot.session, after_id=request.after_id, limit=request.limit + 1)
    records = [_record(snapshot, row) for row in rows]
    return sliced(records, limit=request.limit, place=lambda record: record.id)


def _whose(snapshot: Snapshot) -> UserId | None:
    actor = snapshot.actor
    if not isinstance(actor, StaffActor) or Permission.MATCH_PAYMENTS in permissions_of(actor.role):
        return None
    return actor.user_id


def _whole(snapshot: Snapshot, shift: CashierShift) -> WholeShift:
    record = _record(snapshot, shift)
    rows = till_queries.takings(snapshot.session, shift_id=record.id, limit=_TAKINGS_MAX)
    return WholeShift(record, tuple(_taking(row) for row in rows))


def _record(snapshot: Snapshot, shift: CashierShift) -> ShiftRecord:
    assert shift.id is not None
    flow = till_queries.drawer_flow(snapshot.session, shift.id)
    expected = expected_in_drawer(snapshot, shift)
    counted = None if shift.counted_minor is None else Money(shift.counted_minor, shift.currency)
    return ShiftRecord(
        id=ShiftId(shift.id),
        cashier_id=UserId(shift.cashier_id),
        cashier_name=shift.cashier_name,
        opened_at=shift.opened_at,
        opening=Money(shift.opening_minor, shift.currency),
        takings=flow.takings,
        taken=Money(flow.taken_minor, shift.currency),
        given_back=Money(flow.given_back_minor, shift.currency),
        expected=expected,
        closed_at=shift.closed_at,
        counted=counted,
        difference=None if counted is None else counted - expected,
        note=shift.note,
        can_close=shift.closed_at is None and may_close(snapshot, cashier_id=UserId(shift.cashier_id)),
    )


def _taking(row: Taking) -> TakingView:
    return TakingView(
        payment_id=PaymentId(row.payment_id),
        at=row.at,
        receipt_number=row.receipt_number,
        reference=row.reference,
        customer_id=CustomerId(row.customer_id) if row.customer_id is not None else None,
        customer_name=row.customer_name,
        account_number=row.account_number,
        amount=Money(row.amount_minor, row.currency),
        is_reversed=row.is_reversed,
        is_out=row.is_out,
    )
