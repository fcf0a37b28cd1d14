"""What changes on a router, and in which order."""

from dataclasses import replace

from benfex.network.difference import (
    conflicts,
    difference,
    entry_change,
    is_applied,
    must_redial,
    profile_changes,
    touched_connections,
)
from benfex.network.driver import (
    AccessEntry,
    AccessReading,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RemoveAccess,
    SetAccess,
)
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Rate

HOME = ProfileSpec("benfex-home", Rate(20_000_000, 5_000_000))


def entry(number: int, *, profile: str = "benfex-home", username: str = "") -> AccessEntry:
    return AccessEntry(ConnectionId(number), username or f"home{number}", "pw", profile)


def reading(
    *entries: AccessEntry, foreign: tuple[str, ...] = (), profiles: tuple[ProfileSpec, ...] = ()
) -> AccessReading:
    names = frozenset((AccessMethod.PPPOE, name) for name in foreign)
    return AccessReading(entries, names, profiles)


def test_what_is_right_is_left_alone() -> None:
    assert difference([entry(1)], reading(entry(1), profiles=(HOME,)), profiles=[HOME]) == ()


def test_a_new_connection_is_added() -> None:
    assert difference([entry(1)], reading()) == (AddAccess(entry(1)),)


def test_what_is_not_wanted_any_more_is_removed() -> None:
    assert difference([], reading(entry(1))) == (RemoveAccess(ConnectionId(1), username="home1"),)


def test_only_what_differs_is_set() -> None:
    changes = difference([entry(1)], reading(entry(1, profile="benfex-suspended")))

    assert changes == (SetAccess((ConnectionId(1),), profile="benfex-home"),)


def test_equal_changes_are_one() -> None:
    changes = difference([entry(n) for n in (3, 1, 2)], reading(*(entry(n, profile="x") for n in (1, 2, 3))))

    assert changes == (SetAccess((ConnectionId(1), ConnectionId(2), ConnectionId(3)), profile="benfex-home"),)


def test_no_change_is_too_long_for_a_router() -> None:
    observed = reading(*(entry(n, profile="x") for n in range(250)))

    changes = difference([entry(n) for n in range(250)], observed)

    assert [len(change.connection_ids) for change in changes if isinstance(change, SetAccess)] == [
        100,
        100,
        50,
    ]


def test_who_gets_access_back_comes_before_who_loses_it() -> None:
    suspended = "benfex-suspended"
    observed = reading(entry(1), entry(2, profile=suspended), entry(9))

    changes = difference([entry(1, profile=suspended), entry(2), entry(3)], observed, profiles=[HOME])

    assert changes == (
        EnsureProfile(HOME),
        SetAccess((ConnectionId(2),), profile="benfex-home"),
        AddAccess(entry(3)),
        SetAccess((ConnectionId(1),), profile=suspended),
        RemoveAccess(ConnectionId(9), username="home9"),
    )


def test_a_second_entry_of_a_connection_goes_first() -> None:
    changes = difference([entry(1)], reading(entry(1, username="old"), entry(1, profile="x")))

    assert changes == (
        RemoveAccess(ConnectionId(1), username="old"),
        SetAccess((ConnectionId(1),), profile="benfex-home"),
    )


def test_a_new_name_is_a_renaming() -> None:
    changes = difference([entry(1, username="new")], reading(entry(1)))

    assert changes == (SetAccess((ConnectionId(1),), username="new"),)


def test_connections_that_trade_names_start_anew() -> None:
    traded = [entry(1, username="home2"), entry(2, username="home1")]

    changes = difference(traded, reading(entry(1), entry(2)))

    assert changes == (
        RemoveAccess(ConnectionId(1), username="home1"),
        RemoveAccess(ConnectionId(2), username="home2"),
        AddAccess(traded[0]),
        AddAccess(traded[1]),
    )


def test_a_name_is_free_before_another_connection_gets_it() -> None:
    desired = [entry(1, username="home2"), entry(2, username="spare")]

    changes = difference(desired, reading(entry(1), entry(2)))

    assert changes == (
        RemoveAccess(ConnectionId(2), username="home2"),
        SetAccess((ConnectionId(1),), username="home2"),
        AddAccess(desired[1]),
    )


def test_a_connection_that_is_gone_gives_its_name_up_first() -> None:
    changes = difference([entry(1, username="home9")], reading(entry(9)))

    assert changes == (
        RemoveAccess(ConnectionId(9), username="home9"),
        AddAccess(entry(1, username="home9")),
    )


def test_a_connection_that_changes_its_method_moves() -> None:
    guest = replace(entry(1), method=AccessMethod.HOTSPOT)

    assert difference([guest], reading(entry(1))) == (
        RemoveAccess(ConnectionId(1), username="home1"),
        AddAccess(guest),
    )


def test_one_connection_is_compared_alone() -> None:
    observed = reading(entry(1), entry(2))

    assert difference([entry(1)], observed.of(ConnectionId(1))) == ()


def test_a_password_that_cannot_be_read_is_not_repaired() -> None:
    assert entry_change(entry(1), replace(entry(1), password=None)) is None
    assert entry_change(replace(entry(1), password=None), entry(1)) is None
    assert entry_change(entry(1), replace(entry(1), password="other")) is not None


def test_callers_are_compared_without_regard_to_case() -> None:
    assert is_applied(replace(entry(1), caller_id="aa:bb"), replace(entry(1), caller_id="AA:BB"))


def test_an_entry_of_another_connection_is_not_ours_applied() -> None:
    assert not is_applied(entry(1, username="x"), entry(2, username="x"))
    assert is_applied(None, None)
    assert not is_applied(None, entry(1))
    assert not is_applied(entry(1), None)


def test_a_name_that_others_hold_is_a_conflict() -> None:
    observed = reading(foreign=("home1", "staff"))

    assert conflicts([entry(1), entry(2)], observed) == (entry(1),)
    assert difference([entry(1)], observed) == (AddAccess(entry(1)),)


def test_profiles_are_compared_by_speed_and_list() -> None:
    slower = replace(HOME, rate=Rate(1, 1))

    assert profile_changes([HOME], [HOME]) == ()
    assert profile_changes([HOME], [slower]) == (EnsureProfile(HOME),)
    assert profile_changes([HOME], []) == (EnsureProfile(HOME),)
    assert profile_changes([], [HOME]) == ()


def test_sessions_end_only_where_the_change_would_not_be_felt() -> None:
    ids = (ConnectionId(1),)

    assert must_redial(SetAccess(ids, profile="x"))
    assert must_redial(SetAccess(ids, enabled=False))
    assert must_redial(RemoveAccess(ids[0]))
    assert not must_redial(SetAccess(ids, enabled=True))
    assert not must_redial(SetAccess(ids, password="x"))
    assert not must_redial(AddAccess(entry(1)))
    assert not must_redial(EnsureProfile(HOME))


def test_the_connections_a_reconcile_touches_are_counted_once() -> None:
    changes = difference([entry(1), entry(2)], reading(entry(1, profile="x"), entry(3)), profiles=[HOME])

    assert touched_connections(changes) == {1, 2, 3}
