"""Write the next migration: what the models say and the last migration does not. Read it first."""

import sys

from alembic import command
from sqlalchemy import create_engine

from data.migrations.running import configuration, newest_revision, upgrade


def main(title: str) -> None:
    """Compare an empty database at the newest revision with the models; write the difference down."""
    with create_engine("sqlite://").connect() as connection:
        upgrade(connection)
        number = f"{int(newest_revision()) + 1:04}"
        command.revision(configuration(connection), message=title, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('Say what it is for: make migration TITLE="add notes to routers"')
    main(sys.argv[1])
