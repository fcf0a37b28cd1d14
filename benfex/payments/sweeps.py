"""Hand money in to the bank: cash and cheques, and what a gateway paid out, so that its clearing comes to zero."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.ledger import entries
from benfex.ledger.chart import AccountCode
from benfex.ledger.journal import EntrySource, post_entry
from benfex.payments.gateway import name_of_gateway
from data.models.cashier import Sweep
from data.queries import till as till_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, InvalidInput, NotFound
from data.values.identifiers import SweepId
from data.values.kinds import EntryKind
from data.values.money import LARGEST_MINOR, Money
from data.values.roles import Permission

_OWNER = "gateway:"
_REFERENCE = re.compile(r"[A-Z0-9][A-Z0-9 ./-]{0,39}")


@dataclass(frozen=True, slots=True)
class Held:
    """What the books say that a drawer or a gateway holds and our bank does not have yet."""

    gateway: str
    amount: Money


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """Money that went to our bank; below nothing it came back from there."""

    id: SweepId
    gateway: str
    amount: Money
    banked_on: date
    reference: str
    made_by: str
    created_at: datetime


def sweep(
    uow: UnitOfWork, *, gateway: str, amount: Money, reference: str, banked_on: date | None = None
) -> SweepId:
    """Post that money went to our bank, today unless said otherwise; an amount below nothing takes it back.

    `reference` is the number on the bank's slip or of the payout, used once per gateway.
    Raises InvalidInput, AmountOutOfRange, AlreadyExists.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    today = billing_today(uow)
    banked_on = banked_on or today
    reference = reference.strip().upper()
    if amount.is_zero or abs(amount.minor) > LARGEST_MINOR:
        raise AmountOutOfRange("amount", "The amount must not be nothing.")
    if not _REFERENCE.fullmatch(reference):
        raise InvalidInput("reference", "Give the number on the slip: letters, digits and - / . only.")
    if banked_on > today:
        raise InvalidInput("banked_on", "This day has not come yet.")
    held = {one.amount.currency: one.amount for one in held_in_clearing(uow) if one.gateway == gateway}
    if not held:
        raise InvalidInput("gateway", "Nothing was ever received this way.")
    if amount.currency not in held:
        raise InvalidInput("amount", f"Nothing in {amount.currency} was ever received this way.")
    if amount.is_positive and amount > held[amount.currency]:
        raise AmountOutOfRange("amount", f"The books have {held[amount.currency]} there and no more.")
    if till_queries.sweep_by_reference(uow.session, gateway=gateway, reference=reference) is not None:
        raise AlreadyExists("reference", f"{reference} was handed in before.")
    row = Sweep(
        gateway=gateway,
        amount_minor=amount.minor,
        currency=amount.currency,
        banked_on=banked_on,
        reference=reference,
        made_by=name_of(uow.actor),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    post_entry(
        uow,
        kind=EntryKind.SWEEP,
        source=EntrySource("sweep", row.id),
        postings=entries.swept(gateway, amount),
        occurred_at=uow.now,
        memo=f"{name_of_gateway(gateway)} {reference}, {banked_on.isoformat()}",
    )
    changes = {"gateway": gateway, "amount_minor": amount.minor, "reference": reference}
    record_audit(uow, action="sweep", entity="sweep", entity_id=row.id, changes=changes)
    return SweepId(row.id)


def held_in_clearing(snapshot: Snapshot) -> tuple[Held, ...]:
    """Return what each drawer and gateway holds by the books, those that ever held something, by name."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    found = till_queries.clearing_sums(snapshot.session, code=AccountCode.CLEARING)
    return tuple(Held(owner.removeprefix(_OWNER), Money(minor, currency)) for owner, currency, minor in found)


def find_sweep(snapshot: Snapshot, *, sweep_id: SweepId) -> SweepRecord:
    """Return one sweep. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    row = till_queries.find_sweep(snapshot.session, sweep_id)
    if row is None:
        raise NotFound("sweep")
    return _record(row)


def sweep_records(snapshot: Snapshot, *, request: SliceRequest) -> Slice[SweepRecord]:
    """Return what went to the bank, newest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = till_queries.sweeps_after(snapshot.session, after_id=request.after_id, limit=request.limit + 1)
    return sliced([_record(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def list_sweeps(snapshot: Snapshot, *, request: PageRequest) -> Page[SweepRecord]:
    """Return one page of what went to the bank, newest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = till_queries.sweeps_page(snapshot.session, limit=request.limit, offset=request.offset)
    return Page(tuple(_record(row) for row in rows), till_queries.count_sweeps(snapshot.session))


def _record(row: Sweep) -> SweepRecord:
    assert row.id is not None
    assert row.created_at is not None
    return SweepRecord(
        SweepId(row.id),
        row.gateway,
        Money(row.amount_minor, row.currency),
        row.banked_on,
        row.reference,
        row.made_by,
        row.created_at,
    )
