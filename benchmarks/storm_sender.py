"""Gateways in a storm: each message goes out one to five times, and again until somebody acknowledges it."""

import asyncio
import time
from collections.abc import Sequence
from random import Random

from benchmarks.storm_messages import Message

_PAUSE_SECONDS = 0.25
_ANSWER_SECONDS = 20.0
_LARGEST_ANSWER = 64 * 1024


class Storm:
    """What is still to be sent, shared by all connections."""

    def __init__(self, port: int, messages: Sequence[Message], *, seed: int) -> None:
        odd = Random(seed)  # noqa: S311 - the same storm each time, no secret
        self._left = [message for message in messages for _ in range(odd.randint(1, 5))]
        odd.shuffle(self._left)
        self._port = port
        self.sent = len(self._left)
        self.acknowledged = 0
        self.last_acknowledged_at = 0.0

    async def send(self) -> None:
        """Send over one connection, opened anew whenever it breaks, until nothing is left."""
        link = _Link(self._port)
        while self._left:
            message = self._left.pop()
            while not await link.send(message):  # noqa: ASYNC110 - a gateway pauses before it repeats
                await asyncio.sleep(_PAUSE_SECONDS)
            self.acknowledged += 1
            self.last_acknowledged_at = time.perf_counter()
        link.close()


class _Link:
    """One connection of a gateway."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, message: Message) -> bool:
        """Return whether the message was acknowledged; no answer is none."""
        try:
            if self._open is None:
                self._open = await asyncio.open_connection("127.0.0.1", self._port)
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await _exchange(*self._open, message)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            self.close()
            return False

    def close(self) -> None:
        """Let the connection go."""
        if self._open is not None:
            self._open[1].close()
        self._open = None


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: Message) -> bool:
    """Send a message and return whether it was acknowledged."""
    proof = f"x-paystack-signature: {message.signature}\r\n" if message.signature else ""
    head = f"POST {message.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{proof}"
    writer.write(f"{head}content-length: {len(message.body)}\r\n\r\n".encode() + message.body)
    await writer.drain()
    told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(
        (int(line.partition(":")[2]) for line in told.split("\r\n") if line.startswith("content-length:")), 0
    )
    await reader.readexactly(min(length, _LARGEST_ANSWER))
    return told.startswith("http/1.1 200")
