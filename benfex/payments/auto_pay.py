"""Charge saved cards for bills that are due and paid time that ends, with consent; each at most once a day.

The attempt is a row before the gateway hears of it, under a reference that is made of what is paid and the day: the
same charge cannot be begun twice. What the gateway answers settles through the same door as everything else.
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
from benfex.subscriptions.prepaid import renewal_quotes
from data.locks import lock_customer
from data.models.payment import PaymentAttempt
from data.models.payment_methods import SavedMethod
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import payments as payment_queries
from data.queries import saved_methods as method_queries
from data.queries.saved_methods import FAILURES_MAX, RENEWAL_PREFIX, DueCharge
from data.values.identifiers import CustomerId, PaymentAttemptId, SubscriptionId, hash_token, new_token
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus, InvoiceStatus

_LIFETIME = timedelta(hours=24)
_RENEWS_BEFORE = timedelta(hours=12)
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
                _log.error("card not charged", customer_id=charge.customer_id, exc_info=cause)
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
    """Return what is to be charged to which cards now: invoices, oldest due first, then periods that end soon."""
    require(snapshot.actor, Permission.RUN_BILLING)
    today = billing_today(snapshot)
    since = datetime.combine(today, time(), tzinfo=ZoneInfo(current_terms(snapshot).timezone))
    invoices = method_queries.due_charges(
        snapshot.session,
        on=today,
        since=since,
        gateways=gateways,
        limit=_AT_ONCE_MAX,
    )
    renewals = method_queries.due_renewals(
        snapshot.session,
        now=snapshot.now,
        before=snapshot.now + _RENEWS_BEFORE,
        on=today,
        since=since,
        gateways=gateways,
        limit=_AT_ONCE_MAX,
    )
    return (*invoices, *renewals)


def prepare_charge(
    uow: UnitOfWork, *, due: DueCharge, gateway: Gateway, vault: Vault, public_url: str
) -> PreparedAttempt | None:
    """Write the attempt of a charge before the gateway hears of it; None when it is not to be made any more."""
    require(uow.actor, Permission.RUN_BILLING)
    lock_customer(uow.session, due.customer_id)
    method = method_queries.find_method(uow.session, due.method_id)
    customer = customer_queries.find_customer(uow.session, due.customer_id)
    assert method is not None
    assert customer is not None
    bill = _bill(uow, due)
    if bill is None or not _may_charge(uow, due, method):
        return None
    amount, reference = bill
    is_begun = payment_queries.attempt_by_reference(uow.session, reference=reference) is not None
    if is_begun or not _fits(amount, gateway):
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


def _may_charge(uow: UnitOfWork, due: DueCharge, method: SavedMethod) -> bool:
    """Tell whether the owner lets us, and neither they nor an earlier charge may be paying just now."""
    consents = method.consented_at is not None and method.withdrawn_at is None
    is_expired = method.expires_on is not None and method.expires_on < billing_today(uow)
    if not consents or is_expired or method.failures >= FAILURES_MAX:
        return False
    since = uow.now - _PAYING_BY_HAND
    return not method_queries.has_undecided_charge(
        uow.session, customer_id=due.customer_id, invoice_id=due.invoice_id
    ) and not method_queries.has_undecided_attempt(uow.session, customer_id=due.customer_id, since=since)


def _fits(amount: Money, gateway: Gateway) -> bool:
    can = gateway.capabilities
    if amount.currency not in can.currencies or amount.minor % can.amount_step_minor:
        return False
    return can.least(amount.currency) <= amount and amount.minor <= can.maximum_minor


def _bill(uow: UnitOfWork, due: DueCharge) -> tuple[Money, str] | None:
    """Return what is still to be charged and the one name of that charge on a day, None when nothing is."""
    return _of_invoice(uow, due.invoice_id) if due.invoice_id is not None else _of_renewal(uow, due)


def _of_invoice(uow: UnitOfWork, invoice_id: int) -> tuple[Money, str] | None:
    invoice = invoice_queries.find_invoice(uow.session, invoice_id)
    assert invoice is not None
    if (
        invoice.status is not InvoiceStatus.OPEN
        or invoice.due_on is None
        or invoice.due_on > billing_today(uow)
    ):
        return None
    name = f"BFXA{invoice.id}{_on_this_day(uow, f'{invoice.number} {invoice.created_at}')}"
    return Money(invoice.total_minor - invoice.paid_minor, invoice.currency), name


def _of_renewal(uow: UnitOfWork, due: DueCharge) -> tuple[Money, str] | None:
    """Return what the next period lacks, while the paid time is about to end."""
    customer_id = CustomerId(due.customer_id)
    quotes = {one.subscription_id: one for one in renewal_quotes(uow, customer_id=customer_id)}
    found = quotes.get(SubscriptionId(due.subscription_id or 0))
    if found is None or found.is_off or found.access_until_at is None or not found.missing.is_positive:
        return None
    if not uow.now < found.access_until_at <= uow.now + _RENEWS_BEFORE:
        return None
    payer = customer_queries.find_customer(uow.session, customer_id)
    assert payer is not None
    name = f"{RENEWAL_PREFIX}{due.subscription_id}{_on_this_day(uow, f'{payer.account_number} {payer.created_at}')}"
    return found.missing, name


def _on_this_day(uow: UnitOfWork, what: str) -> str:
    """Return the end of a charge's name: one for each day, and never shared by two installations."""
    made = hashlib.sha256(what.encode()).hexdigest()[:8]
    return f"D{billing_today(uow):%y%m%d}{made.upper()}"
