"""A message is written with the fact it tells, once, and leaves at least once, whatever breaks on the way."""

import asyncio
from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.errors import ChannelRejected, ChannelUnavailable
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.documents.attachments import InvoiceAttachments
from benfex.documents.printing import Documents
from benfex.notifications.dispatching import claim_messages
from benfex.notifications.outbox import enqueue_invoice_messages, enqueue_message, retry_message
from benfex.notifications.templates import save_template
from benfex.payments.accounts import GatewayBook
from benfex.payments.pay_links import create_pay_link
from data.models.message import MessageTemplate
from data.values.errors import InvalidTransition
from data.values.identifiers import CustomerId
from data.values.kinds import MessageChannel
from data.values.states import MessageStatus
from tests.conftest import Run
from tests.factories.customers import make_customer, make_invoice
from tests.factories.isp import VAULT, kes
from tests.factories.messages import (
    Outgoing,
    give_email,
    log_of,
    make_dispatcher,
    queued,
    set_up_channels,
    templates_of,
)
from tests.factories.money import c2b, settle

EMAIL, SMS = MessageChannel.EMAIL, MessageChannel.SMS
RECEIPT = {"amount": "KES 500", "method": "M-Pesa", "receipt": "TKN1", "balance": "Nothing is left to pay."}


def tell(
    isp: Run, customer_id: CustomerId, *, key: str = "payment:1", template: str = "payment_received"
) -> int:
    return isp(enqueue_message, customer_id=customer_id, template=template, facts=RECEIPT, dedupe_key=key)


def test_a_fact_is_told_once_by_each_channel_that_reaches_the_customer(isp: Run) -> None:
    set_up_channels(isp)
    with_email, without = make_customer(isp), make_customer(isp, phone="0708374150")
    give_email(isp, with_email.customer_id)
    assert [tell(isp, with_email.customer_id) for _ in range(3)] == [2, 0, 0]
    assert tell(isp, without.customer_id, key="payment:2") == 1
    assert [(row.channel, row.status) for row in queued(isp)] == [
        (EMAIL, MessageStatus.PENDING),
        (SMS, MessageStatus.PENDING),
        (SMS, MessageStatus.PENDING),
    ]


def test_nothing_is_written_for_a_channel_that_is_not_set_up_or_has_no_text(isp: Run) -> None:
    customer = make_customer(isp).customer_id
    give_email(isp, customer)
    assert tell(isp, customer) == 0
    set_up_channels(isp, SMS)
    assert tell(isp, customer) == 1
    isp(save_template, code="payment_received", channel=SMS, subject="", body="")
    assert tell(isp, customer, key="payment:2") == 0


def test_invoices_are_told_in_bulk_and_once(isp: Run) -> None:
    customers = [make_customer(isp, phone=f"07083741{number}") for number in range(10, 13)]
    invoices = [make_invoice(isp, customer) for customer in customers]
    set_up_channels(isp)
    assert isp(enqueue_invoice_messages, invoices) == 3
    assert isp(enqueue_invoice_messages, invoices) == 0
    assert dict(queued(isp)[0].facts)["amount"] == "KES 1,500"


def test_issuing_an_invoice_tells_of_it_in_the_same_transaction(isp: Run) -> None:
    set_up_channels(isp, SMS)
    customer = make_customer(isp)
    settle(isp, c2b(customer.account_number, receipt="TKN4QX71SV", amount=kes(1_500)))
    make_invoice(isp, customer)  # paid from credit at once: the receipt has said it all
    make_invoice(isp, customer)
    assert templates_of(isp) == ["payment_received", "invoice_issued"]


async def test_what_was_sent_is_in_the_customer_s_log_word_for_word(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_channels(isp)
    customer = make_customer(isp).customer_id
    tell(isp, customer)
    dispatcher, kept = await make_dispatcher(transactor, clock)
    assert await dispatcher.dispatch_due() == 1
    words = "Rift Valley Net: received KES 500 by M-Pesa, ref TKN1. Nothing is left to pay."
    assert [message.body for message in kept[SMS].sent] == [words]
    assert log_of(isp, customer) == [words]
    assert await dispatcher.dispatch_due() == 0


async def test_a_pay_link_pays_and_its_secret_is_kept_nowhere(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_channels(isp, SMS)
    customer = make_customer(isp)
    make_invoice(isp, customer)
    dispatcher, kept = await make_dispatcher(transactor, clock)
    await dispatcher.dispatch_due()
    link = kept[SMS].sent[0].body.rpartition(" ")[2]
    assert link.startswith("https://billing.example/pay/")
    assert link not in log_of(isp, customer.customer_id)[0]
    assert all("pay_link" not in dict(row.facts) for row in queued(isp))


async def test_a_reminder_waits_for_the_morning_and_a_receipt_does_not(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_channels(isp, SMS)
    customer = make_customer(isp)
    clock.advance(timedelta(hours=12))  # 23:00 in Nairobi
    make_invoice(isp, customer)
    tell(isp, customer.customer_id)
    dispatcher, kept = await make_dispatcher(transactor, clock)
    await dispatcher.dispatch_due()
    assert ["received" in message.body for message in kept[SMS].sent] == [True]
    clock.advance(timedelta(hours=9))  # 08:00
    assert await dispatcher.dispatch_due() == 1


async def test_a_channel_that_is_down_is_tried_later_and_later_and_then_given_up(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_channels(isp, SMS)
    tell(isp, make_customer(isp).customer_id)
    down = Outgoing(SMS, refuse=lambda _: ChannelUnavailable("The SMS provider does not answer."))
    dispatcher, _ = await make_dispatcher(transactor, clock, {SMS: down})
    waits = []
    for _ in range(24):
        tried_at = clock.now()
        await dispatcher.dispatch_due()
        row = queued(isp)[0]
        if row.status is MessageStatus.FAILED:
            break
        while (await dispatcher.dispatch_due(), queued(isp)[0].attempts)[1] == row.attempts:
            clock.advance(timedelta(minutes=1))
        waits.append(round((clock.now() - tried_at).total_seconds() / 60))
        if len(waits) == 5:
            break
    assert waits == [1, 5, 15, 60, 60]


async def test_a_message_the_far_end_never_takes_fails_until_a_person_asks_again(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_channels(isp, SMS)
    customer = make_customer(isp).customer_id
    tell(isp, customer)
    stubborn = Outgoing(SMS, refuse=lambda _: ChannelRejected("This is no phone number."))
    dispatcher, _ = await make_dispatcher(transactor, clock, {SMS: stubborn})
    await dispatcher.dispatch_due()
    row = queued(isp)[0]
    assert (row.status, row.error) == (MessageStatus.FAILED, "This is no phone number.")
    assert log_of(isp, customer) == []
    stubborn.refuse = lambda _: None
    isp(retry_message, message_id=row.message_id)
    assert await dispatcher.dispatch_due() == 1
    with pytest.raises(InvalidTransition):
        isp(retry_message, message_id=row.message_id)


async def test_a_claim_that_nobody_finished_is_taken_again_after_five_minutes(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_channels(isp, SMS)
    customer = make_customer(isp).customer_id
    tell(isp, customer)
    isp(claim_messages, channels=[SMS], public_url="https://billing.example", make_pay_link=create_pay_link)
    dispatcher, kept = await make_dispatcher(transactor, clock)
    clock.advance(timedelta(minutes=5))
    assert await dispatcher.dispatch_due() == 0
    clock.advance(timedelta(seconds=1))
    assert await dispatcher.dispatch_due() == 1
    assert len(kept[SMS].sent) == len(log_of(isp, customer)) == 1


async def test_a_reminder_is_not_sent_when_the_invoice_was_paid_before_it_left(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    customer = make_customer(isp)
    invoice = make_invoice(isp, customer)
    set_up_channels(isp, SMS)
    facts = {"number": "INV-1", "amount": "KES 1,500", "due_on": "30 Nov 2026", "invoice_id": str(invoice)}
    isp(
        enqueue_message,
        customer_id=customer.customer_id,
        template="reminder_due",
        facts=facts,
        dedupe_key="remind",
    )
    settle(isp, c2b(customer.account_number, receipt="TKN4QX71SV", amount=kes(1_500)))
    dispatcher, kept = await make_dispatcher(transactor, clock)
    await dispatcher.dispatch_due()
    assert not any("due today" in message.body for message in kept[SMS].sent)
    assert "settled" in next(row.error or "" for row in queued(isp) if row.template == "reminder_due")


async def test_two_dispatchers_at_once_send_each_message_once(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_channels(isp, SMS)
    customer = make_customer(isp).customer_id
    for number in range(12):
        tell(isp, customer, key=f"payment:{number}")
    outgoing = Outgoing(SMS)
    both = [(await make_dispatcher(transactor, clock, {SMS: outgoing}))[0] for _ in range(2)]
    assert sum(await asyncio.gather(*(one.dispatch_due() for one in both))) == 12
    assert len(outgoing.sent) == len(log_of(isp, customer)) == 12


async def test_an_e_mail_of_a_new_invoice_carries_it_as_pdf(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    customer = make_customer(isp)
    give_email(isp, customer.customer_id)
    set_up_channels(isp)
    make_invoice(isp, customer)
    gateways = GatewayBook(transactor, VAULT, clock, lambda _: {})
    documents = Documents(transactor, gateways, public_url="https://billing.example")
    dispatcher, kept = await make_dispatcher(transactor, clock, attach=InvoiceAttachments(documents))
    assert await dispatcher.dispatch_due() == 2
    documents.close()
    (file,) = kept[EMAIL].sent[0].attachments
    assert file.content.startswith(b"%PDF")
    assert file.filename.endswith(".pdf")
    assert kept[SMS].sent[0].attachments == ()


async def test_a_text_that_was_never_checked_fails_and_says_why(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_channels(isp, SMS)
    customer = make_customer(isp).customer_id
    isp(spoil_text, code="payment_received", body="Hello\n{{ amount.upper() }}")
    tell(isp, customer)
    dispatcher, _ = await make_dispatcher(transactor, clock)
    await dispatcher.dispatch_due()
    row = queued(isp)[0]
    assert row.status is MessageStatus.FAILED
    assert "Line 2" in (row.error or "")


def spoil_text(uow: UnitOfWork, *, code: str, body: str) -> None:
    """Write a text past the act that checks it, as somebody with a database shell would."""
    uow.session.add(MessageTemplate(code=code, channel=SMS, version=1, body=body, saved_by="tests"))
