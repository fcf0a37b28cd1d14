"""Every business event balances, and posts to the accounts of the chart."""

import pytest

from benfex.ledger import entries
from benfex.ledger.chart import KIND_OF, NAME_OF, AccountCode, clearing, receivable
from data.values.identifiers import CustomerId
from data.values.money import Money

CUSTOMER = CustomerId(12)
AMOUNT = Money(11_600, "KES")

EVENTS = {
    "invoice issued": entries.invoice_issued(
        CUSTOMER, subtotal=Money(10_000, "KES"), tax=Money(1_600, "KES")
    ),
    "payment received": entries.payment_received("mpesa", CUSTOMER, AMOUNT),
    "payment unmatched": entries.payment_unmatched("mpesa", AMOUNT),
    "payment matched": entries.payment_matched(CUSTOMER, AMOUNT),
    "gateway fee": entries.gateway_fee("paystack", AMOUNT),
    "written off": entries.written_off(CUSTOMER, AMOUNT),
}


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_balances(event: str) -> None:
    assert sum(line.amount.minor for line in EVENTS[event]) == 0


def test_an_invoice_is_owed_by_the_customer_with_its_tax() -> None:
    posted = {line.account.code: line.amount.minor for line in EVENTS["invoice issued"]}
    assert posted == {
        AccountCode.RECEIVABLE: 11_600,
        AccountCode.REVENUE: -10_000,
        AccountCode.TAX_PAYABLE: -1_600,
    }


def test_an_invoice_without_tax_leaves_the_tax_account_alone() -> None:
    lines = entries.invoice_issued(CUSTOMER, subtotal=AMOUNT, tax=Money.zero("KES"))
    assert {line.account.code for line in lines} == {AccountCode.RECEIVABLE, AccountCode.REVENUE}


def test_a_reversal_is_the_opposite_side_by_side() -> None:
    lines = EVENTS["payment received"]
    assert [line.amount for line in entries.reversed_lines(lines)] == [-line.amount for line in lines]


def test_accounts_of_customers_and_gateways_are_told_apart() -> None:
    assert receivable(CUSTOMER).owner == "customer:12"
    assert clearing("mpesa") != clearing("paystack")


def test_every_code_has_a_kind_and_a_name() -> None:
    assert set(KIND_OF) == set(NAME_OF) == set(AccountCode)
