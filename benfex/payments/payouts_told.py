"""What a gateway says it paid out to our bank: booked from clearing to bank, once per payout."""

from collections.abc import Sequence
from datetime import timedelta

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from benfex.payments.differences import Difference, note_differences
from benfex.payments.gateway import PaymentEvidence, name_of_gateway
from benfex.payments.gateway_events import SettlementRecord
from data.models.cashier import Sweep
from data.queries import till as till_queries
from data.values.kinds import DifferenceKind, EntryKind
from data.values.money import Money
from data.values.roles import Permission

_PAID_OUT = "success"
_BY_HAND_WITHIN = timedelta(days=4)


def note_payouts(
    uow: UnitOfWork, *, gateway: str, records: tuple[SettlementRecord, ...]
) -> tuple[SettlementRecord, ...]:
    """Book the payouts that are not booked yet and return those; one that staff entered by hand is that one."""
    require(uow.actor, Permission.MATCH_PAYMENTS)
    done = [one for one in records if one.status == _PAID_OUT and one.paid_out.is_positive]
    known = till_queries.sweeps_with_references(
        uow.session, gateway=gateway, references=sorted({one.id for one in done})
    )
    new = [one for one in done if one.id not in known]
    names = [one.id for one in done]
    return tuple(one for one in new if _book(uow, gateway, one, names))


def note_payout_total(
    uow: UnitOfWork, *, gateway: str, record: SettlementRecord, paid: Sequence[PaymentEvidence]
) -> None:
    """Compare what a payout says it is made of with the sum of its payments."""
    currency = record.total.currency
    total = Money(sum(one.amount.minor for one in paid if one.amount.currency == currency), currency)
    if total == record.total:
        return
    difference = Difference(
        DifferenceKind.AMOUNT,
        f"payout {record.id}",
        record.day,
        record.total.currency,
        f"The payout is made of {record.total}, its payments come to {total}.",
        ours_minor=total.minor,
        theirs_minor=record.total.minor,
    )
    note_differences(uow, gateway=gateway, found=[difference])


def _book(uow: UnitOfWork, gateway: str, record: SettlementRecord, names: Sequence[str]) -> bool:
    by_hand = till_queries.sweep_like(
        uow.session,
        gateway=gateway,
        amount_minor=record.paid_out.minor,
        currency=record.paid_out.currency,
        since=record.day - _BY_HAND_WITHIN,
        until=record.day + _BY_HAND_WITHIN,
        not_named=names,
    )
    if by_hand is not None:
        changes = {"reference": f"{by_hand.reference} is {record.id}"}
        by_hand.reference = record.id  # from now on it is this payout and no other
        uow.session.flush()
        assert by_hand.id is not None
        record_audit(uow, action="recognise", entity="sweep", entity_id=by_hand.id, changes=changes)
        return False
    row = Sweep(
        gateway=gateway,
        amount_minor=record.paid_out.minor,
        currency=record.paid_out.currency,
        banked_on=record.day,
        reference=record.id,
        made_by=name_of(uow.actor),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    post_entry(
        uow,
        kind=EntryKind.SWEEP,
        source=EntrySource("sweep", row.id),
        postings=entries.swept(gateway, record.paid_out),
        occurred_at=uow.now,
        memo=f"{name_of_gateway(gateway)} {record.id}, {record.day.isoformat()}",
    )
    record_audit(
        uow,
        action="pay out",
        entity="sweep",
        entity_id=row.id,
        changes={"gateway": gateway, "amount_minor": row.amount_minor, "reference": row.reference},
    )
    return True
