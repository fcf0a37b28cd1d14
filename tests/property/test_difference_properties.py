"""Whatever a router holds, the changes lead to what it should hold, one allowed step after the other."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from benfex.network.desired_state import SUSPENDED_ADDRESS_LIST, SUSPENDED_PROFILE
from benfex.network.difference import difference, is_applied, touched_connections
from benfex.network.driver import (
    AccessChange,
    AccessEntry,
    AccessReading,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RemoveAccess,
    SetAccess,
)
from data.values.identifiers import ConnectionId
from data.values.kinds import BY_ADDRESS, AccessMethod
from data.values.traffic import Burst, Rate

METHODS = (AccessMethod.PPPOE, AccessMethod.HOTSPOT)
RATES = (Rate(1, 1), Rate(2, 1))
PROFILES = ("benfex-home", "benfex-pro", SUSPENDED_PROFILE)

entries_by_address = st.builds(
    AccessEntry,
    connection_id=st.integers(1, 6).map(ConnectionId),
    username=st.sampled_from("abcdef"),
    password=st.none(),
    profile=st.just(""),
    remote_address=st.sampled_from(("10.0.0.1", "10.0.0.2")),
    caller_id=st.sampled_from((None, "AA:BB", "CC:DD")),
    enabled=st.booleans(),
    method=st.sampled_from(sorted(BY_ADDRESS)),
    rate=st.sampled_from(RATES),
    burst=st.sampled_from((None, Burst(RATES[1], RATES[0], 10))),
    address_list=st.sampled_from(("benfex-active", SUSPENDED_ADDRESS_LIST)),
)
entries_by_name = st.builds(
    AccessEntry,
    connection_id=st.integers(1, 6).map(ConnectionId),
    username=st.sampled_from("abcdef"),
    password=st.sampled_from(("x", "y")),
    profile=st.sampled_from(PROFILES),
    remote_address=st.sampled_from((None, "10.0.0.1")),
    caller_id=st.sampled_from((None, "AA:BB", "aa:bb")),
    enabled=st.booleans(),
    method=st.sampled_from(METHODS),
)
entries = entries_by_name | entries_by_address
on_a_router = st.lists(entries, max_size=10, unique_by=lambda entry: (entry.method, entry.username))
specs = st.builds(
    ProfileSpec,
    name=st.sampled_from(PROFILES),
    rate=st.sampled_from((None, Rate(1, 1), Rate(2, 1))),
    address_list=st.sampled_from((None, "benfex-suspended")),
    method=st.sampled_from(METHODS),
)
profile_sets = st.lists(specs, max_size=5, unique_by=lambda spec: (spec.method, spec.name))


@st.composite
def wishes(draw: st.DrawFn) -> list[AccessEntry]:
    """Draw what is desired: one entry per connection, no name twice."""
    drawn = draw(on_a_router)
    return list({entry.connection_id: entry for entry in drawn}.values())


class ModelRouter:
    """A router that refuses what RouterOS refuses: one name twice, a change of nothing."""

    def __init__(self, held: list[AccessEntry], profiles: list[ProfileSpec]) -> None:
        self.entries = list(held)
        self.profiles = {(spec.method, spec.name): spec for spec in profiles}

    def read(self) -> AccessReading:
        ordered = sorted(self.entries, key=lambda entry: (entry.connection_id, entry.username))
        return AccessReading(tuple(ordered), frozenset(), tuple(self.profiles.values()))

    def apply(self, change: AccessChange) -> None:
        match change:
            case EnsureProfile(spec):
                self.profiles[spec.method, spec.name] = spec
            case AddAccess(entry):
                if entry.method in BY_ADDRESS:  # made so as a whole
                    self.entries = [one for one in self.entries if not is_same_line(one, entry)]
                self.entries.append(entry)
            case RemoveAccess():
                gone = [entry for entry in self.entries if removes(change, entry)]
                assert gone
                self.entries = [entry for entry in self.entries if entry not in gone]
            case SetAccess():
                self.set(change)
        names = [(entry.method, entry.username) for entry in self.entries]
        assert len(names) == len(set(names))

    def set(self, change: SetAccess) -> None:
        for connection_id in change.connection_ids:
            (found,) = (
                at
                for at, entry in enumerate(self.entries)
                if (entry.connection_id, entry.method) == (connection_id, change.method)
            )
            self.entries[found] = changed(self.entries[found], change)


@given(desired=wishes(), held=on_a_router, wanted=profile_sets, profiles=profile_sets)
def test_the_changes_leave_no_difference(
    desired: list[AccessEntry],
    held: list[AccessEntry],
    wanted: list[ProfileSpec],
    profiles: list[ProfileSpec],
) -> None:
    router = ModelRouter(held, profiles)

    for change in difference(desired, router.read(), profiles=wanted):
        router.apply(change)

    assert difference(desired, router.read(), profiles=wanted) == ()
    left = {entry.connection_id: entry for entry in router.entries}
    assert left.keys() == {entry.connection_id for entry in desired}
    assert all(is_applied(entry, left[entry.connection_id]) for entry in desired)


@given(desired=wishes(), held=on_a_router)
def test_who_is_as_desired_is_not_touched(desired: list[AccessEntry], held: list[AccessEntry]) -> None:
    observed = ModelRouter(held, []).read()

    touched = touched_connections(difference(desired, observed))

    for entry in desired:
        same = [other for other in held if other.connection_id == entry.connection_id]
        assert (entry.connection_id in touched) == (len(same) != 1 or not is_applied(entry, same[0]))


@given(desired=wishes(), held=on_a_router)
def test_nobody_waits_for_access_behind_a_suspension(
    desired: list[AccessEntry], held: list[AccessEntry]
) -> None:
    wanted = {entry.connection_id: entry for entry in desired}
    opens = [
        wanted[connection_id].enabled
        and wanted[connection_id].profile != SUSPENDED_PROFILE
        and wanted[connection_id].address_list != SUSPENDED_ADDRESS_LIST
        for change in difference(desired, ModelRouter(held, []).read())
        for connection_id in touched_connections([change])
        if isinstance(change, SetAccess | AddAccess)
    ]

    assert opens == sorted(opens, reverse=True)


def is_same_line(one: AccessEntry, other: AccessEntry) -> bool:
    return (one.connection_id, one.method) == (other.connection_id, other.method)


def removes(change: RemoveAccess, entry: AccessEntry) -> bool:
    return (entry.connection_id, entry.method) == (
        change.connection_id,
        change.method,
    ) and change.username in (None, entry.username)


def changed(entry: AccessEntry, change: SetAccess) -> AccessEntry:
    return replace(
        entry,
        username=change.username or entry.username,
        password=change.password or entry.password,
        profile=change.profile or entry.profile,
        remote_address=kept(entry.remote_address, change.remote_address),
        caller_id=kept(entry.caller_id, change.caller_id),
        enabled=entry.enabled if change.enabled is None else change.enabled,
    )


def kept(value: str | None, change: str | None) -> str | None:
    return value if change is None else change or None
