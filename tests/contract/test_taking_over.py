"""Entries that somebody else made are read as they are, and taken over only where that was asked for."""

from dataclasses import replace

import pytest

from benfex.core.errors import RouterRejected
from benfex.network.driver import AccessEntry, AddAccess, ForeignEntry, RouterLink, SetAccess
from benfex.simulation.routeros.server import SimulatedRouter
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Rate
from tests.contract.router_clients import ask, signed_in, until
from tests.contract.router_drivers import secret_of

OURS = AccessEntry(ConnectionId(7), "amina", "s3cret", "benfex-home", takes_over=True)


async def made_by_hand(router: SimulatedRouter, **secret: str) -> None:
    async with signed_in(router) as admin:
        if not await ask(admin, "/ppp/profile/print", "?name=10M"):
            await ask(admin, "/ppp/profile/add", "=name=10M", "=rate-limit=2M/10M")
        words = {"name": "amina", "password": "s3cret", "service": "pppoe", "profile": "10M"} | secret
        await ask(admin, "/ppp/secret/add", *(f"={name}={value}" for name, value in words.items()))


async def test_entries_of_others_are_read_with_the_speed_of_their_profile(
    link: RouterLink, router: SimulatedRouter
) -> None:
    await made_by_hand(router, comment="Amina Wanjirũ 0712345678", **{"caller-id": "02:00:00:00:00:01"})
    await link.apply(AddAccess(replace(OURS, username="juma")))

    (found,) = await link.read_foreign()
    assert found == ForeignEntry(
        AccessMethod.PPPOE,
        "amina",
        "s3cret",
        "10M",
        Rate(10_000_000, 2_000_000),
        "Amina Wanjirũ 0712345678",
        None,
        "02:00:00:00:00:01",
        enabled=True,
    )
    assert "s3cret" not in repr(found)


async def test_an_entry_that_is_taken_over_keeps_its_session_and_what_its_comment_says(
    link: RouterLink, router: SimulatedRouter
) -> None:
    await made_by_hand(router, comment="Mama Njeri")
    await until(lambda: any(row["user"] == "amina" for row in router.sessions()))
    before = router.sessions()

    await link.apply(AddAccess(OURS))

    secret = secret_of(router, "amina")
    assert (secret["comment"], secret["profile"]) == ("benfex:7 Mama Njeri", "benfex-home")
    assert await link.read_foreign() == ()
    assert await link.read_entry("amina") == replace(OURS, takes_over=False)
    assert [row["user"] for row in router.sessions()] == [row["user"] for row in before]
    await link.apply(AddAccess(OURS))  # once more changes nothing
    await link.apply(SetAccess((OURS.connection_id,), profile="default"))
    assert secret_of(router, "amina")["comment"] == "benfex:7 Mama Njeri"


async def test_what_another_line_holds_is_never_taken_over(link: RouterLink, router: SimulatedRouter) -> None:
    await link.apply(AddAccess(replace(OURS, connection_id=ConnectionId(8), takes_over=False)))
    with pytest.raises(RouterRejected, match="already has an entry named amina"):
        await link.apply(AddAccess(OURS))
    assert secret_of(router, "amina")["comment"] == "benfex:8"


async def test_refused_logins_of_one_name_are_read_from_the_log(
    link: RouterLink, router: SimulatedRouter
) -> None:
    await made_by_hand(router, comment="Mama Njeri")
    await made_by_hand(router, name="amina2")
    await until(lambda: len(router.sessions()) == 2)
    assert await link.read_refusals("amina") == ()
    router.type_password("amina2", "typo")
    await until(lambda: "amina2 authentication failed" in str(router.table("log")))
    assert await link.read_refusals("amina") == ()
    refused = await link.read_refusals("amina2")
    assert refused[-1].message.endswith("user amina2 authentication failed")
    assert refused[-1].at
    assert "typo" not in str(refused)
