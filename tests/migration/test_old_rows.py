"""An ISP's rows live on through a migration: what was sold, billed and posted means the same after it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from data.engine import Database, open_database
from data.migrations.running import configuration, upgrade
from data.session import begin_migration, begin_write
from tests.databases import Databases
from tests.postgresql import PostgresqlMissingError

AT = "'2026-11-01 08:00:00+00:00'"
ROWS = (
    f"INSERT INTO tax_rate VALUES (1, {AT}, {AT}, 'VAT', 'VAT old', 1400, '2020-01-01 00:00:00+00:00')",
    f"INSERT INTO tax_rate VALUES (2, {AT}, {AT}, 'VAT', 'VAT', 1600, '2026-11-01 06:00:00+00:00')",
    "INSERT INTO plan (id, created_at, updated_at, code, name, access_method, download_bps, upload_bps, "
    f"cap_action, is_public) VALUES (1, {AT}, {AT}, 'HOME', 'Home', 'pppoe', 1000, 1000, 'notify', true)",
    "INSERT INTO plan_price (id, created_at, updated_at, plan_id, amount_minor, currency, interval, "
    "interval_count, billing_mode, setup_fee_minor, tax_rate_id, tax_behavior, valid_from) "
    f"VALUES (1, {AT}, {AT}, 1, 250000, 'KES', 'month', 1, 'postpaid', 0, 2, 'inclusive', {AT})",
    "INSERT INTO customer (id, created_at, updated_at, account_number, kind, name, phone, phone_sha256, "
    f"address, currency, status) VALUES (1, {AT}, {AT}, 'BFX000011', 'person', 'Amina', '+254700000001', "
    "'x', '', 'KES', 'active')",
    "INSERT INTO subscription (id, created_at, updated_at, customer_id, plan_price_id, status, anchor_day, "
    "starts_on, period_starts_on, period_ends_on, charged_through_on, is_over_cap, version) "
    f"VALUES (1, {AT}, {AT}, 1, 1, 'active', 1, '2026-11-01', '2026-11-01', '2026-12-01', '2026-12-01', "
    "false, 1)",
    "INSERT INTO invoice (id, created_at, updated_at, number, customer_id, status, currency, subtotal_minor, "
    f"tax_minor, total_minor, paid_minor) VALUES (1, {AT}, {AT}, 'INV-2026-00001', 1, 'open', 'KES', 215517, "
    "34483, 250000, 0)",
    "INSERT INTO invoice_line (id, created_at, updated_at, invoice_id, subscription_id, kind, description, "
    f"quantity, unit_minor, amount_minor, tax_minor) VALUES (1, {AT}, {AT}, 1, 1, 'recurring', 'Home', 1, "
    "250000, 215517, 34483)",
    "INSERT INTO invoice_line_tax (id, created_at, updated_at, line_id, tax_rate_id, base_minor, tax_minor) "
    f"VALUES (1, {AT}, {AT}, 1, 2, 215517, 34483)",
    "INSERT INTO billed_charge (id, created_at, updated_at, billing_key, line_id) "
    f"VALUES (1, {AT}, {AT}, '1:price:2026-11-01', 1)",
    "INSERT INTO ledger_account (id, created_at, updated_at, code, kind, currency, owner, balance_minor) "
    f"VALUES (1, {AT}, {AT}, '1200', 'asset', 'KES', 'customer:1', 250000)",
    "INSERT INTO journal_entry (id, created_at, updated_at, kind, source_type, source_id, occurred_at, "
    f"posted_at, memo) VALUES (1, {AT}, {AT}, 'invoice_issued', 'invoice', 1, {AT}, {AT}, '')",
    "INSERT INTO posting (id, created_at, updated_at, entry_id, account_id, amount_minor) "
    f"VALUES (1, {AT}, {AT}, 1, 1, 250000)",
    "INSERT INTO router (id, created_at, updated_at, name, host, port, use_tls, username, password_sealed, driver, "
    "status, status_reason, consecutive_failures, poll_seconds, board, version, serial, is_enabled) "
    f"VALUES (1, {AT}, {AT}, 'tower', '192.0.2.1', 8728, false, 'api', 'x', 'routeros', 'reachable', '', 0, 60, "
    "'', '', '', true)",
    "INSERT INTO connection (id, created_at, updated_at, subscription_id, router_id, method, username, "
    f"secret_sealed, desired_generation, applied_generation) VALUES (1, {AT}, {AT}, 1, 1, 'pppoe', 'amina', 'x', 1, 1)",
    f"INSERT INTO usage_5m VALUES ({AT}, 1, 4000, 300)",
    f"INSERT INTO usage_1h VALUES (1, {AT}, 4000, 300, 106, 8, 300)",
)


@pytest.fixture
def upgraded(upgraded_of: Callable[[str], Database], database_kind: str) -> Database:
    """A database that an ISP used at the first schema, brought to the newest as the product does it."""
    try:
        return upgraded_of(database_kind)
    except PostgresqlMissingError as missing:
        pytest.skip(f"no PostgreSQL: {missing}")


@pytest.fixture(scope="module")
def upgraded_of(databases: Databases) -> Iterator[Callable[[str], Database]]:
    """Return it by its kind; made once, since no test here changes it."""
    with ExitStack() as closing:

        @cache
        def make(kind: str) -> Database:
            database = open_database(closing.enter_context(databases.blank(kind)))
            closing.callback(database.dispose)
            with begin_migration(database) as connection:
                command.upgrade(configuration(connection), "0001")
                for row in ROWS:
                    connection.execute(text(row.replace(":", "\\:")))
            with begin_migration(database) as connection:
                upgrade(connection)
            return database

        yield make


def one(connection: Connection, sql: str) -> tuple[object, ...]:
    return tuple(connection.execute(text(sql)).one())


def test_a_price_keeps_its_tax_in_a_group_of_its_own(upgraded: Database) -> None:
    with begin_write(upgraded) as connection:
        assert one(
            connection,
            "SELECT tax_group.code, tax_group_part.tax_code, tax_group_part.compound_on FROM plan_price "
            "JOIN tax_group ON tax_group.id = plan_price.tax_group_id "
            "JOIN tax_group_part ON tax_group_part.group_id = tax_group.id",
        ) == ("VAT", "VAT", "")
        assert one(connection, "SELECT tax_rate_id FROM invoice_line_tax") == (2,)


def test_a_service_is_billed_on_from_where_it_stood_by_whom_it_was(upgraded: Database) -> None:
    with begin_write(upgraded) as connection:
        row = one(
            connection, "SELECT billed_customer_id, CAST(bills_on AS VARCHAR), segment FROM subscription"
        )
        assert row == (1, "2026-12-01", 0)
        assert one(connection, "SELECT billing_key FROM billed_charge") == ("1:price.0:2026-11-01",)
        assert one(connection, "SELECT item FROM invoice_line") == ("price",)


def test_usage_begins_when_it_began(upgraded: Database) -> None:
    at = datetime(2026, 11, 1, 8, tzinfo=UTC).timestamp()
    with begin_write(upgraded) as connection:
        for table, bytes_ in (
            ("usage_5m", (4_000, 300)),
            ("usage_1h", (4_000, 300)),
            ("usage_router_5m", (4_000, 300)),
            ("usage_router_1h", (4_000, 300)),
        ):
            found = one(connection, f"SELECT starts_at, download_bytes, upload_bytes FROM {table}")
            assert found == (at, *bytes_), table


def test_what_was_posted_still_cannot_be_changed(upgraded: Database) -> None:
    for statement in ("UPDATE journal_entry SET memo = 'x'", "DELETE FROM posting"):
        with pytest.raises(DBAPIError, match="append-only"), begin_write(upgraded) as connection:
            connection.execute(text(statement))


def test_foreign_keys_hold_again_after_it(upgraded: Database) -> None:
    with pytest.raises(DBAPIError), begin_write(upgraded) as connection:
        connection.execute(text("UPDATE subscription SET customer_id = 99"))
