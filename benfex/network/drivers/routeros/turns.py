"""How many threads work on what routers said at a time: few, so that the event loop never queues behind many.

Any number of threads may wait for routers. Python runs one thread at a time; a loop that has to take its turn after
sixteen others answers nobody for a tenth of a second.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

THREADS_AT_WORK = 2
_turns = threading.BoundedSemaphore(THREADS_AT_WORK)
_mine = threading.local()


@contextmanager
def working() -> Iterator[None]:
    """Work while the block lasts, after a turn was free."""
    with _turns:
        _mine.is_working = True
        try:
            yield
        finally:
            _mine.is_working = False


@contextmanager
def waiting() -> Iterator[None]:
    """Leave the turn to others while the block waits for a router."""
    if not getattr(_mine, "is_working", False):
        yield
        return
    _mine.is_working = False
    _turns.release()
    try:
        yield
    finally:
        _turns.acquire()
        _mine.is_working = True
