"""Invoices have numbers without gaps, are paid from credit, can be void while nobody paid, and are written once."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benfex.billing.charges import ChargeLine
from benfex.billing.invoicing import issue_invoice, void_invoice
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger.verification import verify_ledger
from data.engine import Database
from data.session import begin_write
from data.values.errors import Conflict, InvalidInput, InvalidTransition
from data.values.identifiers import SubscriptionId
from data.values.kinds import LineKind
from data.values.periods import Period
from data.values.states import InvoiceStatus
from tests.conftest import Run
from tests.factories.customers import make_customer, make_invoice, make_service, work
from tests.factories.isp import kes, set_up_isp
from tests.factories.looks import invoice_status, invoices_of, owed
from tests.factories.money import c2b, settle

FIRST = SubscriptionId(1)
DECEMBER = Period(date(2026, 12, 1), date(2027, 1, 1))


def test_numbers_have_no_gap_even_after_an_act_that_failed(isp: Run) -> None:
    customer = make_customer(isp)

    def begin_and_fail(uow: UnitOfWork) -> None:
        day = date(2026, 11, 23)
        issue_invoice(uow, customer_id=customer.customer_id, lines=[work(kes(1))], issued_on=day)
        raise InvalidInput("lines", "no")

    make_invoice(isp, customer)
    with pytest.raises(InvalidInput):
        isp(begin_and_fail)
    make_invoice(isp, customer)
    numbers = [number for number, *_ in isp.read(invoices_of, customer_id=customer.customer_id)]
    assert numbers == ["INV-2026-00001", "INV-2026-00002"]


def test_a_year_begins_a_new_series(isp: Run) -> None:
    customer = make_customer(isp)
    for day in (date(2026, 12, 31), date(2027, 1, 1)):
        make_invoice(isp, customer, issued_on=day)
    numbers = [number for number, *_ in isp.read(invoices_of, customer_id=customer.customer_id)]
    assert numbers == ["INV-2026-00001", "INV-2027-00001"]


def test_a_charge_is_billed_once(isp: Run) -> None:
    service = make_service(isp)
    charge = _charge(subscription_id=service.subscription_id)
    day = date(2026, 11, 23)
    isp(issue_invoice, customer_id=service.customer_id, lines=[charge], issued_on=day)
    with pytest.raises(Conflict):
        isp(issue_invoice, customer_id=service.customer_id, lines=[charge], issued_on=day)


def test_a_void_invoice_is_owed_no_more_and_frees_what_it_billed(isp: Run) -> None:
    customer = make_service(isp).customer
    before = isp.read(owed, customer_id=customer.customer_id)
    charge = _charge()
    day = date(2026, 11, 23)
    invoice_id = isp(issue_invoice, customer_id=customer.customer_id, lines=[charge], issued_on=day)
    isp(void_invoice, invoice_id=invoice_id, reason="billed in error")
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.VOID, 0)
    assert isp.read(owed, customer_id=customer.customer_id) == before
    isp(issue_invoice, customer_id=customer.customer_id, lines=[charge], issued_on=day)
    with pytest.raises(InvalidTransition):
        isp(void_invoice, invoice_id=invoice_id, reason="again")


def test_an_invoice_with_money_on_it_cannot_be_void(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer)
    settle(isp, c2b(customer.account_number, receipt="TKN4QX71SV", amount=kes(1)))
    with pytest.raises(Conflict):
        isp(void_invoice, invoice_id=invoice_id, reason="x")
    with pytest.raises(InvalidInput):
        isp(void_invoice, invoice_id=invoice_id, reason=" ")


def test_credit_pays_an_invoice_as_it_is_issued(isp: Run) -> None:
    customer = make_customer(isp)
    settle(isp, c2b(customer.account_number, receipt="TKN4QX71SV", amount=kes(2_000)))
    invoice_id = make_invoice(isp, customer, amount=kes(1_500))
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.PAID, 150_000)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-500)


def test_an_invoice_over_nothing_is_paid_at_once(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(0))
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.PAID, 0)


# Written once


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET amount_minor = amount_minor + 1",
        "DELETE FROM posting",
        "UPDATE journal_entry SET memo = 'x'",
        "DELETE FROM journal_entry",
    ],
)
def test_what_was_posted_cannot_be_changed(run: Run, database: Database, statement: str) -> None:
    set_up_isp(run)
    make_invoice(run, make_customer(run))
    with pytest.raises(DBAPIError, match="append-only"), begin_write(database) as connection:
        connection.execute(text(statement))


def test_a_posting_that_was_altered_behind_our_back_is_found(run: Run, database: Database) -> None:
    set_up_isp(run)
    make_invoice(run, make_customer(run))
    with begin_write(database) as connection:
        if connection.dialect.name == "sqlite":
            for (name,) in connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'posting'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("ALTER TABLE posting DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE posting SET amount_minor = amount_minor * 2"))
    report = run.read(verify_ledger)
    assert "was altered after it was posted" in [found.what for found in report.discrepancies]


def _charge(*, subscription_id: SubscriptionId = FIRST, period: Period = DECEMBER) -> ChargeLine:
    return ChargeLine(
        kind=LineKind.RECURRING,
        description="Home",
        unit=kes(2_500),
        subscription_id=subscription_id,
        period=period,
        billing_key=f"{subscription_id}:price.0:{period.starts_on}",
        item="price",
    )
