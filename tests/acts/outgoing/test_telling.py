"""What other programs are told: kept with the fact, signed so that others' code knows us, told until it is taken."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.responses import PlainTextResponse

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.paging import PageRequest, SliceRequest
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.outgoing.addresses import Knock
from benfex.outgoing.channels.https import KnockAnswer, knock
from benfex.outgoing.endpoints import (
    OutboundRecord,
    endpoint_record,
    list_outbound,
    outbound_records,
    remove_endpoint,
    resend,
    rotate_secret,
    send_test,
)
from benfex.outgoing.facts import tell_programs
from benfex.outgoing.telling import Telling
from benfex.payments.hosted_checkouts import NewCheckout, checkout_record, close_checkout, make_checkout
from benfex.payments.placing import match_payment
from benfex.payments.reversal import reverse_payment
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import EndpointId
from data.values.kinds import PublicEvent
from data.values.states import MessageStatus
from tests.conftest import Run
from tests.contract.gateway_clients import Listener, Received, listening
from tests.factories.customers import make_customer
from tests.factories.isp import ACCOUNTANT, SYSTEM, VAULT, kes
from tests.factories.looks import owed
from tests.factories.money import c2b, settle, statement

EVENTS = (PublicEvent.PAYMENT_SETTLED, PublicEvent.PAYMENT_REVERSED, PublicEvent.CHECKOUT_CLOSED)


class _KilledError(BaseException):
    """The process ends here."""


@dataclass
class Shop:
    """A program that listens at /hook, and who tells it."""

    run: Run
    clock: MovedClock
    listener: Listener
    telling: Telling
    secret: str = ""

    async def subscribe(self, *, path: str = "/hook", events: tuple[PublicEvent, ...] = EVENTS) -> EndpointId:
        key, secret = await self.telling.add(SYSTEM, url=f"{self.listener.url}{path}", events=events)
        self.secret = secret
        return key

    def heard(self, path: str = "/hook") -> list[Received]:
        return self.listener.at(path)

    def told(self, *, status: MessageStatus | None = None) -> tuple[OutboundRecord, ...]:
        return self.run.read(outbound_records, request=SliceRequest(), status=status).rows

    def answers(self, status: int, path: str = "/hook") -> None:
        self.listener.replies[path] = PlainTextResponse("x", status)

    async def tell_after(self, span: timedelta) -> int:
        self.clock.advance(span)
        return await self.telling.tell_due()


@pytest.fixture
async def shop(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Shop]:
    transactor.set_after_act(tell_programs)
    isp.transactor.set_after_act(tell_programs)
    async with listening() as listener:
        yield Shop(isp, clock, listener, Telling(transactor, VAULT, clock, knock=knock, may_be_private=True))


def verified(received: Received, secret: str) -> object:
    """Return what a program reads that knows us by others' code; the moved clock is not theirs."""
    headers = {
        name: received.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    }
    hook = Webhook(secret)
    hook._Webhook__verify_timestamp = lambda told: datetime.fromtimestamp(float(told), UTC)  # type: ignore[attr-defined]
    return hook.verify(received.raw, headers)


async def test_money_that_is_booked_is_told_signed_and_once(shop: Shop) -> None:
    await shop.subscribe()
    customer = make_customer(shop.run)
    settle(shop.run, c2b(customer.account_number, receipt="TKN0000001", amount=kes(1_500)))
    settle(shop.run, c2b(customer.account_number, receipt="TKN0000001", amount=kes(1_500)))
    assert await shop.telling.tell_due() == 1
    assert await shop.telling.tell_due() == 0
    (received,) = shop.heard()
    body = json.loads(received.raw)
    assert body["type"] == "payment.settled"
    assert body["data"]["transaction_id"] == "TKN0000001"
    assert body["data"]["amount"] == {"amount_minor": 150_000, "currency": "KES"}
    assert body["data"]["account_number"] == customer.account_number
    (told,) = shop.told()
    assert (told.status, told.answered, told.tries) == (MessageStatus.SENT, 200, 1)


async def test_code_that_others_wrote_knows_our_signature_and_no_other(shop: Shop) -> None:
    key = await shop.subscribe()
    shop.run(send_test, endpoint_id=key)
    await shop.telling.tell_due()
    (received,) = shop.heard()
    assert verified(received, shop.secret) == json.loads(received.raw)
    with pytest.raises(WebhookVerificationError):
        verified(received, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    forged = Received(received.path, received.headers, received.raw.replace(b"test", b"best"))
    with pytest.raises(WebhookVerificationError):
        verified(forged, shop.secret)


async def test_a_former_secret_signs_beside_the_new_one_for_a_day(shop: Shop) -> None:
    key = await shop.subscribe()
    new = shop.run(rotate_secret, endpoint_id=key, vault=VAULT)
    shop.run(send_test, endpoint_id=key)
    await shop.telling.tell_due()
    (both,) = shop.heard()
    assert verified(both, shop.secret) == verified(both, new)
    shop.clock.advance(timedelta(hours=25))
    shop.run(send_test, endpoint_id=key)
    await shop.telling.tell_due()
    verified(shop.heard()[1], new)
    with pytest.raises(WebhookVerificationError):
        verified(shop.heard()[1], shop.secret)


async def test_what_an_act_that_fails_emitted_is_told_to_nobody(shop: Shop) -> None:
    await shop.subscribe()
    customer = make_customer(shop.run)

    def fails(uow: UnitOfWork) -> None:
        from benfex.payments.settlement import settle_payment

        evidence = c2b(customer.account_number, receipt="TKN0000001", amount=kes(10))
        settle_payment(uow, evidence=evidence, evidence_at=uow.now, source="tests")
        raise Conflict("no")

    with pytest.raises(Conflict):
        shop.run(fails)
    assert shop.told() == ()


async def test_an_endpoint_hears_what_it_chose_and_nothing_from_before(shop: Shop) -> None:
    customer = make_customer(shop.run)
    settle(shop.run, c2b(customer.account_number, receipt="TKN0000001", amount=kes(10)))
    await shop.subscribe(events=(PublicEvent.PAYMENT_REVERSED,))
    paid = settle(shop.run, c2b(customer.account_number, receipt="TKN0000002", amount=kes(20))).payment_id
    assert paid is not None
    assert shop.told() == ()
    shop.run(reverse_payment, payment_id=paid, reason="bounced")
    assert [one.event for one in shop.told()] == ["payment.reversed"]


async def test_money_that_finds_its_customer_later_is_told_again_with_the_customer(shop: Shop) -> None:
    await shop.subscribe()
    customer = make_customer(shop.run)
    paid = settle(shop.run, statement(None, receipt="TKN0000001", amount=kes(10))).payment_id
    assert paid is not None
    shop.run(match_payment, payment_id=paid, customer_id=customer.customer_id)
    owners = [json.loads(one.body)["data"]["customer_id"] for one in reversed(shop.told())]
    assert owners == [None, customer.customer_id]


async def test_what_is_not_taken_is_told_again_under_the_same_id_for_three_days(shop: Shop) -> None:
    key = await shop.subscribe()
    shop.answers(503)
    shop.run(send_test, endpoint_id=key)
    began = shop.clock.now()
    for _ in range(40):
        await shop.tell_after(timedelta(hours=6))
    (told,) = shop.told()
    assert (told.status, told.answered, told.tries) == (MessageStatus.FAILED, 503, 11)
    assert told.problem == "It answered 503."
    assert len({one.headers["webhook-id"] for one in shop.heard()}) == 1
    assert shop.clock.now() - began > timedelta(days=3)
    off = shop.run.read(endpoint_record, endpoint_id=key)
    assert (off.is_enabled, "took nothing for 3 days" in off.problem) == (False, True)
    shop.answers(204)
    await shop.telling.edit(SYSTEM, key, is_enabled=True)
    shop.run(resend, outbound_id=told.id)
    assert await shop.telling.tell_due() == 1
    with pytest.raises(Conflict):
        shop.run(resend, outbound_id=told.id)


async def test_a_process_that_died_after_the_knock_knocks_again_under_the_same_id(
    shop: Shop, transactor: Transactor
) -> None:
    key = await shop.subscribe()
    shop.run(send_test, endpoint_id=key)

    async def dies(*_: object, **__: object) -> None:
        raise _KilledError

    dying = Telling(transactor, VAULT, shop.clock, knock=dies, may_be_private=True)  # type: ignore[arg-type]
    with pytest.raises(_KilledError):
        await dying.tell_due()
    assert await shop.telling.tell_due() == 0
    assert await shop.tell_after(timedelta(minutes=3)) == 1
    assert len(shop.heard()) == 1


async def test_one_endpoint_that_fails_holds_up_no_other(shop: Shop) -> None:
    await shop.subscribe(path="/broken")
    await shop.subscribe(path="/hook")
    shop.answers(500, "/broken")
    customer = make_customer(shop.run)
    for number in range(5):
        settle(shop.run, c2b(customer.account_number, receipt=f"TKN{number:07d}", amount=kes(10)))
    assert await shop.telling.tell_due() == 5
    assert (len(shop.heard("/broken")), len(shop.heard())) == (1, 5)


async def test_a_program_that_says_gone_is_told_no_more(shop: Shop) -> None:
    key = await shop.subscribe()
    shop.answers(410)
    shop.run(send_test, endpoint_id=key)
    await shop.telling.tell_due()
    assert not shop.run.read(endpoint_record, endpoint_id=key).is_enabled
    settle(shop.run, statement(None, receipt="TKN0000001", amount=kes(10)))
    assert len(shop.told()) == 1


async def test_redirects_are_not_followed(shop: Shop) -> None:
    key = await shop.subscribe()
    shop.listener.replies["/hook"] = PlainTextResponse("", 302, {"location": f"{shop.listener.url}/inside"})
    shop.run(send_test, endpoint_id=key)
    await shop.telling.tell_due()
    assert shop.heard("/inside") == []
    assert "do not follow" in shop.told()[0].problem


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://10.1.2.3/",
        "https://192.168.88.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://user:word@8.8.8.8/",
        "https://8.8.8.8:99999/",
        "ftp://8.8.8.8/",
        "https:///",
        "nonsense",
        "https://8.8.8.8/ x",
    ],
)
@pytest.mark.sqlite_only
async def test_only_public_https_addresses_are_knocked_at(
    isp: Run, transactor: Transactor, clock: MovedClock, url: str
) -> None:
    telling = Telling(transactor, VAULT, clock, knock=knock)
    with pytest.raises(InvalidInput) as refused:
        await telling.add(SYSTEM, url=url, events=EVENTS)
    assert refused.value.field == "url"


@pytest.mark.sqlite_only
async def test_a_name_that_turns_inwards_after_it_was_saved_is_not_knocked_at(
    shop: Shop, transactor: Transactor
) -> None:
    key = await shop.subscribe()
    shop.run(send_test, endpoint_id=key)
    strict = Telling(transactor, VAULT, shop.clock, knock=knock)
    assert await strict.tell_due() == 0
    assert shop.heard() == []
    assert shop.told()[0].problem


async def test_bad_wishes_change_nothing(shop: Shop) -> None:
    with pytest.raises(InvalidInput) as none:
        await shop.subscribe(events=())
    assert none.value.field == "events"
    key = await shop.subscribe()
    with pytest.raises(InvalidInput) as twice:
        await shop.subscribe()
    assert twice.value.field == "url"
    with pytest.raises(NotPermitted):
        await shop.telling.add(ACCOUNTANT, url=f"{shop.listener.url}/x", events=EVENTS)
    with pytest.raises(NotPermitted):
        shop.run.by(ACCOUNTANT).read(list_outbound, request=PageRequest())
    shop.run(remove_endpoint, endpoint_id=key)
    for act in (remove_endpoint, send_test):
        with pytest.raises(NotFound):
            shop.run(act, endpoint_id=key)
    assert shop.told() == ()


async def test_a_checkout_tells_only_the_endpoint_that_it_names(shop: Shop) -> None:
    await shop.subscribe(path="/other")
    key = await shop.subscribe()
    customer = make_customer(shop.run)
    wish = NewCheckout(customer.customer_id, amount=kes(500), client_reference="order-7", endpoint_id=key)
    made = shop.run(make_checkout, wish=wish, vault=VAULT)
    shop.run(close_checkout, checkout_id=made)
    await shop.telling.tell_due()
    assert shop.heard("/other") == []
    body = json.loads(shop.heard()[0].raw)
    assert (body["type"], body["data"]["client_reference"]) == ("checkout.closed", "order-7")
    assert shop.run.read(checkout_record, checkout_id=made, vault=VAULT).status == "closed"


async def test_the_example_of_the_docs_reads_what_we_tell(shop: Shop) -> None:
    document = (Path(__file__).parents[3] / "docs" / "checkout.md").read_text(encoding="utf-8")
    example: dict[str, Any] = {}
    exec(document.partition("```python\n")[2].partition("```")[0], example)
    shop.clock.move_to(SystemClock().now())
    key = await shop.subscribe()
    shop.run(send_test, endpoint_id=key)
    await shop.telling.tell_due()
    (received,) = shop.heard()
    assert example["read_webhook"](shop.secret, received.headers, received.raw)["type"] == "endpoint.test"
    with pytest.raises(ValueError, match="not signed"):
        example["read_webhook"](shop.secret, received.headers, received.raw + b" ")


async def test_a_fact_that_cannot_be_put_in_words_undoes_no_money(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.subscribe()
    customer = make_customer(shop.run)
    monkeypatch.setattr("data.queries.outgoing.payment_facts", lambda *_, **__: {})
    settle(shop.run, c2b(customer.account_number, receipt="TKN0000001", amount=kes(10)))
    assert shop.run.read(owed, customer_id=customer.customer_id) == kes(-10)
    assert shop.told() == ()


async def test_a_slow_endpoint_has_its_turn_and_then_waits_for_the_next(
    shop: Shop, transactor: Transactor
) -> None:
    key = await shop.subscribe()
    for _ in range(4):
        shop.run(send_test, endpoint_id=key)
        shop.clock.advance(timedelta(seconds=1))

    async def slow(where: Knock, *, headers: Mapping[str, str], body: bytes) -> KnockAnswer:
        shop.clock.advance(timedelta(seconds=9))
        return await knock(where, headers=headers, body=body)

    patient = Telling(transactor, VAULT, shop.clock, knock=slow, may_be_private=True)
    assert await patient.tell_due() == 2
    assert await patient.tell_due() == 2
    assert len({one.headers["webhook-id"] for one in shop.heard()}) == 4


async def test_a_test_says_at_once_what_came_of_it_also_where_the_endpoint_is_off(shop: Shop) -> None:
    key = await shop.subscribe()
    assert (await shop.telling.test(SYSTEM, key)).status is MessageStatus.SENT
    shop.answers(500)
    await shop.telling.edit(SYSTEM, key, is_enabled=False)
    failed = await shop.telling.test(SYSTEM, key)
    assert (failed.status, failed.problem) == (MessageStatus.PENDING, "It answered 500.")
    assert await shop.telling.tell_due() == 0
    assert len(shop.heard()) == 2
    with pytest.raises(NotPermitted):
        await shop.telling.test(ACCOUNTANT, key)
