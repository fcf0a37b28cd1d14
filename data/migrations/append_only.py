"""Triggers that refuse to change what is written once: journal, postings, histories, credit notes."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

FIRST_TABLES = ("posting", "subscription_transition", "audit_event")
BILLING_TABLES = ("credit_note", "credit_note_line", "credit_note_line_tax", "communication")
_FIXED = (
    "id",
    "kind",
    "source_type",
    "source_id",
    "occurred_at",
    "posted_at",
    "memo",
    "reverses_id",
    "created_at",
)


def protect(connection: Connection) -> None:
    """Create every trigger, as the newest schema has them."""
    add_refusal(connection)
    protect_tables(connection, FIRST_TABLES + BILLING_TABLES)
    protect_journal(connection)


def add_refusal(connection: Connection) -> None:
    """Create the function that PostgreSQL's triggers call; SQLite's need none."""
    if connection.dialect.name != "sqlite":
        connection.execute(
            text(
                "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
            )
        )


def protect_tables(connection: Connection, tables: Sequence[str]) -> None:
    """Refuse every change of rows in these tables."""
    for table in tables:
        if connection.dialect.name != "sqlite":
            connection.execute(
                text(
                    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
                )
            )
            continue
        for verb in ("UPDATE", "DELETE"):
            connection.execute(
                text(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            )


def protect_journal(connection: Connection) -> None:
    """Refuse changes of journal entries; an entry may be sealed into the chain once and is fixed otherwise."""
    is_sqlite = connection.dialect.name == "sqlite"
    equal = "IS" if is_sqlite else "IS NOT DISTINCT FROM"
    same = " AND ".join(f"NEW.{column} {equal} OLD.{column}" for column in _FIXED)
    refuse = (
        "BEGIN SELECT RAISE(ABORT, 'journal_entry is append-only'); END"
        if is_sqlite
        else "EXECUTE FUNCTION refuse_change()"
    )
    each = "" if is_sqlite else "FOR EACH ROW "
    connection.execute(
        text(
            f"CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry {each}"
            f"WHEN (OLD.entry_hash IS NOT NULL OR NOT ({same})) {refuse}"
        )
    )
    connection.execute(
        text(f"CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry {each}{refuse}")
    )
