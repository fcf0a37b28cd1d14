"""Changes on a router where somebody else works at the same time."""

from dataclasses import replace

import pytest

from benfex.core.errors import RouterRejected
from benfex.network.driver import AccessEntry, AddAccess, EnsureProfile, ProfileSpec, RemoveAccess, SetAccess
from benfex.network.drivers.routeros import words, writes
from benfex.network.drivers.routeros.conversation import ALREADY_THERE, NO_SUCH_ITEM, NO_SUCH_MENU
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod

Row = dict[str, str]
Answer = list[Row] | RouterRejected
ENTRY = AccessEntry(ConnectionId(7), "alice", "pw", "benfex-home")
OURS = {".id": "*1", "name": "alice", "password": "pw", "profile": "benfex-home", "comment": "benfex:7"}
GONE = RouterRejected("no such item", code=NO_SUCH_ITEM)
TAKEN = RouterRejected("already have user with this name", code=ALREADY_THERE)


class Script:
    """A router that answers each question as written down, in order, and fails on any other."""

    def __init__(self, *answers: tuple[str, Answer]) -> None:
        self.answers = list(answers)
        self.heard: list[tuple[str, ...]] = []

    def __call__(self, command: str, *words: str) -> list[Row]:
        self.heard.append((command, *words))
        expected, answer = self.answers.pop(0)
        assert command == expected
        if isinstance(answer, RouterRejected):
            raise answer
        return answer


def test_an_entry_that_appears_meanwhile_is_made_so_when_it_is_ours() -> None:
    router = Script(
        ("/ppp/secret/print", []),
        ("/ppp/secret/add", TAKEN),
        ("/ppp/secret/print", [OURS | {"profile": "old"}]),
        ("/ppp/secret/set", []),
    )

    writes.apply(router, AddAccess(ENTRY))

    assert router.heard[-1] == ("/ppp/secret/set", "=.id=*1", "=profile=benfex-home")


def test_an_entry_that_appears_meanwhile_is_left_when_it_is_not_ours() -> None:
    router = Script(
        ("/ppp/secret/print", []),
        ("/ppp/secret/add", TAKEN),
        ("/ppp/secret/print", [OURS | {"comment": "by hand"}]),
    )

    with pytest.raises(RouterRejected) as raised:
        writes.apply(router, AddAccess(ENTRY))

    assert raised.value.code == "foreign_entry"


def test_a_duplicate_that_cannot_be_seen_is_a_refusal() -> None:
    router = Script(("/ppp/secret/print", []), ("/ppp/secret/add", TAKEN), ("/ppp/secret/print", []))

    with pytest.raises(RouterRejected, match="already have"):
        writes.apply(router, AddAccess(ENTRY))


def test_one_foreign_entry_of_the_name_is_enough_to_refuse() -> None:
    router = Script(("/ppp/secret/print", [OURS, OURS | {".id": "*2", "comment": ""}]))

    with pytest.raises(RouterRejected):
        writes.apply(router, AddAccess(ENTRY))


def test_ids_that_changed_are_looked_up_again() -> None:
    router = Script(
        ("/ppp/secret/print", [OURS]),
        ("/ppp/secret/set", GONE),
        ("/ppp/secret/print", [OURS | {".id": "*9"}]),
        ("/ppp/secret/set", []),
    )

    writes.apply(router, SetAccess((ConnectionId(7),), enabled=False))

    assert router.heard[-1] == ("/ppp/secret/set", "=.id=*9", "=disabled=yes")


def test_ids_that_keep_changing_are_given_up() -> None:
    attempt: list[tuple[str, Answer]] = [("/ppp/secret/print", [OURS]), ("/ppp/secret/set", GONE)]
    router = Script(*attempt * writes.ATTEMPTS_MAX)

    with pytest.raises(RouterRejected):
        writes.apply(router, SetAccess((ConnectionId(7),), enabled=False))


def test_nothing_is_set_without_a_target() -> None:
    router = Script(("/ppp/secret/print", []), ("/ppp/secret/print", []))

    with pytest.raises(RouterRejected) as raised:
        writes.apply(router, SetAccess((ConnectionId(7),), enabled=False))

    assert raised.value.code == "missing_entry"


def test_some_of_many_are_set_and_the_rest_is_named() -> None:
    rows = [OURS, OURS | {".id": "*2", "comment": "benfex:8"}]
    router = Script(("/ppp/secret/print", rows), ("/ppp/secret/print", rows), ("/ppp/secret/set", []))
    ids = tuple(ConnectionId(number) for number in (7, 8, 9))

    with pytest.raises(RouterRejected, match="connection 9"):
        writes.apply(router, SetAccess(ids, profile="benfex-suspended"))

    assert router.heard[-1] == ("/ppp/secret/set", "=.id=*1,*2", "=profile=benfex-suspended")


def test_several_marks_are_asked_for_in_one_question() -> None:
    rows = [OURS | {".id": f"*{number}", "comment": f"benfex:{number}"} for number in (7, 8, 9)]
    router = Script(("/ppp/secret/print", rows), ("/ppp/secret/set", []))

    writes.apply(router, SetAccess(tuple(ConnectionId(number) for number in (9, 7, 8)), profile="x"))

    queries = router.heard[0][2:]
    assert queries == ("?comment=benfex:7", "?comment=benfex:8", "?comment=benfex:9", "?#|", "?#|")


def test_an_entry_that_goes_meanwhile_is_removed_all_the_same() -> None:
    router = Script(
        ("/ppp/secret/print", [OURS]),
        ("/ppp/secret/remove", GONE),
        ("/ppp/secret/print", []),
        ("/ppp/secret/print", []),
    )

    writes.apply(router, RemoveAccess(ConnectionId(7)))


def test_only_the_entry_of_that_name_is_removed() -> None:
    router = Script(
        ("/ppp/secret/print", [OURS, OURS | {".id": "*2", "name": "old"}]), ("/ppp/secret/remove", [])
    )

    writes.apply(router, RemoveAccess(ConnectionId(7), username="old"))

    assert router.heard[-1] == ("/ppp/secret/remove", "=.id=*2")


def test_a_profile_that_is_not_ours_is_never_written() -> None:
    with pytest.raises(RouterRejected) as raised:
        writes.apply(Script(), EnsureProfile(ProfileSpec("default", None)))

    assert raised.value.code == "foreign_profile"


def test_a_session_that_ends_meanwhile_is_not_counted() -> None:
    router = Script(
        ("/ppp/active/print", [{".id": "*1"}, {".id": "*2"}]),
        ("/ppp/active/remove", GONE),
        ("/ppp/active/print", [{".id": "*2"}]),
        ("/ppp/active/remove", []),
    )

    assert writes.disconnect(router, ["alice"], words.PPPOE) == 1


def test_sessions_of_a_few_are_asked_for_by_name_and_of_many_looked_for_in_all() -> None:
    few = Script(("/ppp/active/print", [{".id": "*1"}, {".id": "*2"}]), ("/ppp/active/remove", []))
    assert writes.disconnect(few, ["bo", "al", "bo"], words.PPPOE) == 2
    assert few.heard[0] == ("/ppp/active/print", "=.proplist=.id", "?name=al", "?name=bo", "?#|")
    assert few.heard[1] == ("/ppp/active/remove", "=.id=*1,*2")

    online = [{".id": f"*{number}", "name": f"home{number}"} for number in range(12)]
    many = Script(("/ppp/active/print", online), ("/ppp/active/remove", []))
    assert writes.disconnect(many, [f"home{number}" for number in range(2, 20)], words.PPPOE) == 10
    assert many.heard[0] == ("/ppp/active/print", "=.proplist=.id,name")
    assert many.heard[1] == (
        "/ppp/active/remove",
        f"=.id={','.join(f'*{number}' for number in range(2, 12))}",
    )


def test_nobody_at_all_is_not_asked_about() -> None:
    assert writes.disconnect(Script(), [], words.PPPOE) == 0


def test_a_hotspot_user_loses_the_cookie_before_the_session() -> None:
    router = Script(
        ("/ip/hotspot/cookie/print", [{".id": "*5"}]),
        ("/ip/hotspot/cookie/remove", []),
        ("/ip/hotspot/active/print", [{".id": "*1"}]),
        ("/ip/hotspot/active/remove", []),
    )

    assert writes.disconnect(router, ["guest"], words.HOTSPOT) == 1


def test_a_router_without_hotspot_has_nobody_to_disconnect_there() -> None:
    missing = RouterRejected("no such command prefix", code=NO_SUCH_MENU)
    router = Script(("/ip/hotspot/cookie/print", missing), ("/ip/hotspot/active/print", missing))

    assert writes.disconnect(router, ["guest"], words.HOTSPOT) == 0


def test_a_hotspot_user_is_added_without_a_service() -> None:
    router = Script(("/ip/hotspot/user/print", []), ("/ip/hotspot/user/add", []))

    writes.apply(
        router, AddAccess(replace(ENTRY, method=AccessMethod.HOTSPOT, caller_id="aa:bb:cc:dd:ee:ff"))
    )

    assert "=mac-address=AA:BB:CC:DD:EE:FF" in router.heard[-1]
    assert not any(word.startswith("=service=") for word in router.heard[-1])
