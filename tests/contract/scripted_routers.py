"""Routers that speak as a script says, for what the simulated one cannot do."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from benfex.network.driver import RouterAddress

OLD_CHALLENGE = bytes(range(16))
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scripted_router(talk: Talk, *, deadline_seconds: float = 5.0) -> AsyncIterator[RouterAddress]:
    """Yield a router that speaks as `talk` does, for what the simulated one cannot."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        yield RouterAddress(host, port, "benfex", "x", timeout_seconds=5, deadline_seconds=deadline_seconds)


async def accept_login(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"=password=x\x00")
    writer.write(b"\x05!done\x00")


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a byte at a time, never too late for the socket."""
    await accept_login(reader, writer)
    await reader.read(100)
    writer.write(b"\x03!re\x7f")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def challenge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let in as RouterOS before 6.43 does: MD5 of a zero byte, the password and the challenge."""
    await reader.readuntil(b"=password=x\x00")
    writer.write(b"\x05!done\x25=ret=" + OLD_CHALLENGE.hex().encode() + b"\x00")
    asked = await reader.readuntil(b"\x00")
    response = hashlib.md5(b"\x00x" + OLD_CHALLENGE).hexdigest().encode()
    refused = b"\x05!trap\x15=message=cannot log in\x00"
    writer.write((b"" if b"=response=00" + response in asked else refused) + b"\x05!done\x00")
    await reader.read()


async def say_too_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await accept_login(reader, writer)
    await reader.read(100)
    writer.write(b"\x05!done\x00\x05!done\x00")
    await reader.read()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await accept_login(reader, writer)
    await reader.read(100)
    writer.write(b"\x06!fatal\x0dshutting down\x00")
