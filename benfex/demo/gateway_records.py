"""What the demo's gateways would have listed of the last days: lines, payouts, and days that were compared.

One payment is missing in M-Pesa's record, so that there is something to look into; M-Pesa holds that much less.
"""

from dataclasses import replace
from datetime import timedelta

from benfex.core.actors import SystemActor
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.clearing import clearing_of
from benfex.payments.day_compare import compare_days
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.gateway_events import SettlementRecord
from benfex.payments.payouts_told import note_payouts
from benfex.payments.statement_keeping import keep_lines, note_read
from benfex.payments.sweeps import sweep
from data.queries import reconciling as queries
from data.values.kinds import EvidenceGrade
from data.values.money import Money

_DEMO = SystemActor("reconciler")
_DAYS = timedelta(days=30)
_MISSING, _FOUND, _OTHER_FEE = 24, 60, 9  # which of the last days' payments, counted back
_STEP = 100


def make_records(transactor: Transactor) -> None:
    """Let the demo's gateways have told of the last thirty days."""
    run = transactor.run_sync
    for gateway in ("mpesa", "paystack"):
        entries = transactor.read_sync(_entries, _DEMO, gateway=gateway)
        found = frozenset(entry.transaction_id for entry in entries[-_FOUND : -_FOUND + 2])
        run(
            keep_lines,
            _DEMO,
            gateway=gateway,
            entries=entries,
            found=found if gateway == "mpesa" else frozenset(),
        )
        run(_compare, _DEMO, gateway=gateway)
    run(_pay_out, _DEMO)


def held_by_mpesa(snapshot: Snapshot) -> int:
    """Return the shillings that M-Pesa holds: what the books say, less the payment that it never had."""
    held = clearing_of(snapshot, gateway="mpesa", currency="KES")
    missing = queries.sums_of_missing(
        snapshot.session, gateway="mpesa", first=(snapshot.now - _DAYS).date(), last=snapshot.now.date()
    )
    return (held.minor - sum(one.minor for one in missing)) // _STEP


def _pay_out(uow: UnitOfWork) -> None:
    """Bring most of M-Pesa's money to the bank, and all of Paystack's, which pays out by itself."""
    held = clearing_of(uow, gateway="mpesa", currency="KES")
    part = Money(held.minor * 9 // 10 // _STEP * _STEP, "KES")
    if part.is_positive:
        sweep(uow, gateway="mpesa", amount=part, reference=f"WD{uow.now:%y%m%d}")
    rest = clearing_of(uow, gateway="paystack", currency="KES")
    if rest.is_positive:
        day = local_date(uow.now, current_terms(uow).timezone)
        record = SettlementRecord(f"{uow.now:%y%m%d}01", day, rest, Money(0, "KES"), rest, "success")
        note_payouts(uow, gateway="paystack", records=(record,))


def _entries(snapshot: Snapshot, *, gateway: str) -> tuple[PaymentEvidence, ...]:
    """Return what a gateway would list of the last days, by time."""
    lone = queries.payments_without_line(
        snapshot.session, gateways=(gateway,), since=snapshot.now - _DAYS, until=snapshot.now, by_hand=False
    )
    names = [one.transaction_id for one in lone]
    booked = queries.booked_facts(snapshot.session, gateway=gateway, transaction_ids=names)
    entries = [
        PaymentEvidence(
            gateway=gateway,
            grade=EvidenceGrade.STATEMENT,
            transaction_id=one.transaction_id,
            amount=Money(one.amount_minor, one.currency),
            received_at=one.received_at,
            fee=Money(booked[one.transaction_id].fee_minor, one.currency) if gateway == "paystack" else None,
        )
        for one in lone
    ]
    if gateway == "mpesa" and len(entries) > _MISSING:
        del entries[-_MISSING]
    if gateway == "paystack" and len(entries) > _OTHER_FEE:
        other = entries[-_OTHER_FEE]
        assert other.fee is not None
        entries[-_OTHER_FEE] = replace(other, fee=other.fee + Money(500, other.fee.currency))
    return tuple(entries)


def _compare(uow: UnitOfWork, *, gateway: str) -> None:
    note_read(uow, gateway=gateway, since=uow.now - _DAYS, until=uow.now)
    compare_days(uow, gateway=gateway, since=uow.now - _DAYS, until=uow.now)
