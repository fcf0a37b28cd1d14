"""Calls to a far end: those that wait for their turn, where it refuses a storm, and those under way."""

import asyncio


class Pace:
    """Lets through so many calls a second, in the order they came."""

    def __init__(self, calls_per_second: int) -> None:
        self._interval_seconds = 1 / calls_per_second
        self._lock = asyncio.Lock()
        self._next = 0.0

    async def wait(self) -> None:
        """Wait for the next turn."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            ahead = self._next - loop.time()
            if ahead > 0:
                await asyncio.sleep(ahead)
            self._next = max(loop.time(), self._next) + self._interval_seconds


class CallsUnderWay:
    """Counts the calls within its `with` blocks, so that what they use can be closed after the last."""

    def __init__(self) -> None:
        self._count = 0
        self._none_left = asyncio.Event()
        self._none_left.set()
        self.is_closed = False

    def __enter__(self) -> None:
        """Note that a call begins."""
        self._count += 1
        self._none_left.clear()

    def __exit__(self, *_: object) -> None:
        """Note that a call is over."""
        self._count -= 1
        if not self._count:
            self._none_left.set()

    async def drain(self) -> None:
        """Say by `is_closed` that no call may begin, and wait until none is under way."""
        self.is_closed = True
        await self._none_left.wait()
