"""How gateways and our books agree, for a page: each day and why, what differs, what each gateway holds."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.payments.clearing import opening_is_known
from data.models.reconciliation import (
    GatewayBalance,
    ReconciliationDay,
    ReconciliationDifference,
    StatementCursor,
)
from data.queries import reconciling as queries
from data.queries import reconciling_listing as listing
from data.values.errors import InvalidInput, NotFound
from data.values.identifiers import DifferenceId, PaymentId, ReconciliationDayId
from data.values.kinds import DifferenceAnswer, DifferenceKind
from data.values.money import Money
from data.values.roles import Permission

RED, OPEN, SETTLED = "red", "open", "settled"


@dataclass(frozen=True, slots=True)
class DayRecord:
    """A day of a gateway: what it says came and what we booked of it. What it does not tell is None."""

    id: ReconciliationDayId
    gateway: str
    day: date
    ours_count: int
    ours: Money
    theirs_count: int
    theirs: Money
    fees_ours: Money
    fees_theirs: Money | None
    clearing: Money
    balance: Money | None
    agrees: bool
    reason: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class DifferenceRecord:
    """What does not agree, and how it was settled."""

    id: DifferenceId
    gateway: str
    day: date
    kind: DifferenceKind
    transaction_id: str
    ours: Money | None
    theirs: Money | None
    reason: str
    payment_id: PaymentId | None
    resolved_at: datetime | None
    resolved_by: str
    resolution: str


@dataclass(frozen=True, slots=True)
class BalanceRecord:
    """What a gateway said it holds, and what the books said at that instant."""

    balance: Money
    clearing: Money
    at: datetime

    @property
    def between(self) -> Money:
        """Return how much more the gateway holds than the books say."""
        return self.balance - self.clearing


@dataclass(frozen=True, slots=True)
class GatewayStanding:
    """How far a gateway's record was read, why not further, what it holds, and what is open.

    `days` are the last thirty, oldest first: whether each agrees, None for one that was not compared.
    """

    gateway: str
    read_from: datetime | None
    read_until: datetime | None
    read_at: datetime | None
    problem: str
    balances: tuple[BalanceRecord, ...]
    open: int
    days: tuple[tuple[date, bool | None], ...]


def standings(snapshot: Snapshot, *, gateways: tuple[str, ...]) -> tuple[GatewayStanding, ...]:
    """Return how each gateway stands: those named, and those of which a record was ever read."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    today, zone = billing_today(snapshot), current_terms(snapshot).timezone
    span = [today - timedelta(days=back) for back in range(29, -1, -1)]
    colours: dict[str, dict[date, bool]] = {}
    for one in listing.colours(snapshot.session, first=span[0]):
        colours.setdefault(one.gateway, {})[one.day] = one.agrees
    cursors = queries.cursors(snapshot.session)
    open_ = listing.open_counts(snapshot.session)
    balances: dict[str, list[BalanceRecord]] = {}
    for row in listing.last_balances(snapshot.session):
        balances.setdefault(row.gateway, []).append(_balance(row))
    found = []
    for name in dict.fromkeys((*gateways, *cursors, *open_, *balances)):
        cursor, days = cursors.get(name), colours.get(name, {})
        read = _days_read(cursor, zone)
        found.append(
            GatewayStanding(
                name,
                cursor.read_from if cursor and cursor.read_at else None,
                cursor.read_until if cursor and cursor.read_at else None,
                cursor.read_at if cursor else None,
                cursor.problem if cursor else "",
                tuple(balances.get(name, ())),
                open_.get(name, 0),
                tuple((day, days.get(day, True if day in read else None)) for day in span),
            )
        )
    return tuple(found)


def list_days(snapshot: Snapshot, *, request: PageRequest) -> Page[DayRecord]:
    """Return one page of days, newest first; the filter is empty, "red", or a gateway's name."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    only_red = request.filter == RED
    gateway = request.filter if request.filter and not only_red else None
    rows = listing.days_page(
        snapshot.session, gateway=gateway, only_red=only_red, limit=request.limit, offset=request.offset
    )
    total = listing.count_days(snapshot.session, gateway=gateway, only_red=only_red)
    return Page(tuple(_day(row) for row in rows), total)


def day_records(
    snapshot: Snapshot, *, request: SliceRequest, gateway: str | None = None, only_red: bool = False
) -> Slice[DayRecord]:
    """Return days, the newest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = listing.days_after(
        snapshot.session,
        gateway=gateway,
        only_red=only_red,
        after_id=request.after_id,
        limit=request.limit + 1,
    )
    return sliced([_day(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def day_record(snapshot: Snapshot, *, day_id: ReconciliationDayId) -> DayRecord:
    """Return one day. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    row = listing.find_day(snapshot.session, day_id)
    if row is None:
        raise NotFound("day")
    return _day(row)


def list_differences(
    snapshot: Snapshot, *, request: PageRequest, gateway: str | None = None, day: date | None = None
) -> Page[DifferenceRecord]:
    """Return one page of differences, newest day first; the filter is empty, "open" or "settled".

    Raises InvalidInput (filter).
    """
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    if request.filter not in {"", OPEN, SETTLED}:
        raise InvalidInput("filter", f"Choose one of {OPEN}, {SETTLED}.")
    is_open = {OPEN: True, SETTLED: False}.get(request.filter)
    rows = listing.differences_page(
        snapshot.session,
        gateway=gateway,
        day=day,
        is_open=is_open,
        search=request.search,
        limit=request.limit,
        offset=request.offset,
    )
    total = listing.count_differences(
        snapshot.session, gateway=gateway, day=day, is_open=is_open, search=request.search
    )
    return Page(tuple(_difference(row) for row in rows), total)


def difference_records(
    snapshot: Snapshot, *, request: SliceRequest, gateway: str | None = None, is_open: bool | None = None
) -> Slice[DifferenceRecord]:
    """Return differences, the newest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = listing.differences_after(
        snapshot.session,
        gateway=gateway,
        is_open=is_open,
        after_id=request.after_id,
        limit=request.limit + 1,
    )
    return sliced([_difference(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def difference_record(snapshot: Snapshot, *, difference_id: DifferenceId) -> DifferenceRecord:
    """Return one difference. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    row = queries.find_difference(snapshot.session, difference_id)
    if row is None:
        raise NotFound("difference")
    return _difference(row)


def answers_to(snapshot: Snapshot, *, difference_id: DifferenceId) -> tuple[DifferenceAnswer, ...]:
    """Return what a person may say of a difference. Raises NotFound."""
    found = difference_record(snapshot, difference_id=difference_id)
    if found.kind is not DifferenceKind.BALANCE or found.ours is None or found.theirs is None:
        return (DifferenceAnswer.NOTED,)
    answers = [DifferenceAnswer.NOTED]
    if found.theirs < found.ours:
        answers.append(DifferenceAnswer.CHARGE)
    if not opening_is_known(snapshot, gateway=found.gateway, currency=found.ours.currency):
        answers.append(DifferenceAnswer.OPENING)
    return tuple(answers)


def count_open(snapshot: Snapshot) -> int:
    """Return how many differences wait for a person."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    return listing.count_differences(snapshot.session, is_open=True)


def _days_read(cursor: StatementCursor | None, zone: str) -> Container[date]:
    """Return the days that a gateway's record was read for: on one without a row nothing came, and that agrees."""
    if cursor is None or cursor.read_at is None:
        return ()
    first, last = local_date(cursor.read_from, zone), local_date(cursor.read_until, zone)
    return {first + timedelta(days=number) for number in range((last - first).days + 1)}


def _day(row: ReconciliationDay) -> DayRecord:
    assert row.id is not None
    currency = row.currency
    return DayRecord(
        id=ReconciliationDayId(row.id),
        gateway=row.gateway,
        day=row.day,
        ours_count=row.ours_count,
        ours=Money(row.ours_minor, currency),
        theirs_count=row.theirs_count,
        theirs=Money(row.theirs_minor, currency),
        fees_ours=Money(row.fees_ours_minor, currency),
        fees_theirs=None if row.fees_theirs_minor is None else Money(row.fees_theirs_minor, currency),
        clearing=Money(row.clearing_minor, currency),
        balance=None if row.balance_minor is None else Money(row.balance_minor, currency),
        agrees=row.agrees,
        reason=row.reason,
        checked_at=row.checked_at,
    )


def _difference(row: ReconciliationDifference) -> DifferenceRecord:
    assert row.id is not None
    ours, theirs = (
        None if minor is None else Money(minor, row.currency) for minor in (row.ours_minor, row.theirs_minor)
    )
    return DifferenceRecord(
        id=DifferenceId(row.id),
        gateway=row.gateway,
        day=row.day,
        kind=row.kind,
        transaction_id=row.transaction_id,
        ours=ours,
        theirs=theirs,
        reason=row.reason,
        payment_id=None if row.payment_id is None else PaymentId(row.payment_id),
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        resolution=row.resolution,
    )


def _balance(row: GatewayBalance) -> BalanceRecord:
    return BalanceRecord(
        Money(row.balance_minor, row.currency), Money(row.clearing_minor, row.currency), row.at
    )
