"""The product and its surroundings as processes: started as they ship, ended with their block."""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx

from benfex.core.settings import Settings
from benfex.demo.history import RouterPlace

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 40.0
END_SECONDS = 10.0
_LINE_BYTES_MAX = 1024 * 1024


class BenchmarkError(Exception):
    """A benchmark could not be carried out; the message says what to look at."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The simulation: where its doors are, and its process."""

    pid: int
    control: str
    daraja: str
    paystack: str
    routers: tuple[RouterPlace, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The product as `python app.py` serves it."""

    pid: int
    url: str
    log: Path

    def said(self) -> str:
        """Return the end of what it logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]


@asynccontextmanager
async def simulation(home: Path, *, routers: int, subscribers: int = 0) -> AsyncIterator[Surroundings]:
    """Run the simulation while the block lasts; `subscribers` are online from the start, in all."""
    _make_folder(home)
    words = ["-m", "benfex.simulation", "--home", str(home), "--parent-pipe"]
    words += ["--routers", str(routers), "--subscribers", str(subscribers)]
    async with _process(words, log=home / "simulation.log", environment={}) as running:
        assert running.stdout is not None
        try:
            line = await asyncio.wait_for(running.stdout.readline(), START_SECONDS)
        except TimeoutError:
            line = b""
        if not line:
            raise BenchmarkError(f"The simulation did not start: {(home / 'simulation.log').read_text()}")
        said = json.loads(line)
        places = cast("list[RouterPlace]", said["routers"])
        yield Surroundings(running.pid, said["control"], said["daraja"], said["paystack"], tuple(places))


@asynccontextmanager
async def product(
    settings: Settings, *, is_ready: Callable[[], bool] | None = None
) -> AsyncIterator[Product]:
    """Run the product over a prepared database while the block lasts; it is ready when the block begins.

    It is by its own word, unless `is_ready` says so sooner.
    """
    log = settings.home / "product.log"
    words = [str(ROOT / "app.py"), "--port", str(settings.port)]
    async with _process(words, log=log, environment=environment_of(settings)) as running:
        served = Product(running.pid, settings.public_url, log)
        try:
            await _until_ready(served, running, is_ready)
            yield served
        except Exception:
            sys.stderr.write(served.said())
            raise


def environment_of(settings: Settings) -> dict[str, str]:
    """Return what leads a process to an installation."""
    place = {"BENFEX_HOME": str(settings.home)}
    if settings.database_url:
        place["BENFEX_DATABASE_URL"] = settings.database_url
    if settings.garden_port:
        place["BENFEX_GARDEN_PORT"] = str(settings.garden_port)
    return place


async def run(words: Sequence[str], *, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command of the product to its end and return its code and what it printed."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        cwd=ROOT,
        env=_environment(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    printed, _ = await running.communicate()
    return running.returncode or 0, printed.decode(errors="replace")


@asynccontextmanager
async def serving(words: Sequence[str], *, port: int, log: Path) -> AsyncIterator[int]:
    """Run another server while the block lasts, and yield its process; it listens when the block begins."""
    async with _process(words, log=log, environment={}) as running:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            if running.returncode is not None or time.monotonic() > deadline:
                raise BenchmarkError(f"A server did not start; see {log}.")
            await asyncio.sleep(0.05)
        yield running.pid


def _listens(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


async def started(words: Sequence[str]) -> tuple[int, str]:
    """Run another program of the benchmarks to its end and return its code and what it printed."""
    return await run(words, environment={})


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used, all its threads together (Linux, proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_megabytes(*, peak: bool) -> int:
    """Return the memory that this process has in use, or had at most (Linux, proc(5), status)."""
    name = "VmHWM:" if peak else "VmRSS:"
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) // 1024


def forget_peak() -> None:
    """Have the peak counted from now on (Linux, proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@asynccontextmanager
async def _process(
    words: Sequence[str], *, log: Path, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as heard:
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            cwd=ROOT,
            env=_environment(environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=heard,
            limit=_LINE_BYTES_MAX,
        )
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            running.terminate()
        try:
            await asyncio.wait_for(running.wait(), END_SECONDS)
        except TimeoutError:
            running.kill()
            await running.wait()


def _make_folder(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings that happen to be set on this machine.

    An installation keeps its bytecode, whatever this machine's habit is.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BENFEX_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, **more}


async def _until_ready(
    served: Product, running: asyncio.subprocess.Process, is_ready: Callable[[], bool] | None
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while is_ready is not None and time.monotonic() < deadline and running.returncode is None:
        if is_ready():
            return
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        while time.monotonic() < deadline and running.returncode is None:
            with suppress(httpx.HTTPError):
                if (await client.get(f"{served.url}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise BenchmarkError("The product did not get ready.")
