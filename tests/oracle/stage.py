"""Where histories are played by the engine: an ISP that is put back before each of them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.core.transactor import Transactor
from benfex.ledger.journal import seal_chain
from data.engine import Database, open_database
from tests.conftest import START, Run
from tests.databases import Databases
from tests.factories.isp import SYSTEM
from tests.oracle.engine import EnginePlayer
from tests.oracle.histories import History

# A player who sells what the history sells, or nothing yet.
Stage = Callable[[History | None], AbstractContextManager[EnginePlayer]]


@contextmanager
def sqlite_stage(databases: Databases) -> Iterator[Stage]:
    """Yield a stage that sets up the ISP once and copies its file back; what was compiled is kept as well."""
    with databases.ready("sqlite") as url:
        path = Path(url.removeprefix("sqlite:///"))
        begun = path.with_name(f"{path.name}.begun")
        database = open_database(url, pool_size=2)
        with _player(database) as player:
            player.open_the_isp()
        shutil.copyfile(path, begun)

        @contextmanager
        def play(history: History | None) -> Iterator[EnginePlayer]:
            for more in ("-wal", "-shm"):
                path.with_name(f"{path.name}{more}").unlink(missing_ok=True)
            shutil.copyfile(begun, path)
            with _player(database) as player:
                if history is not None:
                    player.sell(history)
                yield player

        yield play


@contextmanager
def postgresql_stage(databases: Databases) -> Iterator[Stage]:
    """Yield a stage that makes a database for each history, which costs more."""

    @contextmanager
    def play(history: History | None) -> Iterator[EnginePlayer]:
        with databases.ready("postgresql") as url, _player(open_database(url, pool_size=2)) as player:
            player.open_the_isp()
            if history is not None:
                player.sell(history)
            yield player

    yield play


@contextmanager
def _player(database: Database) -> Iterator[EnginePlayer]:
    clock = MovedClock(START)
    gate = Transactor(database, clock, EventBus(), before_commit=seal_chain)
    try:
        yield EnginePlayer(Run(gate, SYSTEM), clock)
    finally:
        gate.close()  # and every connection with it
