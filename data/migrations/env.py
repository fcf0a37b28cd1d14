"""Alembic's wiring: it runs on a connection that is handed over, in batch mode on SQLite."""

from alembic import context

import data.schema

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=data.schema.METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
