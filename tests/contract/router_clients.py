"""Clients and helpers that drive the simulated router, shared by its tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import librouteros
from librouteros.api import AsyncApi

from benfex.simulation.routeros.server import RouterOptions, SimulatedRouter
from benfex.simulation.routeros.wire import encode_length

OPTIONS = RouterOptions(
    "nakuru-core",
    username="benfex",
    password="demo-router-1",
    dial_seconds=(0.0, 0.02),
    redial_seconds=(0.01, 0.05),
    hangup_seconds=(0.01, 0.05),
    tool_seconds=0.02,
)
DEADLINE_SECONDS = 3.0
PLAN = {"name": "benfex-home", "rate-limit": "5M/20M"}
SUSPENDED = {"name": "benfex-suspended", "rate-limit": "256k/256k", "address-list": "benfex-suspended"}


@asynccontextmanager
async def running(options: RouterOptions = OPTIONS) -> AsyncIterator[SimulatedRouter]:
    router = SimulatedRouter(options)
    await router.start()
    try:
        yield router
    finally:
        await router.stop()


@asynccontextmanager
async def signed_in(router: SimulatedRouter) -> AsyncIterator[AsyncApi]:
    client = await connect(router)
    try:
        yield client
    finally:
        with suppress(OSError):  # the router may have torn the connection down, as asked
            await client.close()


async def connect(
    router: SimulatedRouter, *, password: str = "demo-router-1", timeout_seconds: float = 5.0
) -> AsyncApi:
    return await librouteros.async_connect(
        router.host, "benfex", password, port=router.port, encoding="utf-8", timeout=timeout_seconds
    )


async def ask(api: AsyncApi, command: str, *words: str) -> list[dict[str, Any]]:
    return [row async for row in api.rawCmd(command, *words)]


async def add(api: AsyncApi, menu: str, **properties: str) -> str:
    words = (f"={name.replace('_', '-')}={value}" for name, value in properties.items())
    return str((await ask(api, f"{menu}/add", *words))[0]["ret"])


async def add_subscriber(api: AsyncApi, name: str, profile: str = "default") -> str:
    return await add(api, "/ppp/secret", name=name, password="pw", profile=profile, service="pppoe")


async def add_profile(api: AsyncApi, properties: dict[str, str]) -> str:
    words = (f"={name}={value}" for name, value in properties.items())
    return str((await ask(api, "/ppp/profile/add", *words))[0]["ret"])


async def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        await asyncio.sleep(0.01)
    raise AssertionError("It did not happen in time.")


def session_of(router: SimulatedRouter, user: str) -> dict[str, Any] | None:
    return next((session for session in router.sessions() if session["user"] == user), None)


async def online(router: SimulatedRouter, user: str) -> dict[str, Any]:
    found: dict[str, Any] = await until(lambda: session_of(router, user))
    return found


class Bare:
    """A client of bare sentences, as bytes, without any library."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, router: SimulatedRouter, *, signed_in: bool = True) -> "Bare":
        client = cls(*await asyncio.open_connection(router.host, router.port))
        if signed_in:
            client.send("/login", "=name=benfex", "=password=demo-router-1")
            assert await client.read() == ["!done"]
        return client

    def send(self, *words: str | bytes) -> None:
        for word in words:
            data = word if isinstance(word, bytes) else word.encode()
            self.writer.write(encode_length(len(data)) + data)
        self.writer.write(b"\x00")

    async def read_raw(self) -> list[bytes]:
        words = []
        async with asyncio.timeout(DEADLINE_SECONDS):
            while length := (await self.reader.readexactly(1))[0]:
                if length >= 0x80:
                    length = (length & 0x3F) << 8 | (await self.reader.readexactly(1))[0]
                words.append(await self.reader.readexactly(length))
        return words

    async def read(self) -> list[str]:
        return [word.decode() for word in await self.read_raw()]


def session_ids(router: SimulatedRouter) -> set[str]:
    return {row["session-id"] for row in router.table("ppp.active")}
