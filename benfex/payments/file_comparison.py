"""Compare the lines of an imported file with our books: amounts, fees, what was given back, and its days."""

import re
from collections.abc import Iterator, Mapping

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.day_compare import compare_days
from benfex.payments.differences import Difference, amount_difference, note_differences
from benfex.payments.fee_corrections import WrongFee, correct_fees
from benfex.payments.statement_files import FileLine
from benfex.payments.statement_keeping import note_read, settle_missing
from data.queries import reconciling as queries
from data.queries.reconciling import BookedFacts
from data.values.kinds import DifferenceKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import PaymentStatus

_NUMBER = re.compile(r"[A-Z0-9]{8,40}")


def compare_lines(uow: UnitOfWork, *, gateway: str, lines: tuple[FileLine, ...]) -> None:
    """Note in what these lines differ from their payments, and put fees right."""
    require(uow.actor, Permission.MATCH_PAYMENTS)
    zone = current_terms(uow).timezone
    names = {line.transaction_id for line in lines}
    given_back = {line.transaction_id: _named(line) for line in lines if line.amount.is_negative}
    asked = sorted(names.union(*given_back.values())) if given_back else sorted(names)
    booked = queries.booked_facts(uow.session, gateway=gateway, transaction_ids=asked)
    found: list[Difference] = []
    wrong: list[WrongFee] = []
    days = {}
    for line in lines:
        day = local_date(line.at, zone)
        if line.amount.is_negative:
            found += _given_back(line, given_back[line.transaction_id], booked, zone)
            continue
        payment = booked.get(line.transaction_id)
        if payment is None:
            continue
        days[line.transaction_id] = day
        money = Money(payment.amount_minor, payment.currency)
        if money != line.amount:
            found.append(
                amount_difference(
                    line.transaction_id, day, payment_id=payment.id, booked=money, told=line.amount
                )
            )
        elif line.fee is not None and line.fee.minor != payment.fee_minor:
            wrong.append(WrongFee(line.transaction_id, day, payment, line.fee))
    found += correct_fees(uow, gateway=gateway, wrong=wrong)
    note_differences(uow, gateway=gateway, found=found)
    settle_missing(uow, gateway, days)


def compare_file(uow: UnitOfWork, *, gateway: str, lines: tuple[FileLine, ...]) -> int:
    """Compare the days from the first line of a file to its last; return how many do not agree."""
    if not lines:
        return 0
    since, until = min(line.at for line in lines), max(line.at for line in lines)
    note_read(uow, gateway=gateway, since=since, until=until)
    return compare_days(uow, gateway=gateway, since=since, until=until)


def _named(line: FileLine) -> frozenset[str]:
    """Return what a row of money out may give back, by the numbers that it names."""
    words = f"{line.linked} {line.details}".upper()
    return frozenset(_NUMBER.findall(words)) - {line.transaction_id}


def _given_back(
    line: FileLine, names: frozenset[str], booked: Mapping[str, BookedFacts], zone: str
) -> Iterator[Difference]:
    for name in sorted(names & booked.keys()):
        payment = booked[name]
        if payment.status is PaymentStatus.REVERSED or payment.has_refund:
            continue
        yield Difference(
            DifferenceKind.REVERSED,
            name,
            local_date(line.at, zone),
            payment.currency,
            f"{line.transaction_id} gave {-line.amount} of it back, and it is booked here whole.",
            ours_minor=payment.amount_minor,
            theirs_minor=payment.amount_minor + line.amount.minor,
            payment_id=payment.id,
        )
