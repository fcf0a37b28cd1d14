"""Live: 100 clients watch the overview of an ISP with three routers, each read every 2 s.

The clients are in a process of their own (`watcher.py`). An age counts from the instant in the point, which is
that of the router's answer, to its arrival at the client; so metering and publishing are in it.
"""

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.installation import (
    OWNER_EMAIL,
    OWNER_PASSWORD,
    found,
    long_ago,
    make_settings,
    opened,
    subscribe,
)
from benchmarks.outcome import Outcome, Target, percentile
from benchmarks.processes import ROOT, BenchmarkError, Product, cpu_seconds, product, simulation

NAME = "live"
CLIENTS = 100
ROUTERS = 3
SUBSCRIBERS = 30
SECONDS = 12.0
INTERVAL_SECONDS = 2.0
ZONE = "Africa/Nairobi"
KEPT_POINTS = 300
AGE_P95_MS = 500
_LINE_BYTES_MAX = 64 * 1024 * 1024
_END_SECONDS = 90.0


async def measure(home: Path) -> Outcome:
    """Watch for `SECONDS`. Raises BenchmarkError when a client did not get to watch."""
    async with simulation(home / "outside", routers=ROUTERS) as outside:
        settings = make_settings(home / "benfex")
        clock = long_ago(days=1)
        isp = found(settings, outside, clock=clock)
        names = [f"home-{number:04d}" for number in range(SUBSCRIBERS)]
        with opened(settings, clock=clock) as benfex:
            subscribe(benfex, isp, usernames=names)
        async with product(settings) as served:
            session = await _sign_in(served)
            idle = await _cpu_share(served, seconds=2.0)
            said, busy, opening = await _watch(served, session)
    if said["lost"]:
        raise BenchmarkError(f"{said['lost']} clients lost their connection.")
    return _outcome(said, idle=idle, busy=busy, opening=opening)


async def _sign_in(served: Product) -> str:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        form = {"name": OWNER_EMAIL, "password": OWNER_PASSWORD}
        answer = await http.post(f"{served.url}/auth/login", data=form)
        session = answer.cookies.get("benfex_session")
    if not session:
        raise BenchmarkError("The owner could not sign in.")
    return session


async def _cpu_share(served: Product, *, seconds: float) -> float:
    """Return the share of one core that the product uses, over so many seconds."""
    began, used = time.monotonic(), cpu_seconds(served.pid)
    await asyncio.sleep(seconds)
    return (cpu_seconds(served.pid) - used) / (time.monotonic() - began)


async def _watch(served: Product, session: str) -> tuple[dict[str, Any], float, float]:
    watching = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.watcher", served.url, session, str(CLIENTS), str(SECONDS), ZONE),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES_MAX,
    )
    assert watching.stdout is not None
    try:
        async with asyncio.timeout(_END_SECONDS):
            used = cpu_seconds(served.pid)
            if not await watching.stdout.readline():
                raise BenchmarkError("Not every client got to watch.")
            opening = (cpu_seconds(served.pid) - used) / CLIENTS
            busy = await _cpu_share(served, seconds=SECONDS - 0.5)
            line = await watching.stdout.readline()
    except TimeoutError:
        raise BenchmarkError("The watching clients came to no end.") from None
    finally:
        if watching.returncode is None:
            watching.terminate()
        await watching.wait()
    if not line:
        raise BenchmarkError("The watching clients broke off.")
    said: dict[str, Any] = json.loads(line)
    return said, busy, opening


def _outcome(said: dict[str, Any], *, idle: float, busy: float, opening: float) -> Outcome:
    ages, appended = said["ages_ms"], said["append_bytes"]
    p50, p95, slowest = percentile(ages, 50), percentile(ages, 95), max(ages)
    update = statistics.median(appended)
    whole = _bytes_of_figure(said["figure"])
    expected = CLIENTS * SECONDS / INTERVAL_SECONDS
    return Outcome(
        NAME,
        table=(
            (
                "watching",
                f"{CLIENTS} clients, {ROUTERS} routers every 2 s, {len(ages):,} of {expected:,.0f} points",
            ),
            ("age at the client", f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, slowest {slowest:.0f} ms"),
            (
                "processor",
                f"{busy:.0%} of one core; {idle:.0%} with nobody watching; "
                f"{busy / CLIENTS * 1000:.1f} ms a second a client",
            ),
            ("opening the page", f"{opening * 1000:.0f} ms of processor"),
            ("one point", f"{update:.0f} bytes; the whole figure ({KEPT_POINTS} points) {whole:,} bytes"),
            ("whole to point", f"{whole / update:.0f} x"),
            (
                "all messages",
                f"{said['messages'] / SECONDS / CLIENTS:.1f} a second a client, "
                f"{said['bytes'] / SECONDS / CLIENTS:,.0f} bytes a second a client",
            ),
        ),
        figures={
            "clients": CLIENTS,
            "points": len(ages),
            "age_p50_ms": round(p50),
            "age_p95_ms": round(p95),
            "age_max_ms": round(slowest),
            "cpu_share": round(busy, 3),
            "cpu_share_idle": round(idle, 3),
            "page_cpu_ms": round(opening * 1000, 1),
            "update_bytes": round(update),
            "figure_bytes": whole,
            "figure_to_update": round(whole / update, 1),
            "messages_per_second_per_client": round(said["messages"] / SECONDS / CLIENTS, 2),
            "bytes_per_second_per_client": round(said["bytes"] / SECONDS / CLIENTS),
        },
        targets=(
            Target(f"a point is at 19 of 20 clients within {AGE_P95_MS} ms", p95 <= AGE_P95_MS),
            Target("an appended point is 20 times smaller than the figure", whole >= 20 * update),
            Target("at most a tenth of the points is missing", len(ages) >= 0.9 * expected),
        ),
    )


def _bytes_of_figure(figure: dict[str, Any]) -> int:
    """Return the size of the chart's figure when it holds as many points as it keeps.

    A page that was opened just now has fewer, so its last points are repeated.
    """
    for trace in figure["data"]:
        for axis in ("x", "y"):
            points = trace[axis]
            trace[axis] = (points * (KEPT_POINTS // len(points) + 1))[:KEPT_POINTS]
    return len(json.dumps(figure, separators=(",", ":")).encode())
