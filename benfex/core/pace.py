"""Keep a pace: calls to a far end that refuses a storm wait for their turn."""

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
