"""What the settlement benchmark stands on: customers with open invoices, one in ten cut off, and stored deliveries.

The floor writes the very same rows with nothing around them: one durable commit a payment.
"""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.bill_run_ground import copy_database, make_ground
from benchmarks.installation import BENCHMARK, PAYSTACK_KEY, Subscriber, opened
from benchmarks.processes import BenchmarkError
from benchmarks.storm_messages import Message, make_messages
from benfex.application import Benfex
from benfex.core.clock import MovedClock
from benfex.core.settings import Settings
from benfex.network.connections import ConnectionSpec, create_connection
from benfex.network.inventory import add_router
from benfex.notifications.accounts import save_channel_account
from benfex.payments.accounts import save_gateway_account
from benfex.payments.gateway import WebhookDelivery
from benfex.subscriptions.lifecycle import suspend_subscription
from data.engine import open_database
from data.values.identifiers import CustomerId, PhoneNumber, SubscriptionId
from data.values.kinds import MessageChannel, SuspensionReason

_CUT_OFF_EVERY = 10
_TOLD_TWICE_OF = 10  # one of ten deliveries tells of what another tells of as well
_TOGETHER = 128

# What settlement adds, parents first, and by which column a row finds its payment; where there is none, by its place.
_ADDED: dict[str, str | None] = {
    "ledger_account": None,
    "payment": "id",
    "journal_entry": "source_id",
    "posting": "entry_id",
    "payment_allocation": "payment_id",
    "restoration_clock": "payment_id",
    "subscription_transition": None,
    "router_task": None,
    "outbound_message": None,
    "audit_event": None,
}
_CHANGED = (
    "invoice", "ledger_account", "payment_attempt", "subscription", "connection", "router_task",
    "inbound_webhook",
)  # fmt: skip

_Commit = list[tuple[str, tuple[Any, ...]]]  # statements with their values, that are committed together


@dataclass(frozen=True, slots=True)
class Deliveries:
    """An ISP whose stored deliveries wait, what they say, and how many services their money is to bring back."""

    settings: Settings
    messages: tuple[Message, ...]
    cut_off: int

    @property
    def transactions(self) -> frozenset[str]:
        """Return the transactions that the deliveries tell of; some are told of twice."""
        return frozenset(message.transaction for message in self.messages)


def make_deliveries(home: Path, *, count: int, on: date, clock: MovedClock) -> Deliveries:
    """Store `count` deliveries that pay one invoice each of so many customers as there are receipts in them."""
    customers = count - count // _TOLD_TWICE_OF
    settings = make_ground(home, count=customers, on=on, clock=clock)
    with opened(settings, clock=clock) as benfex:
        benfex.bill_runner.run_sync(BENCHMARK, on=on)
        benfex.transactor.run_sync(
            save_gateway_account,
            BENCHMARK,
            gateway="paystack",
            settings={"secret_key": PAYSTACK_KEY, "base_url": "http://127.0.0.1:9"},
            vault=benfex.vault,
        )
        benfex.transactor.run_sync(
            save_channel_account,
            BENCHMARK,
            channel=MessageChannel.SMS,
            settings={"username": "benfex-demo", "api_key": "atsk_benfex_demo"},
            vault=benfex.vault,
        )
        cut_off = range(_CUT_OFF_EVERY, customers + 1, _CUT_OFF_EVERY)
        _cut_off(benfex, cut_off)
        people = [
            Subscriber(CustomerId(number), SubscriptionId(number), PhoneNumber(f"+2547{number:08d}"), "")
            for number in range(1, customers + 1)
        ]
        messages = make_messages(benfex, people, webhooks=count)
        asyncio.run(_store(benfex, messages))
    return Deliveries(settings, messages, len(cut_off))


def _cut_off(benfex: Benfex, numbers: Sequence[int]) -> None:
    run = benfex.transactor.run_sync
    router_id = run(
        add_router,
        BENCHMARK,
        name="edge",
        host="127.0.0.1",
        username="api",
        password="a password of nobody",  # noqa: S106 (of a router that is not there)
        vault=benfex.vault,
        is_managed=True,
    )
    for number in numbers:
        spec = ConnectionSpec(router_id=router_id, username=f"line-{number}", secret=f"secret-{number}")
        subscription_id = SubscriptionId(number)
        run(
            create_connection,
            BENCHMARK,
            subscription_id=subscription_id,
            spec=spec,
            vault=benfex.vault,
        )
        run(
            suspend_subscription,
            BENCHMARK,
            subscription_id=subscription_id,
            reason=SuspensionReason.NON_PAYMENT,
        )


async def _store(benfex: Benfex, messages: Sequence[Message]) -> None:
    """Hand every message to the inbox as its door would."""
    await benfex.gateways.load()
    for start in range(0, len(messages), _TOGETHER):
        some = messages[start : start + _TOGETHER]
        replies = await asyncio.gather(
            *(benfex.inbox.receive(*_delivery(benfex, message)) for message in some)
        )
        if any(reply.status != 200 for reply in replies):
            raise BenchmarkError(f"a delivery was refused: {replies}"[:300])


def _delivery(benfex: Benfex, message: Message) -> tuple[str, WebhookDelivery]:
    _, _, door, *rest = message.path.split("/")
    token = rest[0] if rest else None
    attempt = rest[2] if rest[1:2] == ["stk"] else None
    delivery = WebhookDelivery(
        path_kind="event" if door == "paystack" else "stk" if attempt else "/".join(rest[1:]),
        path_token=token,
        attempt_token=attempt,
        headers={"content-type": "application/json", "x-paystack-signature": message.signature},
        body=message.body,
        received_at=benfex.clock.now(),
    )
    return "paystack" if door == "paystack" else "mpesa", delivery


def serial_commits(before: Path, after: Path, place: Path) -> float:
    """Return the seconds that the rows of a settlement take with a durable commit for each payment.

    The same tables with their indexes, foreign keys and triggers, on the same disk, by the same SQLite; nothing is
    asked, and every value is known beforehand.
    """
    commits = _commits(before, after)
    copy_database(before, place)
    engine = open_database(f"sqlite:///{place}")
    connection = engine.writer.raw_connection()
    try:
        run = connection.cursor().execute
        began = time.perf_counter()
        for commit in commits:
            run("BEGIN IMMEDIATE")
            for statement, values in commit:
                run(statement, values)
            run("COMMIT")
        spent = time.perf_counter() - began
    finally:
        connection.close()
        engine.dispose()
    if _row_counts(place) != _row_counts(after):
        raise BenchmarkError("the floor did not write the same rows")
    return spent


def _commits(before: Path, after: Path) -> list[_Commit]:
    """Return what settlement wrote between two states, parted by payment."""
    with closing(sqlite3.connect(after)) as database:
        database.execute("ATTACH DATABASE ? AS old", (str(before),))
        run = database.execute
        last = {
            table: run(f"SELECT coalesce(max(id), 0) FROM old.{table}").fetchone()[0]  # noqa: S608
            for table in _ADDED
        }
        payments = [
            row[0] for row in run("SELECT id FROM payment WHERE id > ? ORDER BY id", (last["payment"],))
        ]
        place_of: dict[object, int] = {payment_id: place for place, payment_id in enumerate(payments)}
        entries: dict[object, int] = {}
        commits: list[_Commit] = [[] for _ in payments]
        for table, finds_by in _ADDED.items():
            columns = _columns(database, table)
            marks = ",".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})"  # noqa: S608
            found = run(f"SELECT * FROM main.{table} WHERE id > ? ORDER BY id", (last[table],)).fetchall()  # noqa: S608
            for number, row in enumerate(found):
                key = row[columns.index(finds_by)] if finds_by else None
                known = entries if table == "posting" else place_of
                place = (
                    0 if table == "ledger_account" else known.get(key, number * len(commits) // len(found))
                )
                if table == "journal_entry":
                    entries[row[columns.index("id")]] = place
                commits[place].append((statement, row))
        for table in _CHANGED:
            _add_changes(database, table, commits)
    return commits


def _add_changes(database: sqlite3.Connection, table: str, commits: list[_Commit]) -> None:
    columns = _columns(database, table)
    other = " OR ".join(f"new.{name} IS NOT was.{name}" for name in columns)
    moved = database.execute(
        f"SELECT new.*, was.* FROM main.{table} AS new JOIN old.{table} AS was USING (id) "  # noqa: S608
        f"WHERE {other} ORDER BY new.id"
    ).fetchall()
    for number, row in enumerate(moved):
        now, then = row[: len(columns)], row[len(columns) :]
        names = [name for name, one, two in zip(columns, now, then, strict=True) if one != two]
        values = [one for one, two in zip(now, then, strict=True) if one != two]
        sets = ", ".join(f"{name} = ?" for name in names)
        statement = f"UPDATE {table} SET {sets} WHERE id = ?"  # noqa: S608
        commits[number * len(commits) // len(moved)].append((statement, (*values, now[columns.index("id")])))


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA main.table_info({table})")]


def _row_counts(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as database:
        return {
            table: int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
            for table in _ADDED
        }
