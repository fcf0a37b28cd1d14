"""The ground of the benchmarks of usage: an ISP with many lines, and readings of its routers minute by minute."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.installation import BENCHMARK, Isp, found, long_ago, make_settings, opened, subscribe
from benchmarks.poll import copy_lines
from benchmarks.processes import Surroundings
from benfex.core.settings import Settings
from benfex.demo.history import RouterPlace
from benfex.network.driver import ActiveSession, CounterReading, PollReading, RouterHealth
from data.values.identifiers import RouterId

_NOBODYS = "of a router that is not there"
RESETS_OF = 100  # one session in so many loses its counters at each reading


@dataclass(slots=True)
class Counted:
    """One session of one line, as its router counts it."""

    username: str
    download_bytes: int = 0
    upload_bytes: int = 0
    began: int = 0


class Homes:
    """What routers would tell: every line online, moving bytes, and one in a hundred that dialled anew."""

    def __init__(self, isp: Isp, *, a_router: int, seed: int = 7) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - traffic, not secrets
        self._uptime = 86_400
        self.sessions = {
            router_id: [Counted(f"home{place + 1}-{number:04d}") for number in range(1, a_router + 1)]
            for place, router_id in enumerate(isp.router_ids)
        }

    def minute(self) -> Iterator[tuple[RouterId, PollReading]]:
        """Let a minute pass, and yield what each router tells then."""
        self._uptime += 60
        for router_id, sessions in self.sessions.items():
            yield router_id, self._reading(sessions)

    def _reading(self, sessions: list[Counted]) -> PollReading:
        dice = self._dice
        active, counters = [], []
        for one in sessions:
            if dice.randrange(RESETS_OF) == 0:
                one.download_bytes = one.upload_bytes = 0
                one.began = self._uptime - dice.randrange(1, 59)
            one.download_bytes += dice.randrange(1_000, 60_000_000)
            one.upload_bytes += dice.randrange(100, 6_000_000)
            uptime = self._uptime - one.began
            key = f"*{one.began:X}:{one.username}"
            active.append(ActiveSession(one.username, f"<pppoe-{one.username}>", key, uptime))
            counters.append(CounterReading(one.username, key, one.download_bytes, one.upload_bytes, uptime))
        health = RouterHealth("7.18", "CCR", self._uptime, 3, 1, 2)
        return PollReading(health, (), tuple(active), tuple(counters))


def make_ground(home: Path, *, routers: int, subscribers: int) -> tuple[Settings, Isp]:
    """Make an ISP whose lines are spread over routers that nobody speaks to."""
    settings = make_settings(home)
    places = tuple(
        RouterPlace(name=f"edge-{number}", host="127.0.0.1", port=9, username="api", password=_NOBODYS)
        for number in range(1, routers + 1)
    )
    outside = Surroundings(0, "", "http://127.0.0.1:9", "", places)
    clock = long_ago(days=40)
    isp = found(settings, outside, clock=clock)
    with opened(settings, clock=clock) as benfex:
        subscribe(benfex, isp, usernames=[f"home{number + 1}-0001" for number in range(routers)])
        benfex.transactor.run_sync(copy_lines, BENCHMARK, copies=subscribers // routers - 1)
    return settings, isp


def minutes_from(at: datetime, count: int) -> list[datetime]:
    """Return so many instants, a minute apart."""
    return [at + timedelta(minutes=number) for number in range(count)]
