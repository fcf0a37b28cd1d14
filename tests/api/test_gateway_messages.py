"""Messages of gateways over REST: listed by state, looked at, tried again, set aside; for those who place money."""

import pytest

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from data.models.webhook import InboundWebhook
from data.values.kinds import EvidenceGrade
from data.values.states import WebhookStatus
from tests.api.conftest import Caller, fields, problem


@pytest.fixture
async def astray(benfex: Benfex) -> int:
    def add(uow: object) -> int:
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
        uow.session.add(row)  # type: ignore[attr-defined]
        uow.session.flush()  # type: ignore[attr-defined]
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
