"""What is made of a router's answers, those of odd moments among them."""

from collections.abc import Mapping

import pytest

from benfex.core.errors import RouterRejected
from benfex.network.drivers.routeros import questions, reads
from benfex.network.drivers.routeros.conversation import NO_PERMISSION, NO_SUCH_MENU
from data.values.identifiers import ConnectionId

Row = dict[str, str]
RESOURCE = {
    "uptime": "1w4d23h26m9s",
    "version": "7.4 (stable)",
    "board-name": "CCR2004-16G-2S+",
    "cpu-load": "3",
    "free-memory": "3950641152",
    "total-memory": "4227858432",
}
ALICE = {"name": "<pppoe-alice>", "user": "alice", "uptime": "2h", "remote-address": "D0:D0:4B:36:7C:C1"}
ALICE_INTERFACE = {
    ".id": "*80020DCC",
    "name": "<pppoe-alice>",
    "type": "pppoe-in",
    "running": "true",
    "rx-byte": "500",
    "tx-byte": "7000",
}


class Answers:
    """A router that knows some menus by heart, and remembers what it was asked."""

    def __init__(self, menus: Mapping[str, list[Row]]) -> None:
        self.menus = {"/system/resource": [RESOURCE], **menus}
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, command: str, *words: str) -> list[Row]:
        self.asked.append((command, *words))
        rows = self.menus.get(command.removesuffix("/print"))
        if rows is None:
            raise RouterRejected("no such command prefix", code=NO_SUCH_MENU)
        return rows


def test_every_question_names_the_properties_it_wants() -> None:
    router = Answers({})

    reads.read_poll(router)
    reads.read_access(router)

    assert all(question[1].startswith("=.proplist=") for question in router.asked)


def test_counters_carry_the_instant_of_the_answer_that_held_them() -> None:
    guest = {".id": "*7", "user": "guest", "uptime": "5m", "bytes-in": "1", "bytes-out": "2"}
    router = Answers(
        {
            "/interface/pppoe-server": [ALICE],
            "/interface": [ALICE_INTERFACE],
            "/ip/hotspot/active": [guest],
        }
    )

    poll = reads.read_poll(router, answered_at=lambda: float(len(router.asked)))

    assert {item.username: item.steady_at for item in poll.counters} == {"alice": 3.0, "guest": 4.0}


def test_a_session_is_joined_with_its_interface_by_name() -> None:
    second = ALICE | {"name": "<pppoe-alice-1>", "uptime": "5m"}
    other = ALICE_INTERFACE | {".id": "*9", "name": "<pppoe-alice-1>", "tx-byte": "42"}

    poll = reads.read_poll(
        Answers({"/interface/pppoe-server": [ALICE, second], "/interface": [other, ALICE_INTERFACE]})
    )

    assert [(row.download_bytes, row.uptime_seconds) for row in poll.counters] == [(7000, 7200), (42, 300)]
    assert poll.is_complete


@pytest.mark.parametrize("interfaces", [[], [{".id": "*1", "name": "<pppoe-alice>", "type": "pppoe-in"}]])
def test_a_session_whose_interface_is_not_seen_has_unknown_counters(interfaces: list[Row]) -> None:
    poll = reads.read_poll(Answers({"/interface/pppoe-server": [ALICE], "/interface": interfaces}))

    assert poll.counters == ()
    assert poll.unknown_usernames == {"alice"}
    assert not poll.is_complete


def test_an_interface_without_a_session_waits_for_the_next_poll() -> None:
    poll = reads.read_poll(Answers({"/interface/pppoe-server": [], "/interface": [ALICE_INTERFACE]}))

    assert (poll.sessions, poll.counters, poll.interfaces) == ((), (), ())


def test_a_router_without_pppoe_and_hotspot_has_no_sessions() -> None:
    poll = reads.read_poll(Answers({}))

    assert poll.sessions == ()
    assert poll.health.uptime_seconds == 1_034_769


def test_a_right_that_is_missing_is_not_an_empty_menu() -> None:
    def ask(command: str, *words: str) -> list[Row]:
        raise RouterRejected("not enough permissions (9)", code=NO_PERMISSION)

    with pytest.raises(RouterRejected):
        questions.show(ask, "/ppp/secret", ("name",))


def test_a_router_that_says_nothing_about_itself_is_not_understood() -> None:
    with pytest.raises(ValueError, match="nothing about itself"):
        reads.read_poll(Answers({"/system/resource": []}))


def test_counters_that_are_no_numbers_are_not_understood() -> None:
    broken = ALICE_INTERFACE | {"rx-byte": "12.5k"}

    with pytest.raises(ValueError, match="counter"):
        reads.read_poll(Answers({"/interface/pppoe-server": [ALICE], "/interface": [broken]}))


def test_a_virtual_router_has_no_serial_number() -> None:
    board = [{"routerboard": "false"}]

    identity = reads.identify(
        Answers({"/system/identity": [{"name": "tower-7"}], "/system/routerboard": board})
    )

    assert (identity.name, identity.serial) == ("tower-7", None)


def test_two_sessions_of_one_user_are_told_apart_by_the_caller() -> None:
    active = [
        {"name": "alice", "uptime": "5m", "address": "10.0.0.2", "caller-id": "AA"},
        {"name": "alice", "uptime": "2h", "address": "10.0.0.1", "caller-id": "D0:D0:4B:36:7C:C1"},
    ]
    second = ALICE | {"name": "<pppoe-alice-1>", "remote-address": "AA"}

    sessions = reads.read_sessions(
        Answers({"/ppp/active": active, "/interface/pppoe-server": [ALICE, second], "/interface": []}),
        "alice",
    )

    assert [(row.interface, row.address) for row in sessions] == [
        ("<pppoe-alice-1>", "10.0.0.2"),
        ("<pppoe-alice>", "10.0.0.1"),
    ]


def test_a_session_of_another_kind_is_online_without_an_interface() -> None:
    sessions = reads.read_sessions(Answers({"/ppp/active": [{"name": "vpn", "uptime": "1s"}]}), None)

    assert [(row.username, row.interface, row.session_key) for row in sessions] == [("vpn", "", None)]


def test_entries_are_sorted_and_those_of_others_only_named() -> None:
    secrets = [
        {"name": "zoe", "password": "", "profile": "p", "comment": "benfex:9", "remote-address": "*2"},
        {"name": "staff", "comment": "do not touch"},
        {"name": "abel", "password": "x", "profile": "p", "comment": "benfex:2"},
    ]

    access = reads.read_access(Answers({"/ppp/secret": secrets, "/ppp/profile": []}))

    assert [entry.connection_id for entry in access.entries] == [2, 9]
    assert [name for _, name in access.foreign_usernames] == ["staff"]
    assert access.entries[1].remote_address == "*2"  # a pool that was deleted: reported, not hidden
    assert access.of(ConnectionId(2)).entries == access.entries[:1]
