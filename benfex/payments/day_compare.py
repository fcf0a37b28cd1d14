"""Each day of a gateway, green or red: what it says came, what we booked, and what of it does not agree."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.events import ReconciliationMoved
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.clearing import clearing_of
from benfex.payments.differences import Difference, note_differences, settle_difference
from benfex.payments.gateway import name_of_gateway
from data.models.reconciliation import ReconciliationDay
from data.queries import reconciling as queries
from data.queries.reconciling import DaySums, LonePayment, OpenSum
from data.values.kinds import CashMethod, DifferenceKind
from data.values.money import Money
from data.values.roles import Permission

_DAYS_MAX = 400
_AT_A_BANK = (CashMethod.BANK.value, CashMethod.CHEQUE.value)
_CLEARS_WITHIN = timedelta(days=7)  # what a cheque takes
_KINDS: Mapping[DifferenceKind, str] = {
    DifferenceKind.MISSING_HERE: "not booked here",
    DifferenceKind.MISSING_THERE: "not in the gateway's record",
    DifferenceKind.AMOUNT: "with another amount",
    DifferenceKind.FEE: "with another fee",
    DifferenceKind.REVERSED: "given back there and booked here",
}


def compare_days(
    uow: UnitOfWork, *, gateway: str, since: datetime, until: datetime, read_until: datetime | None = None
) -> int:
    """Compare the days that a gateway's record was read for, `[since, until)`; return how many do not agree.

    Payments in that time that no line of the record names are noted: we have them and the gateway has not. Where the
    record was read further, to `read_until`, days to there are written too, and nothing in them is missed yet.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    zone = current_terms(uow).timezone
    lone = _lone_payments(uow, gateway, since, until)
    found = [_missing_there(one, local_date(one.received_at, zone)) for one in lone]
    note_differences(uow, gateway=gateway, found=found)
    settled = queries.open_of_reversed(uow.session, gateway=gateway)
    for row in settled:
        settle_difference(uow, row, "The payment was taken out of the books.")
    uow.session.flush()
    first = min([local_date(since, zone), *(row.day for row in settled)])
    last = local_date(read_until or until, zone)
    first = max(first, last - timedelta(days=_DAYS_MAX))
    red = write_days(uow, gateway=gateway, first=first, last=last)
    uow.emit(ReconciliationMoved(gateway=gateway))
    return red


def write_days(uow: UnitOfWork, *, gateway: str, first: date, last: date) -> int:
    """Write anew how the days of a gateway stand; return how many do not agree."""
    zone = current_terms(uow).timezone
    theirs = _by_day(queries.sums_of_lines(uow.session, gateway=gateway, first=first, last=last))
    ours = _by_day(queries.sums_of_payments(uow.session, gateway=gateway, first=first, last=last))
    for one in queries.sums_of_missing(uow.session, gateway=gateway, first=first, last=last):
        with_line = ours.get((one.day, one.currency), DaySums(one.day, one.currency, 0, 0, 0))
        ours[one.day, one.currency] = DaySums(
            one.day,
            one.currency,
            with_line.number + one.number,
            with_line.minor + one.minor,
            (with_line.fees_minor or 0) + (one.fees_minor or 0),
        )
    open_ = queries.open_sums(uow.session, gateway=gateway, last=last)
    rows = queries.days_between(uow.session, gateway=gateway, first=first, last=last)
    of_open = {(one.day, one.currency) for one in open_ if one.day >= first}
    red = 0
    for key in sorted(ours.keys() | theirs.keys() | rows.keys() | of_open):
        row = rows.get(key)
        if row is None:
            row = _new_day(gateway, key, uow.now)
            uow.session.add(row)
        _write(uow, row, ours.get(key), theirs.get(key), open_, zone)
        red += not row.agrees
    uow.session.flush()
    return red


def _lone_payments(uow: UnitOfWork, gateway: str, since: datetime, until: datetime) -> list[LonePayment]:
    """Return our payments in a time that nothing there names; money that staff brought to a bank takes days."""
    if gateway != CashMethod.BANK.value:
        return queries.payments_without_line(
            uow.session, gateways=(gateway,), since=since, until=until, by_hand=False
        )
    if queries.count_mappings(uow.session, gateway=gateway) > 1:
        return []  # which of several banks it was brought to, nobody wrote down
    return queries.payments_without_line(
        uow.session, gateways=_AT_A_BANK, since=since, until=until - _CLEARS_WITHIN, by_hand=True
    )


def _missing_there(one: LonePayment, day: date) -> Difference:
    return Difference(
        DifferenceKind.MISSING_THERE,
        one.transaction_id,
        day,
        one.currency,
        "We booked it, and it is not in the gateway's record.",
        ours_minor=one.amount_minor,
        payment_id=one.id,
    )


def _new_day(gateway: str, key: tuple[date, str], now: datetime) -> ReconciliationDay:
    return ReconciliationDay(
        gateway=gateway,
        day=key[0],
        currency=key[1],
        ours_count=0,
        ours_minor=0,
        theirs_count=0,
        theirs_minor=0,
        fees_ours_minor=0,
        clearing_minor=0,
        agrees=True,
        checked_at=now,
    )


def _write(
    uow: UnitOfWork,
    row: ReconciliationDay,
    ours: DaySums | None,
    theirs: DaySums | None,
    open_: list[OpenSum],
    zone: str,
) -> None:
    row.ours_count, row.ours_minor = (ours.number, ours.minor) if ours else (0, 0)
    row.fees_ours_minor = (ours.fees_minor or 0) if ours else 0
    row.theirs_count, row.theirs_minor = (theirs.number, theirs.minor) if theirs else (0, 0)
    row.fees_theirs_minor = theirs.fees_minor if theirs else None
    end = datetime.combine(row.day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    until = min(end, uow.now)
    row.clearing_minor = clearing_of(
        uow, gateway=row.gateway, currency=row.currency, until=None if end > uow.now else end
    ).minor
    told = queries.balance_by(uow.session, gateway=row.gateway, currency=row.currency, until=until)
    row.balance_minor = told.balance_minor if told and local_date(told.at, zone) == row.day else None
    reasons = [_reason(one, row) for one in open_ if _concerns(one, row)]
    row.agrees, row.reason, row.checked_at = not reasons, ", ".join(reasons)[:250], uow.now


def _concerns(one: OpenSum, row: ReconciliationDay) -> bool:
    """Return whether something open makes a day red; a balance that differs goes on until it is settled."""
    if one.currency != row.currency:
        return False
    return one.day <= row.day if one.kind is DifferenceKind.BALANCE else one.day == row.day


def _reason(one: OpenSum, row: ReconciliationDay) -> str:
    if one.kind is not DifferenceKind.BALANCE:
        return f"{one.number} {'payment' if one.number == 1 else 'payments'} {_KINDS[one.kind]}"
    if row.balance_minor is None:
        return "the balance differs"
    between = Money(abs(row.balance_minor - row.clearing_minor), row.currency)
    more = "more" if row.balance_minor > row.clearing_minor else "less"
    return f"{name_of_gateway(row.gateway)} holds {between} {more} than the books"


def _by_day(sums: list[DaySums]) -> dict[tuple[date, str], DaySums]:
    return {(one.day, one.currency): one for one in sums}
