"""The peer of the settlement benchmark: the usual way, an ORM object for each row and a commit for each payment.

It reads the delivery, finds the customer by the account, books the payment and its entry, pays the oldest invoices and
writes a receipt and the audit trail. It knows neither prompts nor services to bring back, and seals no chain.
"""

import json

from sqlmodel import col, select

from benchmarks.installation import BENCHMARK
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.chart import KIND_OF
from data.models.customer import Customer
from data.models.invoice import Invoice
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.models.message import OutboundMessage
from data.models.operations import AuditEvent
from data.models.payment import Payment, PaymentAllocation
from data.models.webhook import InboundWebhook
from data.session import Session
from data.values.identifiers import CustomerId
from data.values.kinds import EntryKind, EvidenceGrade, MessageChannel
from data.values.money import Money
from data.values.states import InvoiceStatus, MessageStatus, PaymentStatus, WebhookStatus


def settle_with_objects(transactor: Transactor, *, count: int) -> None:
    """Settle so many of the confirmations that wait, each in a transaction of its own."""
    for number in transactor.read_sync(lambda snapshot: _waiting(snapshot.session, count), BENCHMARK):
        transactor.run_sync(_settle, BENCHMARK, webhook_id=number)


def _waiting(session: Session, count: int) -> tuple[int, ...]:
    rows = session.scalars(
        select(col(InboundWebhook.id))
        .where(col(InboundWebhook.kind) == "c2b/confirmation", col(InboundWebhook.processed_at).is_(None))
        .order_by(col(InboundWebhook.id).desc())
        .limit(count)
    )
    return tuple(found for found in rows if found is not None)


def _settle(uow: UnitOfWork, *, webhook_id: int) -> None:
    session = uow.session
    delivery = session.get(InboundWebhook, webhook_id)
    assert delivery is not None
    said = json.loads(delivery.body)
    amount = Money(round(float(said["TransAmount"]) * 100), "KES")
    known = session.scalars(
        select(Payment).where(Payment.gateway == "mpesa", Payment.gateway_transaction_id == said["TransID"])
    ).one_or_none()
    if known is None:
        customer = session.scalars(
            select(Customer).where(Customer.account_number == said["BillRefNumber"])
        ).one()
        _book(uow, CustomerId(customer.id or 0), customer.phone, amount, said)
    delivery.status, delivery.processed_at = WebhookStatus.PROCESSED, uow.now
    session.add(delivery)


def _book(uow: UnitOfWork, customer_id: CustomerId, phone: str, amount: Money, said: dict[str, str]) -> None:
    session = uow.session
    payment = Payment(
        customer_id=customer_id,
        gateway="mpesa",
        gateway_transaction_id=said["TransID"],
        amount_minor=amount.minor,
        currency=amount.currency,
        status=PaymentStatus.RECEIVED,
        grade=EvidenceGrade.SECRET_PATH,
        source="webhook:c2b/confirmation",
        received_at=uow.now,
        payer_name=said["FirstName"],
        account_reference=said["BillRefNumber"],
        match_reason="the account number",
    )
    session.add(payment)
    session.flush()
    assert payment.id is not None
    _post(uow, payment.id, customer_id, amount)
    _pay(uow, payment.id, customer_id, amount)
    session.add(
        OutboundMessage(
            customer_id=customer_id,
            channel=MessageChannel.SMS,
            recipient=phone,
            template="payment_received",
            facts=json.dumps({"amount": amount.format(), "receipt": said["TransID"]}),
            dedupe_key=f"payment:{payment.id}:received",
            status=MessageStatus.PENDING,
            send_after_at=uow.now,
        )
    )
    session.add(
        AuditEvent(
            at=uow.now, actor="peer", action="settle", entity="payment", entity_id=payment.id, changes="{}"
        )
    )
    session.flush()


def _post(uow: UnitOfWork, payment_id: int, customer_id: CustomerId, amount: Money) -> None:
    session = uow.session
    entry = JournalEntry(
        kind=EntryKind.PAYMENT_RECEIVED,
        source_type="payment",
        source_id=payment_id,
        occurred_at=uow.now,
        posted_at=uow.now,
    )
    session.add(entry)
    session.flush()
    assert entry.id is not None
    for line in entries.payment_received("mpesa", customer_id, amount):
        key = line.account
        account = session.scalars(
            select(LedgerAccount).where(LedgerAccount.code == key.code, LedgerAccount.owner == key.owner)
        ).one_or_none()
        if account is None:
            account = LedgerAccount(code=key.code, kind=KIND_OF[key.code], currency="KES", owner=key.owner)
            session.add(account)
            session.flush()
        assert account.id is not None
        session.add(Posting(entry_id=entry.id, account_id=account.id, amount_minor=line.amount.minor))
        if key.customer_id is not None:
            account.balance_minor += line.amount.minor
    session.flush()


def _pay(uow: UnitOfWork, payment_id: int, customer_id: CustomerId, amount: Money) -> None:
    session, left = uow.session, amount.minor
    open_invoices = session.scalars(
        select(Invoice)
        .where(Invoice.customer_id == customer_id, Invoice.status == InvoiceStatus.OPEN)
        .order_by(col(Invoice.due_on), col(Invoice.id))
    )
    for invoice in open_invoices:
        part = min(left, invoice.total_minor - invoice.paid_minor)
        if part <= 0:
            break
        assert invoice.id is not None
        session.add(
            PaymentAllocation(payment_id=payment_id, invoice_id=invoice.id, amount_minor=part, at=uow.now)
        )
        invoice.paid_minor += part
        left -= part
        if invoice.paid_minor == invoice.total_minor:
            invoice.status, invoice.paid_at = InvoiceStatus.PAID, uow.now
    session.flush()
