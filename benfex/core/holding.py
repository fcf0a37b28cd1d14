"""Watch over the right to serve a database while it is served.

A server that restarts, or hands over to another machine, forgets who held the right. It is taken again; where another
process took it meanwhile, this one gives up: two would poll and bill side by side.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from data.engine import DATABASE_ERROR
from data.locks import Hold

_LOOK_SECONDS: Final = 10.0
_LOOKS_MAX: Final = 12  # our own lost connection may hold it until the server misses us (`data/engine`)
_log = structlog.get_logger("holding")


@contextmanager
def watched(
    hold: Hold, *, give_up: Callable[[], None], look_seconds: float = _LOOK_SECONDS
) -> Iterator[None]:
    """Keep `hold` while the block lasts; call `give_up` once when somebody else has had it for two minutes."""
    ending = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(hold, give_up, look_seconds, ending), name="hold", daemon=True
    )
    watch.start()
    try:
        yield
    finally:
        ending.set()
        watch.join()


def _watch(hold: Hold, give_up: Callable[[], None], look_seconds: float, ending: threading.Event) -> None:
    missed = 0
    while not ending.wait(look_seconds):
        try:
            missed = 0 if hold.keep() else missed + 1
        except DATABASE_ERROR:
            continue  # nobody can be asked; nobody else can take it either
        if missed >= _LOOKS_MAX:
            _log.critical("another process serves this database; this one ends")
            give_up()
            return
