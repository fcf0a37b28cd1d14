"""What a gateway told us and we could not place waits in front of a person, who tries it again or sets it aside."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.paging import PageRequest
from benfex.core.transactor import Transactor
from benfex.payments.delivery_desk import (
    count_failed,
    list_deliveries,
    list_refused,
    set_aside,
    try_again,
    whole_delivery,
)
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import WebhookId
from data.values.states import WebhookStatus
from tests.conftest import Run
from tests.factories.customers import make_customer
from tests.factories.isp import ACCOUNTANT, SUPPORT
from tests.factories.looks import payments
from tests.factories.money import make_attempt
from tests.factories.till import Till, open_till

from .test_inbox import NOWHERE, c2b_body, post, stk_body

FAILED = PageRequest(filter="failed")
ONE = WebhookId(1)


@pytest.fixture
async def till(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Till]:
    async with open_till(transactor, clock, addresses={"mpesa": NOWHERE, "paystack": NOWHERE}) as one:
        yield one


@pytest.fixture
async def astray(till: Till, isp: Run) -> bytes:
    """A callback of no attempt of ours that was tried once."""
    body = stk_body(make_attempt(isp, make_customer(isp)))
    await post(till, body, kind="stk", attempt_token="0" * 32)
    await till.inbox.process_pending()
    return body


async def test_what_could_not_be_placed_is_listed_with_the_reason(isp: Run, astray: bytes) -> None:
    (found,) = isp.by(ACCOUNTANT).read(list_deliveries, request=FAILED).rows
    assert (found.gateway, found.kind, found.status, found.tries) == ("mpesa", "stk", WebhookStatus.FAILED, 1)
    assert "no attempt of ours" in found.reason
    assert found.next_try_at is not None
    assert isp.read(whole_delivery, webhook_id=ONE).body == astray.decode()
    assert isp.read(count_failed) == 1
    assert isp.read(list_deliveries, request=PageRequest(filter="processed")).total == 0
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT).read(list_deliveries, request=FAILED)
    with pytest.raises(InvalidInput):
        isp.read(list_deliveries, request=PageRequest(filter="lost"))


async def test_after_three_days_a_person_has_it_tried_again(
    till: Till, isp: Run, clock: MovedClock, astray: bytes
) -> None:
    clock.advance(timedelta(hours=73))
    await till.inbox.process_pending()
    assert isp.read(whole_delivery, webhook_id=ONE).delivery.next_try_at is None
    assert await till.inbox.process_pending() == 0
    isp.by(ACCOUNTANT)(try_again, webhook_id=ONE)
    assert await till.inbox.process_pending() == 1
    assert isp.read(whole_delivery, webhook_id=ONE).delivery.tries == 3


async def test_what_asks_nothing_of_us_is_set_aside_and_not_tried_any_more(
    till: Till, isp: Run, clock: MovedClock, astray: bytes
) -> None:
    with pytest.raises(InvalidInput):
        isp(set_aside, webhook_id=ONE, reason=" ")
    isp.by(ACCOUNTANT)(set_aside, webhook_id=ONE, reason="of the shop that had this number before")
    found = isp.read(whole_delivery, webhook_id=ONE).delivery
    assert (found.status, found.reason) == (
        WebhookStatus.IGNORED,
        "set aside: of the shop that had this number before",
    )
    clock.advance(timedelta(hours=2))
    assert await till.inbox.process_pending() == 0
    with pytest.raises(Conflict):
        isp(try_again, webhook_id=ONE)


async def test_what_was_worked_off_is_never_worked_off_again(till: Till, isp: Run) -> None:
    await post(till, c2b_body(make_customer(isp).account_number), kind="c2b/confirmation")
    await till.inbox.process_pending()
    with pytest.raises(Conflict):
        isp(try_again, webhook_id=ONE)
    with pytest.raises(NotFound):
        isp(try_again, webhook_id=WebhookId(9))
    assert len(isp.read(payments)) == 1


async def test_what_proved_nothing_is_listed_too(till: Till, isp: Run) -> None:
    await post(till, b"{}", kind="stk", path_token="guess")
    (refused,) = isp.read(list_refused, request=PageRequest()).rows
    assert (refused.gateway, refused.body) == ("mpesa", "{}")
