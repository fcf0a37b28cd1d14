"""The trial balance is even on any day, and debts are as old as their due dates say."""

from datetime import date, timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.reporting.ageing import BUCKETS, ageing, bucket_of
from benfex.reporting.trial_balance import trial_balance
from tests.conftest import Run
from tests.factories.customers import make_customer, make_invoice
from tests.factories.isp import kes
from tests.factories.money import c2b, settle

DUE = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-5, "not due"),
        (0, "not due"),
        (1, "1–30"),
        (30, "1–30"),
        (31, "31–60"),
        (61, "61–90"),
        (91, "over 90"),
    ],
)
def test_a_debt_is_as_old_as_its_due_date(days: int, bucket: str) -> None:
    assert BUCKETS[bucket_of(DUE, DUE + timedelta(days=days))] == bucket


def test_debts_stand_in_their_buckets_by_customer_and_in_all(isp: Run, clock: MovedClock) -> None:
    small, large = make_customer(isp, name="Small"), make_customer(isp, name="Large", phone="0708374150")
    make_invoice(isp, small, amount=kes(100))
    clock.advance(timedelta(days=40))
    make_invoice(isp, large, amount=kes(900))
    make_invoice(isp, small, amount=kes(50))
    found = isp.read(ageing)
    assert [(debt.customer_name, debt.total) for debt in found.debts] == [
        ("Large", kes(900)),
        ("Small", kes(150)),
    ]
    assert found.debts[1].parts == (kes(50), kes(0), kes(100), kes(0), kes(0))
    assert found.totals == ((kes(950), kes(0), kes(100), kes(0), kes(0)),)


def test_the_trial_balance_is_even_and_knows_earlier_days(isp: Run, clock: MovedClock) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer, amount=kes(1_000))
    clock.advance(timedelta(days=1))
    settle(isp, c2b(customer.account_number, receipt="TKN4QX71SV", amount=kes(1_300)))
    then = isp.read(trial_balance, on=date(2026, 11, 23))
    assert {line.name: (line.debit, line.credit) for line in then.lines} == {
        "Receivable": (kes(1_000), kes(0)),
        "Revenue": (kes(0), kes(1_000)),
    }
    now = isp.read(trial_balance)
    assert {line.name: (line.debit, line.credit) for line in now.lines} == {
        "Clearing": (kes(1_300), kes(0)),
        "Customers' credit": (kes(0), kes(300)),
        "Revenue": (kes(0), kes(1_000)),
    }
    assert now.totals == ((kes(1_300), kes(1_300)),)
    assert then.is_balanced
