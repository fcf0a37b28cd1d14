"""Charge saved cards for the bills that are due, with their owners' consent; at most once per invoice and day.

The attempt is a row before the gateway hears of it, under a reference that is made of invoice and day: the same
charge cannot be begun twice. What the gateway answers settles through the same door as everything else.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from benfex.core.actors import Actor, require
from benfex.core.errors import GatewayError
from benfex.core.policy import billing_today, current_terms
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.payments.accounts import GatewayBook
from benfex.payments.attempts import announce
from benfex.payments.card_notices import ask_to_confirm
from benfex.payments.checkout import PreparedAttempt, note_refused, note_started
from benfex.payments.gateway import Gateway, PaymentRequest, StartedPayment
from benfex.payments.saved_methods import open_card
from data.locks import lock_customer
from data.models.invoice import Invoice
from data.models.payment import PaymentAttempt
from data.models.payment_methods import SavedMethod
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import payments as payment_queries
from data.queries import saved_methods as method_queries
from data.queries.saved_methods import FAILURES_MAX, DueCharge
from data.values.identifiers import PaymentAttemptId, hash_token, new_token
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus, InvoiceStatus

_LIFETIME = timedelta(hours=24)
_PAYING_BY_HAND = timedelta(minutes=15)
_AT_ONCE_MAX = 500
_log = structlog.get_logger("auto_pay")


@dataclass(frozen=True, slots=True)
class AutoPaid:
    """How many cards a run charged, how many of those the gateway refused, and how many wait for their owner.

    `failed` could not be charged through an error of ours.
    """

    charged: int
    refused: int
    to_confirm: int
    failed: int = 0


class AutoPay:
    """Charges the cards."""

    def __init__(
        self, transactor: Transactor, gateways: GatewayBook, vault: Vault, *, public_url: str
    ) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._vault = vault
        self._public_url = public_url

    async def run(self, actor: Actor) -> AutoPaid:
        """Charge what is due now; what could not be decided is asked about by the reconciler."""
        able = tuple(
            name for name in self._gateways.names() if self._gateways.get(name).capabilities.can_charge_saved
        )
        due = await self._transactor.read(charges_due, actor, gateways=able) if able else ()
        charged = refused = to_confirm = failed = 0
        for charge in due:
            gateway = self._gateways.find(charge.gateway)
            if gateway is None:
                continue
            try:
                prepared = await self._transactor.transact(
                    prepare_charge,
                    actor,
                    due=charge,
                    gateway=gateway,
                    vault=self._vault,
                    public_url=self._public_url,
                )
                if prepared is None:
                    continue
                charged += 1
                started = await self._start(actor, gateway, prepared)
            except Exception as cause:  # noqa: BLE001 - one card must not hold up the others
                _log.error("card not charged", invoice_id=charge.invoice_id, exc_info=cause)
                failed += 1
                continue
            refused += started is None
            to_confirm += started is not None and started.redirect_url is not None
        if charged:
            _log.info("saved cards charged", charged=charged, refused=refused, to_confirm=to_confirm)
        return AutoPaid(charged, refused, to_confirm, failed)

    async def _start(
        self, actor: Actor, gateway: Gateway, prepared: PreparedAttempt
    ) -> StartedPayment | None:
        """Ask the gateway; None when it refused. No answer is no refusal: the attempt waits."""
        try:
            started = await gateway.start(prepared.request)
        except GatewayError as error:
            await self._transactor.transact(note_refused, actor, attempt_id=prepared.attempt_id, error=error)
            return None
        await self._transactor.transact(note_charged, actor, attempt_id=prepared.attempt_id, started=started)
        return started


def charges_due(snapshot: Snapshot, *, gateways: tuple[str, ...]) -> tuple[DueCharge, ...]:
    """Return which invoices are to be charged to which cards now, oldest due first."""
    require(snapshot.actor, Permission.RUN_BILLING)
    today = billing_today(snapshot)
    return tuple(
        method_queries.due_charges(
            snapshot.session,
            on=today,
            since=datetime.combine(today, time(), tzinfo=ZoneInfo(current_terms(snapshot).timezone)),
            gateways=gateways,
            limit=_AT_ONCE_MAX,
        )
    )


def prepare_charge(
    uow: UnitOfWork, *, due: DueCharge, gateway: Gateway, vault: Vault, public_url: str
) -> PreparedAttempt | None:
    """Write the attempt of a charge before the gateway hears of it; None when it is not to be made any more."""
    require(uow.actor, Permission.RUN_BILLING)
    lock_customer(uow.session, due.customer_id)
    invoice = invoice_queries.find_invoice(uow.session, due.invoice_id)
    method = method_queries.find_method(uow.session, due.method_id)
    customer = customer_queries.find_customer(uow.session, due.customer_id)
    assert invoice is not None
    assert method is not None
    assert customer is not None
    amount = _amount(uow, invoice, method, gateway)
    reference = _reference(uow, invoice)
    if amount is None or payment_queries.attempt_by_reference(uow.session, reference=reference) is not None:
        return None
    attempt = PaymentAttempt(
        reference=reference,
        callback_token_hash=hash_token(new_token(16)),
        customer_id=due.customer_id,
        invoice_id=due.invoice_id,
        gateway=gateway.name,
        amount_minor=amount.minor,
        currency=amount.currency,
        status=AttemptStatus.CREATED,
        payer=method.label,
        started_at=uow.now,
        expires_at=uow.now + _LIFETIME,
        next_check_at=uow.now + timedelta(seconds=30),
        saved_method_id=due.method_id,
    )
    uow.session.add(attempt)
    uow.session.flush()
    assert attempt.id is not None
    announce(uow, attempt)
    return PreparedAttempt(
        PaymentAttemptId(attempt.id),
        PaymentRequest(
            reference=reference,
            amount=amount,
            payer_phone=None,
            payer_email=method.email,
            account_number=customer.account_number,
            description="Internet",
            callback_url="",
            return_url=f"{public_url}/portal/paid",
            saved_card=open_card(method, vault),
        ),
    )


def note_charged(uow: UnitOfWork, *, attempt_id: PaymentAttemptId, started: StartedPayment) -> None:
    """Note what the gateway answered to a charge, and tell the card's owner when it wants them."""
    note_started(uow, attempt_id=attempt_id, started=started)
    attempt = payment_queries.find_attempt(uow.session, attempt_id)
    if attempt is not None and attempt.status is AttemptStatus.PENDING:
        ask_to_confirm(uow, attempt)


def _amount(uow: UnitOfWork, invoice: Invoice, method: SavedMethod, gateway: Gateway) -> Money | None:
    """Return what is still to be charged, None when nothing is, or nobody lets us."""
    can, today = gateway.capabilities, billing_today(uow)
    may = method.consented_at is not None and method.withdrawn_at is None and method.failures < FAILURES_MAX
    is_expired = method.expires_on is not None and method.expires_on < today
    if not may or is_expired or invoice.status is not InvoiceStatus.OPEN:
        return None
    if invoice.due_on is None or invoice.due_on > today or invoice.currency not in can.currencies:
        return None
    assert invoice.id is not None
    since = uow.now - _PAYING_BY_HAND
    if method_queries.has_undecided_charge(uow.session, invoice_id=invoice.id):
        return None
    if method_queries.has_undecided_attempt(uow.session, customer_id=invoice.customer_id, since=since):
        return None
    amount = Money(invoice.total_minor - invoice.paid_minor, invoice.currency)
    fits = can.least(invoice.currency) <= amount and amount.minor <= can.maximum_minor
    return amount if fits and amount.minor % can.amount_step_minor == 0 else None


def _reference(uow: UnitOfWork, invoice: Invoice) -> str:
    """Return the one name of the charge of an invoice on a day; two installations never share one."""
    made = hashlib.sha256(f"{invoice.number} {invoice.created_at}".encode()).hexdigest()[:8]
    return f"BFXA{invoice.id}D{billing_today(uow):%y%m%d}{made.upper()}"
