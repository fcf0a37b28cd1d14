"""Start a payment with a gateway: our row first, then the gateway, then what it answered.

Nothing is open while the gateway is asked. A timeout is not a no: the attempt waits and is asked about later.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from benfex.core.actors import Actor, SubscriberActor, SystemActor, require_customer_access
from benfex.core.errors import GatewayError, GatewayRejected
from benfex.core.policy import current_terms
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.accounts import GatewayBook
from benfex.payments.attempts import announce, mark_failed, next_check_after
from benfex.payments.gateway import Flow, Gateway, PaymentRequest, StartedPayment
from benfex.payments.pay_links import check_link
from benfex.payments.policy import payment_terms
from benfex.payments.quotes import quote
from data.locks import lock_customer
from data.models.payment import PaymentAttempt
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import payments as payment_queries
from data.values.errors import AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import (
    CustomerId,
    InvoiceId,
    PayLinkId,
    PaymentAttemptId,
    PhoneNumber,
    hash_token,
    new_token,
)
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus, advance

_FLOWS = SystemActor("checkout")
_PUSH_LIFETIME = timedelta(minutes=5)
_REDIRECT_LIFETIME = timedelta(hours=24)
_PROMPT_SECONDS = 75  # a prompt on a phone ends after about a minute


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """Who pays how much by which gateway. The phone is needed for a push, the e-mail only where asked for.

    `channel` is one of the gateway's ways to pay, None for its own page or its only way; `till` is the M-Pesa
    till that pays where the channel asks for one. Who pays by a link pays what it asks for, and no more than is owed.
    """

    customer_id: CustomerId
    amount: Money
    gateway: str
    invoice_id: InvoiceId | None = None
    phone: PhoneNumber | None = None
    email: str | None = None
    return_path: str = "/portal"
    channel: str | None = None
    till: str | None = None
    pay_link_id: PayLinkId | None = None


@dataclass(frozen=True, slots=True)
class PreparedAttempt:
    """An attempt that is safe in the database, and what the gateway is to be asked."""

    attempt_id: PaymentAttemptId
    request: PaymentRequest


class Checkout:
    """Starts payments."""

    def __init__(self, transactor: Transactor, gateways: GatewayBook, *, public_url: str) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._public_url = public_url

    async def start(
        self,
        actor: Actor,
        request: CheckoutRequest,
        *,
        alongside: Callable[[UnitOfWork, PaymentAttemptId], None] | None = None,
    ) -> PaymentAttemptId:
        """Ask the gateway for the money and return the attempt, which says how it goes on.

        `alongside` runs in the transaction that writes the attempt; when it raises, no gateway is asked.
        Raises NotFound, InvalidInput, AmountOutOfRange, Conflict; a gateway that refuses shows in the attempt.
        """
        gateway = self._gateways.get(request.gateway)
        prepared = await self._transactor.transact(
            prepare_attempt,
            actor,
            request=request,
            gateway=gateway,
            public_url=self._public_url,
            alongside=alongside,
        )
        try:
            started = await gateway.start(prepared.request)
        except GatewayError as error:
            await self._transactor.transact(note_refused, _FLOWS, attempt_id=prepared.attempt_id, error=error)
        else:
            await self._transactor.transact(
                note_started, _FLOWS, attempt_id=prepared.attempt_id, started=started
            )
        return prepared.attempt_id


def prepare_attempt(
    uow: UnitOfWork,
    *,
    request: CheckoutRequest,
    gateway: Gateway,
    public_url: str,
    alongside: Callable[[UnitOfWork, PaymentAttemptId], None] | None = None,
) -> PreparedAttempt:
    """Write the attempt with our own reference before any gateway hears of it."""
    require_customer_access(uow.actor, request.customer_id, Permission.RECORD_PAYMENTS)
    customer = customer_queries.find_customer(uow.session, request.customer_id)
    if customer is None:
        raise NotFound("customer")
    lock_customer(uow.session, request.customer_id)
    amount = _check_amount(uow, request, gateway, customer.currency)
    _check_invoice(uow, request)
    if request.pay_link_id is not None:
        check_link(
            uow, pay_link_id=request.pay_link_id, customer_id=request.customer_id, amount=request.amount
        )
    phone, email = request.phone, request.email or customer.email
    is_push = _check_channel(request, gateway) is Flow.PUSH
    payer = phone.e164 if phone is not None else (email or "")
    if is_push:
        _refuse_second_prompt(uow, request, payer)
    token, reference = new_token(16), f"BFX{new_token(10).upper()}"
    attempt = PaymentAttempt(
        reference=reference,
        callback_token_hash=hash_token(token),
        customer_id=request.customer_id,
        invoice_id=request.invoice_id,
        pay_link_id=request.pay_link_id,
        gateway=gateway.name,
        amount_minor=amount.minor,
        currency=amount.currency,
        status=AttemptStatus.CREATED,
        payer=payer,
        started_at=uow.now,
        expires_at=uow.now + (_PUSH_LIFETIME if is_push else _REDIRECT_LIFETIME),
        next_check_at=uow.now + timedelta(seconds=30),
        channel=request.channel,
        may_save_card=isinstance(uow.actor, SubscriberActor),
    )
    uow.session.add(attempt)
    uow.session.flush()
    assert attempt.id is not None
    attempt_id = PaymentAttemptId(attempt.id)
    if alongside is not None:
        alongside(uow, attempt_id)
    announce(uow, attempt)
    address = f"{public_url}{path}" if (path := gateway.callback_path("stk", token)) else ""
    asked = _asked(
        request, attempt, account_number=customer.account_number, email=email, public_url=public_url
    )
    return PreparedAttempt(attempt_id, replace(asked, callback_url=address))


def _asked(
    request: CheckoutRequest,
    attempt: PaymentAttempt,
    *,
    account_number: str,
    email: str | None,
    public_url: str,
) -> PaymentRequest:
    """Return what a gateway is asked about an attempt, without the address where it calls back."""
    return PaymentRequest(
        reference=attempt.reference,
        amount=Money(attempt.amount_minor, attempt.currency),
        payer_phone=request.phone,
        payer_email=email,
        account_number=account_number,
        description="Internet",
        callback_url="",
        return_url=_return_url(public_url, request.return_path, attempt.reference),
        channel=request.channel,
        payer_till=request.till,
    )


def _return_url(public_url: str, path: str, reference: str) -> str:
    """Return where the payer comes back to, with our reference: each gateway adds words of its own to it."""
    return f"{public_url}{path}{'&' if '?' in path else '?'}reference={reference}"


def note_started(uow: UnitOfWork, *, attempt_id: PaymentAttemptId, started: StartedPayment) -> None:
    """Note what the gateway calls the attempt; a callback may have been faster and is not undone."""
    attempt = payment_queries.find_attempt(uow.session, attempt_id)
    assert attempt is not None
    attempt.gateway_reference = started.gateway_reference
    attempt.redirect_url = started.redirect_url
    attempt.customer_message = (started.customer_message or "")[:300] or None
    if attempt.status is AttemptStatus.CREATED:
        attempt.status = advance(attempt.status, AttemptStatus.PENDING)
        attempt.next_check_at = next_check_after(attempt.started_at or uow.now, 0, uow.now)
        uow.session.flush()
        announce(uow, attempt)


def note_refused(uow: UnitOfWork, *, attempt_id: PaymentAttemptId, error: GatewayError) -> None:
    """Note a clear no as failed, and anything else as still open: the money may yet come."""
    attempt = payment_queries.find_attempt(uow.session, attempt_id)
    assert attempt is not None
    if isinstance(error, GatewayRejected):
        mark_failed(uow, attempt, code=error.gateway_code or error.code, message=error.message)
        if attempt.status is AttemptStatus.FAILED:
            attempt.next_check_at = None  # the gateway has nothing under any name that we could ask about
        return
    if attempt.status is AttemptStatus.CREATED:
        attempt.status = advance(attempt.status, AttemptStatus.PENDING)
        attempt.next_check_at = next_check_after(attempt.started_at or uow.now, 0, uow.now)
        uow.session.flush()
        announce(uow, attempt)


def _check_channel(request: CheckoutRequest, gateway: Gateway) -> Flow:
    """Return how the payer is asked. Raises InvalidInput for a way that is not offered or lacks who is to pay."""
    can, channel = gateway.capabilities, request.channel
    if channel is not None and channel not in can.channels:
        raise InvalidInput("channel", "This way to pay is not offered.")
    flow = can.flow_of(channel)
    if request.till is not None and not (request.till.isascii() and request.till.isdigit()):
        raise InvalidInput("till", "A till number has digits only.")
    asks_on_phone = can.needs_phone or (flow is Flow.PUSH and request.till is None)
    if asks_on_phone and request.phone is None:
        raise InvalidInput("phone", "Give the phone number that is to pay.")
    return flow


def _check_amount(uow: UnitOfWork, request: CheckoutRequest, gateway: Gateway, currency: str) -> Money:
    limits = gateway.capabilities
    if request.amount.currency != currency:
        raise InvalidInput("amount", f"This customer pays in {currency}.")
    if currency not in limits.currencies:
        raise InvalidInput("gateway", f"This way to pay does not take {currency}.")
    if not request.amount.is_positive:
        raise AmountOutOfRange("amount", "The amount must be more than nothing.")
    _check_minimum(uow, request)
    # What is asked beyond the bill, up to the gateway's step, stays the customer's credit.
    amount = request.amount.rounded_up_to(limits.amount_step_minor)
    least = limits.least(currency)
    if amount < least:
        raise AmountOutOfRange("amount", f"The least that can be paid this way is {least}.")
    if amount.minor > limits.maximum_minor:
        raise AmountOutOfRange(
            "amount", f"The most that can be paid this way is {Money(limits.maximum_minor, currency)}."
        )
    return amount


def _check_minimum(uow: UnitOfWork, request: CheckoutRequest) -> None:
    """Refuse less than the ISP takes at once, a sum in its own currency, unless it is all that there is to pay."""
    least = Money(payment_terms(uow).pay_minimum_minor, current_terms(uow).currency)
    if request.amount.currency != least.currency or request.amount >= least:
        return
    to_pay = quote(uow, customer_id=request.customer_id).suggested
    if not to_pay.is_positive or request.amount < to_pay:
        raise AmountOutOfRange("amount", f"The least that can be paid is {least}, or all that is owed.")


def _check_invoice(uow: UnitOfWork, request: CheckoutRequest) -> None:
    if request.invoice_id is None:
        return
    invoice = invoice_queries.find_invoice(uow.session, request.invoice_id)
    if invoice is None or invoice.customer_id != request.customer_id:
        raise NotFound("invoice")


def _refuse_second_prompt(uow: UnitOfWork, request: CheckoutRequest, payer: str) -> None:
    since = uow.now - timedelta(seconds=_PROMPT_SECONDS)
    for attempt in payment_queries.open_attempts_of(
        uow.session, customer_id=request.customer_id, gateway=request.gateway, payer=payer
    ):
        if attempt.started_at is not None and attempt.started_at > since:
            raise Conflict(
                "A payment request is already on its way to the phone. Answer it, or wait a minute."
            )
