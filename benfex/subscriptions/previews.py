"""Say what an act would come to by running it whole and rolling it back, so that preview and act cannot differ."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from benfex.core.actors import Actor
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")


class _RolledBackError(Exception):
    """Undoes the transaction of an act that was only tried."""


async def preview(
    transactor: Transactor,
    act: Callable[Concatenate[UnitOfWork, P], T],
    actor: Actor,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Return what an act would return, and change nothing; no event is told. Raises as the act."""
    found: list[T] = []

    def attempt(uow: UnitOfWork) -> None:
        found.append(act(uow, *args, **kwargs))
        raise _RolledBackError

    try:
        await transactor.transact(attempt, actor)
    except _RolledBackError:
        return found[-1]
    raise AssertionError("an act that raises was not rolled back")


def preview_sync(
    transactor: Transactor,
    act: Callable[Concatenate[UnitOfWork, P], T],
    actor: Actor,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Do the same without an event loop."""
    found: list[T] = []

    def attempt(uow: UnitOfWork) -> None:
        found.append(act(uow, *args, **kwargs))
        raise _RolledBackError

    try:
        transactor.run_sync(attempt, actor)
    except _RolledBackError:
        return found[-1]
    raise AssertionError("an act that raises was not rolled back")
