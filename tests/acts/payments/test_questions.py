"""What an unsigned gateway's knock is answered with: accounts that nobody has, addresses that are not listed."""

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator

import pytest

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.payments.accounts import save_gateway_account
from benfex.payments.gateway import WebhookDelivery, WebhookReply
from benfex.payments.policy import save_payment_policy
from benfex.payments.webhooks import WebhookInbox
from data.values.errors import InvalidInput
from data.values.kinds import AddressCheck
from tests.acts.payments.test_inbox import c2b_body, stk_body
from tests.conftest import Run
from tests.factories.customers import make_customer
from tests.factories.isp import SYSTEM, VAULT
from tests.factories.looks import deliveries, payments, quarantined
from tests.factories.money import CALLBACK_TOKEN, SETTINGS, make_attempt
from tests.factories.till import Till, open_till

SAFARICOM, STRANGER = "196.201.214.200", "41.90.1.2"


@pytest.fixture
async def till(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Till]:
    nowhere = {"mpesa": "http://127.0.0.1:9", "paystack": "http://127.0.0.1:9"}
    async with open_till(transactor, clock, addresses=nowhere) as one:
        yield one


async def post(
    till: Till, body: bytes, *, kind: str = "c2b/validation", peer: str = "", **headers: str
) -> WebhookReply:
    delivery = WebhookDelivery(kind, CALLBACK_TOKEN, None, headers, body, till.clock.now(), peer=peer)
    return await till.inbox.receive("mpesa", delivery)


def verdict(reply: WebhookReply) -> str:
    assert reply.status == 200
    code = json.loads(reply.body)["ResultCode"]
    assert isinstance(code, str)  # a validation is answered with text (payments reference, A7)
    return code


# Accounts


async def test_unless_it_is_switched_on_every_account_is_taken(till: Till) -> None:
    assert verdict(await post(till, c2b_body("NOBODY"))) == "0"


@pytest.mark.parametrize("written", ["{account}", " {account} ", "acc-{account}", "0712000001"])
async def test_money_for_an_account_that_somebody_has_is_taken(till: Till, isp: Run, written: str) -> None:
    customer = make_customer(isp, phone="0712000001")
    isp(save_payment_policy, refuses_unknown_accounts=True)
    body = c2b_body(written.format(account=customer.account_number))
    assert verdict(await post(till, body)) == "0"


@pytest.mark.parametrize("written", ["NOBODY", "BFX999999", "0799999999", "JANE RENT NOV"])
async def test_money_for_an_account_that_nobody_has_is_refused_at_its_source(
    till: Till, isp: Run, written: str
) -> None:
    make_customer(isp)
    isp(save_payment_policy, refuses_unknown_accounts=True)
    assert verdict(await post(till, c2b_body(written))) == "C2B00012"


async def test_money_at_a_till_has_no_account_to_refuse(till: Till, isp: Run) -> None:
    isp(save_payment_policy, refuses_unknown_accounts=True)
    assert verdict(await post(till, c2b_body(""))) == "0"


async def test_a_question_is_kept_and_books_nothing(till: Till, isp: Run) -> None:
    customer = make_customer(isp)
    await post(till, c2b_body(customer.account_number))
    await till.inbox.process_pending()
    assert [one.kind for one in isp.read(deliveries)] == ["c2b/validation"]
    assert isp.read(payments) == ()


async def test_a_database_that_is_slow_turns_no_money_away(
    till: Till, isp: Run, transactor: Transactor
) -> None:
    isp(save_payment_policy, refuses_unknown_accounts=True)
    inbox = WebhookInbox(transactor, till.gateways, answer_seconds=0.05)
    release, holding = threading.Event(), threading.Semaphore(0)

    def hold(snapshot: Snapshot) -> None:
        holding.release()
        release.wait(10)

    readers = [asyncio.ensure_future(transactor.read(hold, SYSTEM)) for _ in range(4)]
    for _ in readers:
        await asyncio.to_thread(holding.acquire)
    delivery = WebhookDelivery(
        "c2b/validation", CALLBACK_TOKEN, None, {}, c2b_body("NOBODY"), till.clock.now()
    )
    try:
        reply = await inbox.receive("mpesa", delivery)
    finally:
        release.set()
    await asyncio.gather(*readers)
    assert verdict(reply) == "0"


async def test_a_database_that_is_gone_turns_no_money_away(till: Till, transactor: Transactor) -> None:
    def gone(snapshot: Snapshot) -> None:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        await transactor.read(gone, SYSTEM)
    transactor.close()
    assert verdict(await post(till, c2b_body("NOBODY"))) == "0"


async def test_a_confirmation_is_taken_whatever_account_it_names(till: Till, isp: Run) -> None:
    isp(save_payment_policy, refuses_unknown_accounts=True)
    reply = await post(till, c2b_body("NOBODY"), kind="c2b/confirmation")
    assert json.loads(reply.body) == {"ResultCode": 0, "ResultDesc": "Success"}
    await till.inbox.process_pending()
    assert len(isp.read(payments)) == 1


# Addresses


def enforce(isp: Run, check: AddressCheck = AddressCheck.ENFORCE, *proxies: str) -> None:
    isp(
        save_payment_policy,
        address_check=check,
        gateway_addresses=("196.201.214.0/24",),
        trusted_proxies=proxies,
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "taken"),
    [
        (SAFARICOM, "", True),
        (STRANGER, "", False),
        (STRANGER, SAFARICOM, False),
        ("10.0.0.1", SAFARICOM, True),
        ("10.0.0.1", f"{SAFARICOM}, {STRANGER}", False),
    ],
)
@pytest.mark.parametrize("kind", ["c2b/confirmation", "c2b/validation"])
async def test_only_listed_addresses_are_heard_behind_proxies_too(
    till: Till, isp: Run, kind: str, peer: str, forwarded: str, taken: bool
) -> None:
    enforce(isp, AddressCheck.ENFORCE, "10.0.0.0/8")
    reply = await post(till, c2b_body("NOBODY"), kind=kind, peer=peer, **{"x-forwarded-for": forwarded})
    assert (reply.status == 200) is taken
    kept, refused = isp.read(deliveries), isp.read(quarantined)
    assert (len(kept), len(refused)) == ((1, 0) if taken else (0, 1))
    if not taken:
        assert f"{STRANGER} is not on the list" in refused[0][0]


async def test_a_list_that_only_watches_refuses_nobody(till: Till, isp: Run) -> None:
    enforce(isp, AddressCheck.LOG)
    assert (await post(till, c2b_body("NOBODY"), kind="c2b/confirmation", peer=STRANGER)).status == 200
    assert len(isp.read(deliveries)) == 1


async def test_a_callback_of_ours_is_refused_from_elsewhere_too(till: Till, isp: Run) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    enforce(isp)
    delivery = WebhookDelivery(
        "stk", CALLBACK_TOKEN, attempt.token, {}, stk_body(attempt), till.clock.now(), peer=STRANGER
    )
    assert (await till.inbox.receive("mpesa", delivery)).status == 403


async def test_a_gateway_that_signs_may_come_from_anywhere(till: Till, isp: Run) -> None:
    enforce(isp)
    body = b'{"event": "customeridentification.success", "data": {}}'
    proof = hmac.new(SETTINGS["paystack"]["secret_key"].encode(), body, hashlib.sha512).hexdigest()
    delivery = WebhookDelivery(
        "event", None, None, {"x-paystack-signature": proof}, body, till.clock.now(), peer=STRANGER
    )
    assert (await till.inbox.receive("paystack", delivery)).status == 200


def test_a_list_without_addresses_cannot_be_enforced(isp: Run) -> None:
    with pytest.raises(InvalidInput) as refused:
        isp(save_payment_policy, address_check=AddressCheck.ENFORCE)
    assert refused.value.field == "gateway_addresses"


async def test_a_notice_that_only_has_us_ask_is_heard_from_anywhere(till: Till, isp: Run) -> None:
    # Pesapal's addresses change, and its notices prove nothing: what is booked is its own answer.
    isp(save_gateway_account, gateway="pesapal", settings=SETTINGS["pesapal"], vault=VAULT)
    await till.restart()
    enforce(isp)
    body = b'{"OrderTrackingId":"one","OrderMerchantReference":"BFX1"}'
    delivery = WebhookDelivery("ipn", CALLBACK_TOKEN, None, {}, body, till.clock.now(), peer=STRANGER)
    assert (await till.inbox.receive("pesapal", delivery)).status == 200
