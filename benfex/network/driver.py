"""What a router is to Benfex: the protocols of a driver and the frozen types that cross it.

Download and upload are the subscriber's. Kinds of router are in `drivers/`, the choice of one in
`registry.py`, what a router should be told in `desired_state.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeAlias

from benfex.network.device import DeviceLink
from benfex.network.garden import Garden, GardenReading
from data.values.identifiers import ConnectionId
from data.values.kinds import ALL_METHODS, AccessMethod
from data.values.traffic import Burst, Rate

QUEUE: Final = "queue"
ROUTEROS: Final = "routeros"
RADIUS: Final = "radius"
# By which methods subscribers of a kind of router are known.
OFFERED: Final[Mapping[str, frozenset[AccessMethod]]] = {
    ROUTEROS: frozenset(AccessMethod),
    RADIUS: frozenset((AccessMethod.PPPOE, AccessMethod.HOTSPOT)),
}


@dataclass(frozen=True, slots=True)
class RouterAddress:
    """Where a router is and who we are there.

    `timeout_seconds` is the longest silence, `deadline_seconds` the longest a command may take as a whole.
    With `use_tls` the router's certificate is compared with `tls_fingerprint` (SHA-256, hex) when there is
    one, else verified against `tls_authority` (PEM) or, when that is None, the authorities of this machine.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    use_tls: bool = False
    timeout_seconds: float = 10.0
    deadline_seconds: float = 30.0
    tls_fingerprint: str | None = None
    tls_authority: str | None = None
    fallback_encoding: str = "cp1252"


@dataclass(frozen=True, slots=True)
class RouterHealth:
    """How the router is; memory in bytes, processor load over all cores."""

    version: str
    board: str
    uptime_seconds: int
    cpu_percent: int
    free_memory_bytes: int
    total_memory_bytes: int


@dataclass(frozen=True, slots=True)
class RouterIdentity:
    """Which router answered, and how it is; `serial` is None where the board has none (CHR, x86)."""

    name: str
    version: str
    board: str
    serial: str | None
    uptime_seconds: int
    cpu_percent: int
    free_memory_bytes: int
    total_memory_bytes: int
    firmware: str = ""
    firmware_offered: str = ""


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """One subscriber online now; where nobody signs in (`interface` is `QUEUE`), one whose line is open.

    `session_key` is that of the session's `CounterReading`; None while the interface is not seen.
    `address` and `caller_id` are None where the menu that was read does not have them.
    """

    username: str
    interface: str
    session_key: str | None
    uptime_seconds: int
    address: str | None = None
    caller_id: str | None = None


@dataclass(frozen=True, slots=True)
class CounterReading:
    """What one session has moved since it began, as far as its counters know.

    `session_key` may come again after a reboot of the router: keep it together with the boot
    (`benfex/usage/metering.py`). `steady_at` is when the router counted, in steady seconds of this machine,
    as near as can be told; None when that is not known.
    """

    username: str
    session_key: str
    download_bytes: int
    upload_bytes: int
    uptime_seconds: int
    steady_at: float | None = None


@dataclass(frozen=True, slots=True)
class InterfaceCounters:
    """What one interface that is not a subscriber's has moved; seen from behind the router, as on an uplink.

    `download_bytes` came into the router there. On a port towards subscribers it is the other way round.
    """

    name: str
    kind: str
    is_running: bool
    download_bytes: int
    upload_bytes: int


@dataclass(frozen=True, slots=True)
class PollReading:
    """One look at a router, in a fixed number of questions.

    `sessions` are all that are online. `counters` has those whose counters were seen, one per session:
    a session that is missing there has unknown counters, not zero; keep what is known of it.
    `is_complete` is true when no session is missing there.
    """

    health: RouterHealth
    interfaces: tuple[InterfaceCounters, ...]
    sessions: tuple[ActiveSession, ...]
    counters: tuple[CounterReading, ...]

    @property
    def is_complete(self) -> bool:
        """Return whether the counters of every session are known."""
        return all(session.session_key is not None for session in self.sessions)

    @property
    def unknown_usernames(self) -> frozenset[str]:
        """Return who is online with counters that were not seen."""
        return frozenset(session.username for session in self.sessions if session.session_key is None)


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One entry that lets a connection in, marked as ours.

    `password` is None when it could not be read. `remote_address` and `caller_id` are None when any will do.
    `takes_over` in what is desired: an entry of this name without any mark may be made ours.

    A line that is known by its address has no password and no profile: its speed is `rate` (0 without limit) with
    `burst`, and `address_list` the list its address is on. For all others these are None.
    """

    connection_id: ConnectionId
    username: str
    password: str | None = field(repr=False)
    profile: str
    remote_address: str | None = None
    caller_id: str | None = None
    enabled: bool = True
    method: AccessMethod = AccessMethod.PPPOE
    takes_over: bool = False
    rate: Rate | None = None
    burst: Burst | None = None
    address_list: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignEntry:
    """One entry without our mark, as somebody else made it.

    `password` is None when it could not be read; `rate` is its profile's, None without limit.
    """

    method: AccessMethod
    username: str
    password: str | None = field(repr=False)
    profile: str
    rate: Rate | None
    comment: str
    remote_address: str | None
    caller_id: str | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A login of a subscriber that the router refused: its time as the router writes it, and its words."""

    at: str
    message: str


@dataclass(frozen=True, slots=True)
class ProfileSpec:
    """A profile of ours on a router; the profile carries the speed and the walled garden.

    `rate` None means without limit. `address_list` None means in none. `burst` None in what is desired leaves a
    burst alone that was set by hand; in what was read it means that there is none.
    """

    name: str
    rate: Rate | None
    address_list: str | None = None
    method: AccessMethod = AccessMethod.PPPOE
    burst: Burst | None = None

    def is_met_by(self, observed: ProfileSpec | None) -> bool:
        """Return whether a profile that was read is as this one asks for."""
        if observed is None:
            return False
        return self == (observed if self.burst is not None else replace(observed, burst=None))


@dataclass(frozen=True, slots=True)
class AccessReading:
    """Everything about access on one router that concerns us.

    `entries` carry our mark, sorted by connection; `foreign_usernames` (method and name) are taken by entries
    without it, which are never touched; `profiles` are those whose name begins as ours do.
    """

    entries: tuple[AccessEntry, ...]
    foreign_usernames: frozenset[tuple[AccessMethod, str]]
    profiles: tuple[ProfileSpec, ...]

    def of(self, connection_id: ConnectionId) -> AccessReading:
        """Return the same reading with the entries of one connection only."""
        entries = tuple(entry for entry in self.entries if entry.connection_id == connection_id)
        return AccessReading(entries, self.foreign_usernames, self.profiles)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one router holds, and who is online there."""

    reading: AccessReading
    sessions: tuple[ActiveSession, ...]

    @property
    def online(self) -> frozenset[str]:
        """Return the names that are online."""
        return frozenset(session.username for session in self.sessions)


@dataclass(frozen=True, slots=True)
class SeenName:
    """Who is online with one name, and which logins of it were refused, oldest first."""

    sessions: tuple[ActiveSession, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class EnsureProfile:
    """Create the profile or bring its speed and list to what is asked."""

    profile: ProfileSpec


@dataclass(frozen=True, slots=True)
class AddAccess:
    """Create the entry; when it is there already and ours, or may be taken over, make it so as a whole."""

    entry: AccessEntry


@dataclass(frozen=True, slots=True)
class SetAccess:
    """Change entries of ours alike; None leaves a property alone, an empty text clears it.

    Lines that are known by their address are changed by `AddAccess`, as a whole.
    """

    connection_ids: tuple[ConnectionId, ...]
    method: AccessMethod = AccessMethod.PPPOE
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    profile: str | None = None
    remote_address: str | None = None
    caller_id: str | None = None
    enabled: bool | None = None
    rate: Rate | None = None
    burst: Burst | None = None
    address_list: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveAccess:
    """Remove the entries of one connection, or only the one with `username`; none there is success."""

    connection_id: ConnectionId
    method: AccessMethod = AccessMethod.PPPOE
    username: str | None = None


AccessChange: TypeAlias = EnsureProfile | AddAccess | SetAccess | RemoveAccess


class RouterLink(DeviceLink, Protocol):
    """One connection to one router; calls made at once wait for each other.

    Every method raises RouterUnreachable (silence or a broken connection: what became of a write is unknown,
    read again) and RouterProtocolError (an answer that means nothing); both end the link. RouterRejected, the
    router's own no, leaves it usable.
    """

    @property
    def is_closed(self) -> bool:
        """Return whether the link has ended; open another."""
        ...

    async def identify(self) -> RouterIdentity:
        """Return who answers here."""
        ...

    async def read_poll(self) -> PollReading:
        """Return health, sessions and counters, in as many questions however many subscribers there are."""
        ...

    async def read_sessions(self, username: str | None = None) -> tuple[ActiveSession, ...]:
        """Return who is online with address and caller, or only the sessions of `username`."""
        ...

    async def read_access(self, methods: frozenset[AccessMethod] = ALL_METHODS) -> AccessReading:
        """Return the entries and profiles of ours, and the names that others hold; of these methods at least."""
        ...

    async def read_refusals(self, username: str) -> tuple[Refusal, ...]:
        """Return the logins of a name that the router's log says were refused, oldest first; the newest few."""
        ...

    async def read_foreign(self) -> tuple[ForeignEntry, ...]:
        """Return the entries without our mark, by method and name; what the router makes by itself is left out."""
        ...

    async def read_garden(self) -> GardenReading:
        """Return the rules for who has not paid, as far as they carry our mark."""
        ...

    async def write_garden(self, wanted: Garden | None) -> None:
        """Make these rules so, before those of others and touching none of them; None takes ours away."""
        ...

    async def read_entry(
        self, username: str, *, method: AccessMethod = AccessMethod.PPPOE
    ) -> AccessEntry | None:
        """Return the entry as the router has it now; None when there is none.

        Raises RouterRejected (code `foreign_entry`) when the name is taken by an entry without our mark.
        """
        ...

    async def apply(self, change: AccessChange) -> None:
        """Make it so; applying twice is applying once.

        Raises RouterRejected: code `foreign_entry` when the name is held without our mark, `missing_entry`
        when there is nothing to set, else the router's reason.
        """
        ...

    async def disconnect(self, *usernames: str, method: AccessMethod = AccessMethod.PPPOE) -> int:
        """End the sessions of these names; return how many there were."""
        ...

    async def close(self) -> None:
        """End the link; nothing to do when it has ended."""
        ...


class RouterDriver(Protocol):
    """A kind of router."""

    @property
    def methods(self) -> frozenset[AccessMethod]:
        """Return the access methods that this kind of router is offered for."""
        ...

    async def connect(self, address: RouterAddress) -> RouterLink:
        """Return a link that the caller closes.

        Raises RouterUnreachable, RouterAuthFailed (name, password or certificate) and RouterProtocolError.
        """
        ...

    def open(self, address: RouterAddress) -> AbstractAsyncContextManager[RouterLink]:
        """Return a link that closes with the block; raises as `connect` does."""
        ...
