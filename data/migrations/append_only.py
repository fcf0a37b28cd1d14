"""Triggers that refuse to change what is written once: journal, postings, histories."""

from sqlalchemy import Connection, text

_TABLES = ("posting", "subscription_transition", "audit_event")
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
    """Create the triggers; an entry may be sealed into the chain once and is fixed otherwise."""
    if connection.dialect.name == "sqlite":
        _protect_sqlite(connection)
    else:
        _protect_postgresql(connection)


def _protect_sqlite(connection: Connection) -> None:
    for table in _TABLES:
        for verb in ("UPDATE", "DELETE"):
            connection.execute(
                text(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            )
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in _FIXED)
    connection.execute(
        text(
            "CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry "
            f"WHEN OLD.entry_hash IS NOT NULL OR NOT ({same}) "
            "BEGIN SELECT RAISE(ABORT, 'journal_entry is append-only'); END"
        )
    )
    connection.execute(
        text(
            "CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry "
            "BEGIN SELECT RAISE(ABORT, 'journal_entry is append-only'); END"
        )
    )


def _protect_postgresql(connection: Connection) -> None:
    connection.execute(
        text(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    )
    for table in _TABLES:
        connection.execute(
            text(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        )
    same = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in _FIXED)
    connection.execute(
        text(
            "CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry FOR EACH ROW "
            f"WHEN (OLD.entry_hash IS NOT NULL OR NOT ({same})) EXECUTE FUNCTION refuse_change()"
        )
    )
    connection.execute(
        text(
            "CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    )
