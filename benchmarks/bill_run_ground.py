"""What the bill-run benchmark stands on: subscriptions made in bulk, the bare floor, and the peer of objects."""

import shutil
import sqlite3
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from benchmarks.installation import BENCHMARK, found, opened
from benchmarks.processes import BenchmarkError, Surroundings
from benfex.application import Benfex
from benfex.core.clock import MovedClock
from benfex.core.settings import Settings
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.chart import KIND_OF, AccountCode
from benfex.ledger.journal import EntryDraft, EntrySource, post_entries
from data.engine import open_database
from data.models.customer import Customer
from data.models.ledger import LedgerAccount
from data.models.payment import Payment
from data.models.subscription import Subscription, SubscriptionDiscount
from data.queries.bulk import BulkInsert
from data.values.identifiers import CustomerId, make_account_number
from data.values.kinds import CustomerKind, CycleAlignment, DiscountKind, EntryKind, EvidenceGrade
from data.values.money import Money
from data.values.states import CustomerStatus, PaymentStatus, SubscriptionStatus

CREDIT = Money(1_000_00, "KES")
_CHUNK = 5_000
_PART_DAYS = 12  # one in ten is billed a short part, up to a boundary that lies so far ahead

_CUSTOMERS = BulkInsert(
    Customer,
    (
        "id",
        "account_number",
        "kind",
        "name",
        "phone",
        "phone_sha256",
        "phone_end",
        "address",
        "currency",
        "status",
        "language",
    ),
)
_SUBSCRIPTIONS = BulkInsert(
    Subscription,
    (
        "id", "customer_id", "billed_customer_id", "plan_price_id", "status", "anchor_day", "starts_on",
        "period_starts_on", "period_ends_on", "charged_through_on", "is_over_cap", "is_throttled", "alignment",
        "segment", "bills_on", "renews_from_balance", "version",
    ),
)  # fmt: skip
_DISCOUNTS = BulkInsert(
    SubscriptionDiscount,
    ("subscription_id", "name", "kind", "basis_points", "amount_minor", "periods_left", "starts_on"),
)
_PAYMENTS = BulkInsert(
    Payment,
    (
        "id", "customer_id", "gateway", "gateway_transaction_id", "amount_minor", "fee_minor", "currency",
        "status", "grade", "source", "received_at", "payer_name", "payer_phone", "account_reference",
        "match_reason", "match_reasons", "matched_by",
    ),
)  # fmt: skip
_ACCOUNTS = BulkInsert(LedgerAccount, ("code", "kind", "currency", "owner", "customer_id", "balance_minor"))

# What a run writes, parents first, with what tells its rows from those before it.
_WRITTEN = (
    "bill_run", "ledger_account", "invoice", "invoice_line", "invoice_line_tax", "billed_charge",
    "journal_entry", "posting", "payment_allocation", "number_sequence",
)  # fmt: skip
_MOVED = {
    "subscription": ("charged_through_on", "period_starts_on", "period_ends_on", "bills_on", "version"),
    "subscription_discount": ("periods_left", "counted_until_on"),
    "ledger_account": ("balance_minor",),
}


def make_ground(home: Path, *, count: int, on: date, clock: MovedClock) -> Settings:
    """Make an ISP with so many subscriptions that are due on the day, and return its settings."""
    settings = Settings(home=home, port=9)
    home.mkdir(parents=True)
    isp = found(settings, Surroundings(pid=0, control="", daraja="", paystack="", routers=()), clock=clock)
    with opened(settings, clock=clock) as benfex:
        for first in range(1, count + 1, _CHUNK):
            ids = range(first, min(first + _CHUNK, count + 1))
            benfex.transactor.run_sync(_seed, BENCHMARK, ids=ids, price_id=isp.price_id, on=on)
    return settings


def _seed(uow: UnitOfWork, *, ids: range, price_id: int, on: date) -> None:
    session, month_ago = uow.session, on - timedelta(days=30)
    _CUSTOMERS.run(
        session,
        [
            (
                number, make_account_number(number), CustomerKind.PERSON, f"Subscriber {number}", f"+2547{number:08d}",
                f"{number:064d}", f"{number % 1000:03d}", "", "KES", CustomerStatus.ACTIVE, "en",
            )
            for number in ids
        ],
    )  # fmt: skip
    rows = []
    for number in ids:
        boundary = on + timedelta(days=_PART_DAYS if number % 10 == 0 else 0)
        rows.append(
            (
                number, number, number, price_id, SubscriptionStatus.ACTIVE, boundary.day, month_ago,
                month_ago, boundary, on, False, False, CycleAlignment.ANNIVERSARY, 0, on, True, 1,
            )
        )  # fmt: skip
    _SUBSCRIPTIONS.run(session, rows)
    _DISCOUNTS.run(
        session,
        [
            (number, "Neighbour", DiscountKind.PERCENT, 1_000, 0, 3, month_ago)
            for number in ids
            if number % 5 == 1
        ],
    )
    receivable = KIND_OF[AccountCode.RECEIVABLE]
    _ACCOUNTS.run(
        session,
        [(AccountCode.RECEIVABLE, receivable, "KES", f"customer:{number}", number, 0) for number in ids],
    )
    with_credit = [number for number in ids if number % 10 == 3]
    _PAYMENTS.run(
        session,
        [
            (
                number, number, "cash", f"R{number}", CREDIT.minor, 0, "KES", PaymentStatus.RECEIVED,
                EvidenceGrade.STAFF, "staff", uow.now, "", "", "", "",
                "[]", "",
            )
            for number in with_credit
        ],
    )  # fmt: skip
    post_entries(
        uow,
        [
            EntryDraft(
                EntryKind.PAYMENT_RECEIVED,
                EntrySource("payment", number),
                entries.payment_received("cash", CustomerId(number), CREDIT),
                uow.now,
            )
            for number in with_credit
        ],
    )


def copy_database(path: Path, place: Path) -> None:
    """Copy a database that nobody has open, with what still stands in its log."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(path, place)


def row_counts(path: Path) -> dict[str, int]:
    """Return how many rows a run's tables hold."""
    with closing(sqlite3.connect(path)) as database:
        return {
            table: int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
            for table in _WRITTEN
        }


def bare_inserts(before: Path, after: Path, place: Path) -> float:
    """Return the seconds that bare INSERT..SELECT and UPDATE..FROM take for the very same rows, in one commit.

    The same tables with their indexes, foreign keys and triggers, on the same disk, by the same SQLite.
    """
    copy_database(before, place)
    engine = open_database(f"sqlite:///{place}")
    connection = engine.writer.raw_connection()
    try:
        run = connection.cursor().execute
        run("ATTACH DATABASE ? AS done", (str(after),))
        run("SELECT sum(length(description)) FROM done.invoice_line")  # the source is in memory for both
        columns = {
            table: ", ".join(row[1] for row in run(f"PRAGMA table_info({table})").fetchall())
            for table in _WRITTEN
        }
        last = {
            table: run(f"SELECT coalesce(max(id), 0) FROM main.{table}").fetchone()[0]  # noqa: S608
            for table in _WRITTEN
        }
        began = time.perf_counter()
        run("BEGIN IMMEDIATE")
        for table in _WRITTEN:
            run(
                f"INSERT INTO main.{table} ({columns[table]}) "  # noqa: S608
                f"SELECT {columns[table]} FROM done.{table} WHERE id > ? ORDER BY id",
                (last[table],),
            )
        for table, moved in _MOVED.items():
            sets = ", ".join(f"{name} = other.{name}" for name in moved)
            run(
                f"UPDATE main.{table} SET {sets} FROM done.{table} AS other "  # noqa: S608
                f"WHERE other.id = main.{table}.id AND other.{moved[0]} IS NOT main.{table}.{moved[0]}"
            )
        run("COMMIT")
        spent = time.perf_counter() - began
    finally:
        connection.close()
        engine.dispose()
    if row_counts(place) != row_counts(after):
        raise BenchmarkError("the floor did not write the same rows")
    return spent


def total_billed(benfex: Benfex) -> int:
    """Return the total of all invoices in minor units."""
    with closing(sqlite3.connect(str(benfex.transactor.database.url.database))) as database:
        return int(database.execute("SELECT coalesce(sum(total_minor), 0) FROM invoice").fetchone()[0])
