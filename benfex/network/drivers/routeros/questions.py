"""How a question is put to a router, and what is said of entries that are not ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from benfex.core.errors import RouterRejected
from benfex.network.drivers.routeros.conversation import NO_SUCH_MENU
from benfex.network.drivers.routeros.replies import Row

FOREIGN_ENTRY: Final = "foreign_entry"


class Ask(Protocol):
    """How a question reaches the router: a command and its words, answered by rows."""

    def __call__(self, command: str, *words: str) -> list[Row]:
        """Return the answer. Raises RouterError."""
        ...


def show(ask: Ask, menu: str, properties: Iterable[str], *queries: str) -> list[Row]:
    """Return the rows of `menu` with only `properties`; none when the router does not have the menu.

    A menu that changes while it is printed may tell a row twice: of those with one id the last counts.
    """
    try:
        rows = ask(f"{menu}/print", f"=.proplist={','.join(properties)}", *queries)
        return list({row.get(".id", place): row for place, row in enumerate(rows)}.values())
    except RouterRejected as error:
        if error.code != NO_SUCH_MENU:
            raise
        return []  # a package that is not installed


def foreign_entry(username: str) -> RouterRejected:
    """Return the refusal to touch an entry that does not carry our mark."""
    return RouterRejected(
        f"The router already has an entry named {username} that Benfex did not make. "
        "Rename or remove it there, or give the connection another user name.",
        code=FOREIGN_ENTRY,
    )
