"""Whatever is altered by hand in the ledger is found, and the first wrong row is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, select, text, update
from sqlmodel import col

from benfex.billing.crediting import issue_credit_note
from benfex.billing.earning import earn_revenue
from benfex.billing.invoicing import void_invoice
from benfex.billing.write_offs import recover_invoice, write_off_invoice
from benfex.core.clock import MovedClock
from benfex.core.paging import SliceRequest
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.ledger.verification import LedgerReport, verify_ledger
from benfex.payments.balances import note_balance
from benfex.payments.difference_answers import answer_difference
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.gateway_events import RefundFailed, RefundOutcome
from benfex.payments.placing import match_payment, undo_match
from benfex.payments.reconciliation_views import difference_records
from benfex.payments.refund_requests import refund_payment
from benfex.payments.refund_steps import begin_sending, note_refund
from benfex.payments.reversal import reverse_payment
from benfex.payments.shifts import open_shift
from benfex.payments.statement_keeping import keep_lines
from benfex.payments.sweeps import sweep
from data.base import Row
from data.engine import Database
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.queries import policy as policy_queries
from data.session import act_session, begin_write
from data.values.identifiers import PaymentId, RefundId
from data.values.kinds import AccountKind, DifferenceAnswer, EntryKind
from tests.conftest import START, Run
from tests.factories.cashiers import close_shift_with, make_cashier, take_cash
from tests.factories.customers import MadeCustomer, make_customer, make_invoice, make_service
from tests.factories.isp import SYSTEM, VAULT, kes
from tests.factories.money import c2b, make_attempt, paystack, receipt, settle, statement
from tests.factories.refunding import KeshoGateway, ask

_numbers = count(1)
TABLES: tuple[type[Row], ...] = (LedgerAccount, JournalEntry, Posting)


class _Undo(Exception):
    """Rolls an alteration back."""


def test_words_are_proved_as_they_were_sealed_whatever_is_in_them(isp: Run) -> None:
    invoice_id = make_invoice(isp, make_customer(isp))
    isp(void_invoice, invoice_id=invoice_id, reason='He said "no" \\ and left:\tÑandú, \U0001f4b0')
    assert isp.read(verify_ledger).is_sound


@pytest.fixture
def books(isp: Run, clock: MovedClock) -> Run:
    """Books with an entry of every kind."""
    isp(_defer)
    customer = make_service(isp).customer
    attempt = make_attempt(isp, customer, gateway="paystack")
    settle(isp, paystack(attempt, fee=kes(30)))
    other = make_customer(isp, phone="0708374150")
    paid = make_invoice(isp, other, amount=kes(100))
    found = settle(isp, statement(None, receipt=receipt(900), amount=kes(150))).payment_id
    assert found is not None
    isp(match_payment, payment_id=found, customer_id=other.customer_id)
    isp(undo_match, payment_id=found, reason="not theirs")
    isp(match_payment, payment_id=found, customer_id=other.customer_id)
    isp(refund_payment, payment_id=found, amount=kes(10), reason="too much", reference="SLIP 1")
    _send_refund(isp, ask(isp, found, kes(5)), RefundFailed("E1", "closed"))
    isp(issue_credit_note, invoice_id=paid, amount=kes(5), reason="late")
    isp(void_invoice, invoice_id=make_invoice(isp, make_customer(isp, phone="0708374151")), reason="wrong")
    lost = make_invoice(isp, other, amount=kes(1_000))
    isp(write_off_invoice, invoice_id=lost, reason="gone")
    _pay(isp, other, 30)
    isp(recover_invoice, invoice_id=lost)
    isp(reverse_payment, payment_id=_pay(isp, customer, 20), reason="bounced")
    cashier = isp.by(make_cashier(isp))
    close_shift_with(cashier, cashier(open_shift, opening=kes(200)), counted=kes(190))
    take_cash(isp, customer, kes(100))
    isp(sweep, gateway="cash", amount=kes(60), reference="SLIP 9")
    _agree_with_gateway(isp, replace(paystack(attempt), fee=kes(35)))
    clock.advance(timedelta(days=3))
    isp(earn_revenue)
    return isp


def _agree_with_gateway(isp: Run, told: PaymentEvidence) -> None:
    """Put a fee right by the gateway's record, and explain a balance above ours and one below."""
    isp(keep_lines, gateway=told.gateway, entries=(told,), found=frozenset())
    for shillings, answer in ((9_000, DifferenceAnswer.OPENING), (8_990, DifferenceAnswer.CHARGE)):
        for _ in range(2):
            isp(note_balance, gateway=told.gateway, balance=kes(shillings), at=START)
        (found,) = isp.read(difference_records, request=SliceRequest(), is_open=True).rows
        isp(answer_difference, difference_id=found.id, answer=answer, words="found out")


def test_the_story_has_every_kind_of_entry(books: Run, database: Database) -> None:
    with begin_write(database) as connection:
        kinds = set(connection.execute(select(col(JournalEntry.kind))).scalars())
    assert kinds == set(EntryKind)


def test_every_column_of_the_ledger_is_proved(books: Run, database: Database) -> None:
    missed = []
    for model in TABLES:
        table = _table(model)
        rows = _rows(database, table)
        for row in (rows[0], rows[len(rows) // 2], rows[-1]):
            for column in table.columns:
                with altered(database) as connection:
                    value = _other(connection, table, column.name, row[column.name])
                    connection.execute(
                        update(table).where(table.c.id == row["id"]).values({column.name: value})
                    )
                    if verify_within(connection).is_sound:
                        missed.append(f"{table.name} {row['id']} {column.name}")
    assert missed == []


def test_every_row_that_is_deleted_is_missed(books: Run, database: Database) -> None:
    found = []
    for model in TABLES:
        table = _table(model)
        for row in _rows(database, table):
            with altered(database) as connection:
                connection.execute(delete(table).where(table.c.id == row["id"]))
                found.append(verify_within(connection).is_sound)
    assert not any(found)


def test_a_journal_cut_off_at_any_entry_is_found(books: Run, database: Database) -> None:
    entry, posting = _table(JournalEntry), _table(Posting)
    for row in _rows(database, entry):
        with altered(database) as connection:
            connection.execute(delete(posting).where(posting.c.entry_id >= row["id"]))
            connection.execute(delete(entry).where(entry.c.id >= row["id"]))
            assert not verify_within(connection).is_sound, row["kind"]


def test_the_first_wrong_row_is_named(books: Run, database: Database) -> None:
    entry = _table(JournalEntry)
    third, fifth = (_rows(database, entry)[place]["id"] for place in (2, 4))
    with altered(database) as connection:
        connection.execute(update(entry).where(entry.c.id.in_([fifth, third])).values(memo="nothing"))
        first = verify_within(connection).first
    assert first is not None
    assert (first.where, first.what) == (f"entry {third}", "was altered after it was posted")


@contextmanager
def altered(database: Database) -> Iterator[Connection]:
    """Yield a connection on which anything may be done to the ledger; it is undone afterwards."""
    try:
        with begin_write(database) as connection:
            if database.is_sqlite:
                connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
                for (name,) in connection.execute(
                    text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                ).all():
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            yield connection
            raise _Undo
    except _Undo:
        pass


def verify_within(connection: Connection) -> LedgerReport:
    with act_session(connection, now=START) as session:
        return verify_ledger(Snapshot(session, SYSTEM, START))


def _other(connection: Connection, table: Table, name: str, value: Any) -> Any:
    """Return a value that the column could hold in place of its own."""
    if name == "kind":
        if table.name == "journal_entry":
            return EntryKind.SWEEP
        return next(kind for kind in AccountKind if kind != value)
    if name in {"account_id", "entry_id", "customer_id", "reverses_id"}:
        (key,) = table.c[name].foreign_keys
        ids = connection.execute(select(key.column).where(key.column != (value or 0)))
        return ids.scalars().first()
    if name == "currency":
        return "USD"
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, int):
        return value + 1_000_003
    return (value or "")[:-1] + "x"


def _rows(database: Database, table: Table) -> list[Any]:
    with begin_write(database) as connection:
        return list(connection.execute(table.select().order_by(table.c.id)).mappings())


def _table(model: type[Row]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not tell of it
    return table


def _pay(run: Run, customer: MadeCustomer, shillings: int) -> PaymentId:
    evidence = c2b(customer.account_number, receipt=receipt(next(_numbers)), amount=kes(shillings))
    payment_id = settle(run, evidence).payment_id
    assert payment_id is not None
    return payment_id


def _send_refund(run: Run, refund_id: RefundId, outcome: RefundOutcome) -> None:
    gateway = KeshoGateway("http://127.0.0.1:9")
    run(
        begin_sending, refund_id=refund_id, gateway=gateway, vault=VAULT, public_url="https://billing.example"
    )
    run(note_refund, refund_id=refund_id, outcome=outcome)


def _defer(uow: UnitOfWork) -> None:
    policy = policy_queries.newest_policy(uow.session)
    assert policy is not None
    policy.defers_revenue = True
