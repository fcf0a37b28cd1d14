"""Messages of gateways over REST: listed by state, looked at, tried again, set aside; for those who place money."""

import pytest

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import UnitOfWork
from data.models.webhook import InboundWebhook, QuarantinedWebhook
from data.values.kinds import EvidenceGrade
from data.values.states import WebhookStatus
from tests.api.conftest import Caller, fields, problem


@pytest.fixture
async def astray(benfex: Benfex) -> int:
    def add(uow: UnitOfWork) -> int:
        row = InboundWebhook(
            gateway="mpesa",
            kind="stk",
            external_id="1",
            headers="{}",
            body=b'{"Body": {}}',
            evidence=EvidenceGrade.SECRET_PATH,
            status=WebhookStatus.FAILED,
            attempts=3,
            error="no attempt of ours has this secret",
            received_at=benfex.clock.now(),
            processed_at=benfex.clock.now(),
        )
        uow.session.add(row)
        uow.session.flush()
        return int(row.id or 0)

    return await benfex.transact(add, SystemActor("tests"))


async def test_a_failed_message_is_listed_looked_at_and_set_aside(owner: Caller, astray: int) -> None:
    (listed,) = (await owner.get("/gateway-messages?status=failed")).json()["items"]
    assert (listed["id"], listed["tries"], listed["next_try_at"]) == (astray, 3, None)
    shown = (await owner.get(f"/gateway-messages/{astray}")).json()
    assert shown["body"] == '{"Body": {}}'
    assert fields(await owner.post(f"/gateway-messages/{astray}/set-aside", {"reason": " "})) == ["reason"]
    done = await owner.post(f"/gateway-messages/{astray}/set-aside", {"reason": "not for us"})
    assert (done.status_code, done.json()["status"]) == (200, "ignored")
    problem(await owner.post(f"/gateway-messages/{astray}/retry"), 409, "conflict")
    assert (await owner.get("/gateway-messages/99")).status_code == 404


async def test_support_sees_none_of_it(support: Caller, astray: int) -> None:
    problem(await support.get("/gateway-messages"), 403, "not_permitted")
    problem(await support.get(f"/gateway-messages/{astray}"), 403, "not_permitted")
    problem(await support.post(f"/gateway-messages/{astray}/retry"), 403, "not_permitted")


async def test_what_was_refused_is_paged_for_those_who_place_money(
    owner: Caller, support: Caller, benfex: Benfex
) -> None:
    def refuse(uow: UnitOfWork) -> None:
        for number in range(3):
            uow.session.add(
                QuarantinedWebhook(
                    gateway="mpesa",
                    reason="the path is not ours",
                    path=f"stk{number}",
                    body=b"x",
                    received_at=uow.now,
                )
            )

    await benfex.transact(refuse, SystemActor("tests"))
    first = (await owner.get("/gateway-messages/refused", limit=2)).json()
    assert [item["path"] for item in first["items"]] == ["stk2", "stk1"]
    rest = (await owner.get("/gateway-messages/refused", limit=2, cursor=first["next_cursor"])).json()
    assert [(item["path"], item["reason"], item["body"]) for item in rest["items"]] == [
        ("stk0", "the path is not ours", "x")
    ]
    problem(await support.get("/gateway-messages/refused"), 403, "not_permitted")
