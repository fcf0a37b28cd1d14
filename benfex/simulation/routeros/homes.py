"""The homes behind a router: who dials, who is online, what was counted. Their habits are in traffic.py.

Nothing here runs by itself: dials and hang-ups wait in a heap until `settle` is called with the time.
"""

import heapq
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address

from benfex.simulation.routeros import formats, menus
from benfex.simulation.routeros.journal import Log
from benfex.simulation.routeros.options import RouterOptions, Span
from benfex.simulation.routeros.tables import Table
from benfex.simulation.routeros.traffic import (
    LINE_DOWNLOAD_BPS,
    LINE_UPLOAD_BPS,
    Appetite,
    Limits,
    make_appetite,
    make_noise,
    make_random,
    rates_at,
    steps_over,
)
from benfex.simulation.routeros.wire import Row, readable

PROFILE_MENUS = {menus.SECRET: menus.PROFILE, menus.HOTSPOT_USER: menus.HOTSPOT_PROFILE}
POOL_BUSY_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class Session:
    """One home that is online; what it may use was settled when it dialled."""

    menu: str
    user: str
    profile: str
    rate_limit: str
    address_list: str
    number: int
    interface: str
    address: str
    caller_id: str
    started_at: float
    counted_until: float
    limits: Limits
    home: "Home"
    download_bytes: float = 0.0
    upload_bytes: float = 0.0
    rows: dict[str, Row] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Home:
    """One subscriber's equipment; `row_id` None once its secret is gone. Only its newest plan counts.

    `typed` is the password that somebody typed into it, None the right one.
    """

    menu: str
    row_id: str | None
    caller_id: str
    appetite: Appetite
    session: Session | None = None
    is_dialling: bool = False
    plan: int = 0
    typed: str | None = None


class Homes:
    """All homes of one router and their sessions since it booted, oldest session first."""

    def __init__(self, tables: Mapping[str, Table], options: RouterOptions) -> None:
        self.sessions: dict[int, Session] = {}
        self.by_interface: dict[str, Session] = {}
        self.total_download_bytes = 0.0
        self.total_upload_bytes = 0.0
        self._tables = tables
        self._options = options
        self._story = f"{options.seed}:{options.name}"
        self._random = make_random(self._story)
        self.log = Log()
        self._noise = make_noise(self._story)
        self._homes: dict[tuple[str, str], Home] = {}
        self._orphans: dict[tuple[str, str], Home] = {}
        self._events: list[tuple[float, int, int, str, Home]] = []
        self._order = itertools.count()
        self._numbers = itertools.count(1)
        self._addresses: set[str] = set()
        self._places: dict[str, int] = {}

    def settle(self, now: float) -> None:
        """Let everything happen that was due by `now`, each at its own instant."""
        while self._events and self._events[0][0] <= now:
            at, _, plan, event, home = heapq.heappop(self._events)
            if plan != home.plan:
                continue
            if event == "dial":
                self._dial(home, at)
            elif home.session is not None:
                self._hang_up(home.session, at, reason="hung-up", pause=self._options.hangup_seconds)

    def heed(self, menu: str, what: str, row: Row, now: float) -> None:
        """Take note that a secret or hotspot user was added, changed or removed; running sessions go on."""
        key = (menu, row[".id"])
        if what == "removed":
            self._orphan(key)
            return
        home = self._homes.get(key)
        if home is None:
            home = self._homes[key] = self._adopt(menu, row)
        if home.session is None and not home.is_dialling:
            self._plan_dial(home, now, self._options.dial_seconds)

    def dial_at_once(self, menu: str, row_id: str, now: float) -> None:
        """Bring one home online without waiting for it to dial."""
        self._dial(self._homes[(menu, row_id)], now)

    def type_password(self, user: str, password: str, now: float) -> None:
        """Type a password into the equipment of a subscriber; it dials anew with it."""
        row = self._tables[menus.SECRET].named(user)
        home = self._homes[(menus.SECRET, row[".id"] if row else "")]
        home.typed = password
        if home.session is not None:
            self._hang_up(home.session, now, reason="peer-request", pause=self._options.redial_seconds)

    def dial_again(self, user: str, now: float, *, caller_id: str = "") -> str:
        """Let a second device dial with the same name; return its interface, "" when it cannot."""
        row = self._tables[menus.SECRET].named(user)
        home = self._homes.get((menus.SECRET, row[".id"])) if row else None
        if home is None or row is None or row["disabled"] == "true":
            return ""
        if self._profile(menus.SECRET, row).get("only-one") == "yes":
            for older in self.of_user(user):
                self._hang_up(older, now, reason="peer-request", pause=self._options.redial_seconds)
        session = self._open(home, row, now)
        if session is not None and caller_id:
            session.caller_id = caller_id
        return session.interface if session else ""

    def kick(self, session: Session, now: float) -> None:
        """End a session as its removal does; the home dials again soon."""
        self._hang_up(session, now, reason="admin-request", pause=self._options.redial_seconds)

    def of_user(self, user: str) -> list[Session]:
        """Return the sessions of one name, oldest first."""
        return [session for session in self.sessions.values() if session.user == user]

    def reset_counters(self, now: float) -> None:
        """Set the counters of all sessions to zero; the uplink keeps its own."""
        self.count(now)
        for session in self.sessions.values():
            session.download_bytes = session.upload_bytes = 0.0

    def lose_all(self, now: float) -> None:
        """Lose every session and all numbering, as a reboot does; the homes dial again in a new order."""
        self.count(now)
        for session in self.sessions.values():
            self._note_end(session, now, reason="nas-reboot")
        self.sessions.clear()
        self.by_interface.clear()
        self._addresses.clear()
        self._events.clear()
        self._orphans.clear()
        self._places.clear()
        self._numbers = itertools.count(1)
        self.log = Log()
        self.total_download_bytes = self.total_upload_bytes = 0.0
        for home in self._homes.values():
            home.session = None
            self._plan_dial(home, now, self._options.redial_seconds)

    def rates(self, session: Session, now: float) -> tuple[float, float]:
        """Return (download, upload) of a session at `now`, in bits per second."""
        return rates_at(now, appetite=session.home.appetite, limits=session.limits, noise=self._noise)

    def count(self, now: float) -> None:
        """Bring the counters of all sessions up to `now`."""
        for session in self.sessions.values():
            self._count(session, now)

    def _count(self, session: Session, now: float) -> None:
        seconds = now - session.counted_until
        if seconds <= 0.0:
            return
        steps = steps_over(seconds)
        step = seconds / steps
        moment = session.counted_until + step / 2
        download = upload = 0.0
        for _ in range(steps):
            rate = rates_at(moment, appetite=session.home.appetite, limits=session.limits, noise=self._noise)
            download += rate[0]
            upload += rate[1]
            moment += step
        download *= step / 8
        upload *= step / 8
        session.counted_until = now
        session.download_bytes += download
        session.upload_bytes += upload
        self.total_download_bytes += download
        self.total_upload_bytes += upload

    def _plan(self, home: Home, at: float, event: str) -> None:
        home.plan += 1
        heapq.heappush(self._events, (at, next(self._order), home.plan, event, home))

    def _plan_dial(self, home: Home, now: float, pause: Span) -> None:
        home.is_dialling = True
        self._plan(home, now + self._random.uniform(*pause), "dial")

    def _adopt(self, menu: str, row: Row) -> Home:
        """Return the home of a new row: the one still online under this name, or a new one."""
        orphan = self._orphans.pop((menu, row["name"]), None)
        if orphan is not None and orphan.session is not None:
            orphan.row_id = row[".id"]
            return orphan
        generator = make_random(
            f"{self._story}:{menu}:{row['name']}".encode("utf-8", "surrogateescape").hex()
        )
        caller_id = "D0:D0:4B:" + ":".join(f"{generator.randrange(256):02X}" for _ in range(3))
        return Home(menu, row[".id"], caller_id, make_appetite(generator))

    def _orphan(self, key: tuple[str, str]) -> None:
        home = self._homes.pop(key, None)
        if home is None:
            return
        home.row_id = None
        if home.session is not None:
            self._orphans[(home.menu, home.session.user)] = home

    def _row_of(self, home: Home) -> Row | None:
        row = self._tables[home.menu].rows.get(home.row_id) if home.row_id else None
        wanted = (
            row is not None and row["disabled"] == "false" and row.get("service", "any") in ("any", "pppoe")
        )
        return row if wanted else None

    def _dial(self, home: Home, at: float) -> None:
        home.is_dialling = False
        row = self._row_of(home)
        if row is None or home.session is not None:
            return
        if home.typed is not None and home.typed != row.get("password", ""):
            self.log.note(
                "pppoe,ppp,error",
                f"<{next(self._order):04x}>: user {row['name']} authentication failed",
                at=at,
            )
            self._plan_dial(home, at, self._options.redial_seconds)
            return
        home.session = self._open(home, row, at)
        if home.session is None:
            self._plan_dial(home, at, (POOL_BUSY_SECONDS, 2 * POOL_BUSY_SECONDS))
            return
        lasts = self._random.expovariate(1.0 / self._options.mean_session_seconds)
        self._plan(home, at + lasts, "hang up")

    def _profile(self, menu: str, row: Row) -> Row:
        """Return the profile of a row, the default one where the reference dangles."""
        table = self._tables[PROFILE_MENUS[menu]]
        return table.named(row["profile"]) or table.named("default") or {"name": "default"}

    def _open(self, home: Home, row: Row, at: float) -> Session | None:
        """Start a session, or return None when no address is free."""
        profile = self._profile(home.menu, row)
        address = self._take_address(home.menu, row, profile)
        if address is None:
            return None
        upload_bps, download_bps = formats.parse_rate_limit(profile.get("rate-limit", ""))
        address_list = profile.get("address-list", "")
        limits = Limits(
            download_bps=download_bps or LINE_DOWNLOAD_BPS,
            upload_bps=upload_bps or LINE_UPLOAD_BPS,
            portal_only=menus.SUSPENDED in (address_list, profile["name"]),
        )
        session = Session(
            menu=home.menu,
            user=row["name"],
            profile=row["profile"],
            rate_limit=f"{upload_bps}/{download_bps}" if upload_bps or download_bps else "",
            address_list=address_list,
            number=next(self._numbers),
            interface=self._interface_name(home.menu, row["name"]),
            address=address,
            caller_id=row.get("caller-id") or row.get("mac-address") or home.caller_id,
            started_at=at,
            counted_until=at,
            limits=limits,
            home=home,
        )
        self.sessions[session.number] = session
        self.by_interface[session.interface] = session
        self._addresses.add(address)
        if home.menu == menus.SECRET:
            self.log.note("pppoe,ppp,info,account", f"{row['name']} logged in, {address}", at=at)
        return session

    def _interface_name(self, menu: str, user: str) -> str:
        """Return `<pppoe-NAME>`; a second session at the same time gets -1, a third -2."""
        service = "pppoe" if menu == menus.SECRET else "hotspot"
        name = f"<{service}-{user}>"
        for number in itertools.count(1):
            if name not in self.by_interface:
                break
            name = f"<{service}-{user}-{number}>"
        return name

    def _take_address(self, menu: str, row: Row, profile: Row) -> str | None:
        """Return the row's own address, or a free one of the pool that row, profile or default name."""
        if menu == menus.SECRET:
            default = self._tables[menus.PROFILE].named("default") or {}
            sources = (
                row.get("remote-address"),
                profile.get("remote-address"),
                default.get("remote-address"),
            )
        else:
            sources = (row.get("address"), profile.get("address-pool"), "hotspot-pool")
        source = next((item for item in sources if item and item != "none"), "")
        if formats.is_address(source):
            return source
        pool = self._tables[menus.POOL].named(source)
        return self._take_from_pool(pool) if pool else None

    def _take_from_pool(self, pool: Row) -> str | None:
        addresses = _addresses_of(pool["ranges"])
        start = self._places.get(pool[".id"], 0)
        for step in range(len(addresses)):
            place = (start + step) % len(addresses)
            if addresses[place] not in self._addresses:
                self._places[pool[".id"]] = place + 1
                return addresses[place]
        return None

    def _hang_up(self, session: Session, at: float, *, reason: str, pause: Span) -> None:
        self._count(session, at)
        self._note_end(session, at, reason=reason)
        self.sessions.pop(session.number, None)
        self.by_interface.pop(session.interface, None)
        self._addresses.discard(session.address)
        home = session.home
        if home.session is not session:
            return  # a second device of that name: nobody dials for it again
        home.session = None
        if home.row_id is None:
            self._orphans.pop((home.menu, session.user), None)
        else:
            self._plan_dial(home, at, pause)

    def _note_end(self, session: Session, at: float, *, reason: str) -> None:
        if session.menu == menus.SECRET:
            self.log.note("pppoe,ppp,info", f"{session.interface}: disconnected ({reason})", at=at)
        row = self._tables[session.menu].named(session.user)
        if row is None:
            return
        if session.menu == menus.SECRET:
            row["last-logged-out"] = formats.format_instant(at)
            row["last-caller-id"] = session.caller_id
            row["last-disconnect-reason"] = reason
            return
        row["bytes-in"] = str(int(row["bytes-in"]) + int(session.upload_bytes))
        row["bytes-out"] = str(int(row["bytes-out"]) + int(session.download_bytes))
        online = formats.parse_duration(row["uptime"]) + at - session.started_at
        row["uptime"] = formats.format_duration(online)

    def describe(self, now: float) -> list[dict[str, object]]:
        """Return every session as plain values for people and programs outside, oldest first."""
        self.count(now)
        described: list[dict[str, object]] = []
        for session in self.sessions.values():
            download_bps, upload_bps = self.rates(session, now)
            described.append(
                {
                    "user": readable(session.user),
                    "service": "pppoe" if session.menu == menus.SECRET else "hotspot",
                    "profile": readable(session.profile),
                    "interface": readable(session.interface),
                    "address": session.address,
                    "uptime": int(now - session.started_at),
                    "download_bps": int(download_bps),
                    "upload_bps": int(upload_bps),
                    "download_bytes": int(session.download_bytes),
                    "upload_bytes": int(session.upload_bytes),
                    "portal_only": session.limits.portal_only,
                }
            )
        return described


@lru_cache(maxsize=256)
def _addresses_of(ranges: str) -> tuple[str, ...]:
    """Return the addresses of a pool in order, at most 65,536."""
    numbers = itertools.chain.from_iterable(range(a, b + 1) for a, b in formats.parse_ranges(ranges))
    return tuple(str(IPv4Address(number)) for number in itertools.islice(numbers, 65536))
