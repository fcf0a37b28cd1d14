"""What a gateway says it holds, against its clearing account: to the cent, or noted until it is explained."""

from datetime import date, datetime, timedelta

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.clearing import clearing_of
from benfex.payments.day_compare import write_days
from benfex.payments.differences import Difference, note_differences, settle_difference
from data.models.reconciliation import GatewayBalance
from data.queries import reconciling as queries
from data.values.kinds import DifferenceKind
from data.values.money import Money
from data.values.roles import Permission

# Money that comes while a balance is told makes it differ for a moment: what differs twice alike is noted.
_SECOND_LOOK_WITHIN = timedelta(hours=6)


def note_balance(uow: UnitOfWork, *, gateway: str, balance: Money, at: datetime) -> bool:
    """Keep what a gateway says it holds; return whether the books agree, counting refunds that are under way.

    A difference is noted when it is told a second time, and settled as soon as both agree.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    before = queries.newest_balances(uow.session, gateway=gateway, currency=balance.currency, limit=1)
    held = clearing_of(uow, gateway=gateway, currency=balance.currency)
    uow.session.add(
        GatewayBalance(
            gateway=gateway,
            currency=balance.currency,
            balance_minor=balance.minor,
            clearing_minor=held.minor,
            at=at,
        )
    )
    uow.session.flush()
    between, day = held - balance, local_date(at, current_terms(uow).timezone)
    under_way = queries.refunds_under_way_minor(uow.session, gateway=gateway, currency=balance.currency)
    if between.minor in {0, under_way}:
        _settle_open(uow, gateway, balance, day)
        return True
    is_second = any(
        row.clearing_minor - row.balance_minor == between.minor and at - row.at <= _SECOND_LOOK_WITHIN
        for row in before
    )
    if is_second:
        note_differences(uow, gateway=gateway, found=[_difference(day, held, balance)])
    return False


def _settle_open(uow: UnitOfWork, gateway: str, balance: Money, day: date) -> None:
    """Close what is open about a balance that agrees by now; the days since are green again."""
    row = queries.open_balance(uow.session, gateway=gateway, currency=balance.currency)
    if row is not None:
        settle_difference(uow, row, f"Both hold {balance} by now.")
        uow.session.flush()
        write_days(uow, gateway=gateway, first=row.day, last=day)


def _difference(day: date, held: Money, balance: Money) -> Difference:
    between = balance - held
    if between.is_positive:
        why = f"The gateway holds {between} more than the books: money from before, or that nobody booked."
    else:
        why = f"The gateway holds {-between} less than the books: a payout or a charge that is not entered."
    return Difference(
        DifferenceKind.BALANCE,
        f"balance {balance.currency}",
        day,
        balance.currency,
        why,
        ours_minor=held.minor,
        theirs_minor=balance.minor,
    )
