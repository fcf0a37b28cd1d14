"""Fixtures that any test may ask for: a moved clock, a database of each kind, and a way to run acts on it."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.databases import KINDS, Databases
from tests.postgresql import PostgresqlMissingError

if TYPE_CHECKING:
    from benfex.core.actors import Actor
    from benfex.core.clock import MovedClock
    from benfex.core.events import EventBus
    from benfex.core.transactor import Transactor
    from benfex.core.unit_of_work import Snapshot, UnitOfWork
    from data.engine import Database

pytest_plugins = ["tests.reporting"]

P = ParamSpec("P")
T = TypeVar("T")

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday; 11:00 in Nairobi
SQLITE_FOLDERS = {"ui", "browser"}  # screens are the same on every database

# Databases and the simulation make the time of one example uneven; that says nothing about the code.
_QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("default", deadline=None, suppress_health_check=_QUIET, max_examples=60)
settings.register_profile(
    "ci", deadline=None, suppress_health_check=_QUIET, derandomize=True, max_examples=60
)
settings.register_profile("deep", deadline=None, suppress_health_check=_QUIET, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))


def pytest_collection_finish() -> None:
    """Leave what is imported by now out of the garbage collector's rounds: tests of screens ask for many."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that touches a database once on every kind, unless it is marked `sqlite_only`."""
    if "database_kind" not in metafunc.fixturenames:
        return
    one_is_enough = metafunc.definition.get_closest_marker("sqlite_only") or SQLITE_FOLDERS.intersection(
        metafunc.definition.path.parts
    )
    metafunc.parametrize("database_kind", KINDS[:1] if one_is_enough else KINDS, scope="function")


@pytest.fixture(autouse=True)
def _logs_as_at_first() -> Iterator[None]:
    """Undo what a command of the command line did to the logs: they went where nobody listens any more."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    databases = Databases(tmp_path_factory.mktemp("databases"))
    yield databases
    databases.close()


@pytest.fixture
def database(databases: Databases, database_kind: str) -> "Iterator[Database]":
    """An opened database with every table and no rows, on SQLite and on PostgreSQL in turn."""
    with _or_skip(databases.opened(database_kind)) as database:
        yield database


@pytest.fixture
def database_url(database: "Database") -> str:
    """The address of `database`, for whoever opens it anew."""
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def blank_database_url(databases: Databases, database_kind: str) -> Iterator[str]:
    """The address of a database with nothing in it, on SQLite and on PostgreSQL in turn."""
    with _or_skip(databases.blank(database_kind)) as url:
        yield url


@pytest.fixture
def clock() -> "MovedClock":
    """A clock that stands at START until the test moves it."""
    from benfex.core.clock import MovedClock

    return MovedClock(START)


@pytest.fixture
def bus() -> "EventBus":
    from benfex.core.events import EventBus

    return EventBus()


@pytest.fixture
def gate(database: "Database", clock: "MovedClock", bus: "EventBus") -> "Iterator[Transactor]":
    """A transactor as `bootstrap` builds it, not started: its `_sync` twins need no loop."""
    from benfex.core.transactor import Transactor
    from benfex.ledger.journal import seal_chain

    gate = Transactor(database, clock, bus, before_commit=seal_chain)
    yield gate
    gate.close()


@pytest.fixture
async def transactor(gate: "Transactor") -> "AsyncIterator[Transactor]":
    """A started transactor, for tests of flows and of concurrency; acts alone are simpler with `run`."""
    await gate.start()
    yield gate
    await gate.stop()


@dataclass(frozen=True, slots=True)
class Run:
    """Runs acts and views one after the other, each in a transaction of its own, as one actor."""

    transactor: "Transactor"
    actor: "Actor"

    def __call__(
        self, act: "Callable[Concatenate[UnitOfWork, P], T]", /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `act`, commit, and return what it returned."""
        return self.transactor.run_sync(act, self.actor, *args, **kwargs)

    def read(self, look: "Callable[Concatenate[Snapshot, P], T]", /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the view `look` sees."""
        return self.transactor.read_sync(look, self.actor, *args, **kwargs)

    def by(self, actor: "Actor") -> "Run":
        """Return the same, as another actor."""
        return Run(self.transactor, actor)


@pytest.fixture
def run(gate: "Transactor") -> Run:
    """`run(act, name=value)` acts as the system; `run.by(actor)(act)` as someone; `run.read(view)` looks."""
    from benfex.core.actors import SystemActor

    return Run(gate, SystemActor("tests"))


@contextmanager
def _or_skip(database: AbstractContextManager[T]) -> Iterator[T]:
    with ExitStack() as stack:
        try:
            found = stack.enter_context(database)
        except PostgresqlMissingError as missing:
            pytest.skip(f"no PostgreSQL: {missing}")
        yield found
