"""Saved cards: kept when a payment says that the card may be charged again, and charged only with consent.

A card is kept sealed, as the gateway's name of it. Its owner says in the portal that it pays by itself, bills that are
due and what is paid ahead, and takes that back there; staff can take it back for them, never give it. What charges
them is `auto_pay`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import SubscriberActor, name_of, require, require_customer_access
from benfex.core.audit import record_audit
from benfex.core.events import CustomerChanged
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.payments.booking import Told
from benfex.payments.gateway import name_of_gateway
from benfex.payments.gateway_events import SavedCard
from benfex.payments.settlement import SettlementOutcome, settle_payments
from data.locks import lock_customer
from data.models.payment_methods import SavedMethod
from data.queries import payments as payment_queries
from data.queries import saved_methods as method_queries
from data.queries.saved_methods import FAILURES_MAX
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import CustomerId, PaymentId
from data.values.kinds import EvidenceGrade
from data.values.roles import Permission

_CONTEXT = "saved_method.code"
CONSENT = (
    "I let {isp} charge {card} by itself for my bills, each on the day it is due, and for what I pay ahead, before "
    "it runs out, each at most once a day, until I take "
    "this back here. I am told of every charge."
)


@dataclass(frozen=True, slots=True)
class SavedMethodView:
    """A saved card as its owner and staff see it.

    `pays_by_itself` says that it is charged for what is due; `is_stopped` that it failed too often and waits for
    its owner; `words` are what its owner agrees to.
    """

    id: int
    customer_id: CustomerId
    gateway: str
    gateway_name: str
    label: str
    expires_on: date | None
    is_expired: bool
    pays_by_itself: bool
    is_stopped: bool
    consented_at: datetime | None
    last_failure: str | None


def settle_and_keep_cards(
    uow: UnitOfWork, *, told: Sequence[Told], vault: Vault | None
) -> tuple[SettlementOutcome, ...]:
    """Settle payments as `settle_payments` does, and keep the cards that paid them and may be charged again."""
    outcomes = settle_payments(uow, told=told)
    for one, outcome in zip(told, outcomes, strict=True):
        card = one.evidence.saved_card
        if vault is not None and card is not None and outcome.payment_id is not None:
            _keep(uow, outcome.payment_id, card, grade=one.evidence.grade, vault=vault)
    return outcomes


def consent_to_charges(uow: UnitOfWork, *, customer_id: CustomerId, method_id: int, words: str) -> None:
    """Let a card pay its owner's bills by itself; `words` are what they agreed to. Another card then does no more.

    Only subscribers themselves may. Raises NotFound, InvalidInput for an expired card.
    """
    if not isinstance(uow.actor, SubscriberActor):
        raise NotPermitted()
    require_customer_access(uow.actor, customer_id, Permission.RECORD_PAYMENTS)
    lock_customer(uow.session, customer_id)
    chosen = _own(uow, customer_id, method_id)
    if chosen.expires_on is not None and chosen.expires_on < billing_today(uow):
        raise InvalidInput(
            "card", "This card has expired. Pay once with your new card, then choose that one."
        )
    if not words.strip():
        raise InvalidInput("words", "Say what is agreed to.")
    for other in method_queries.methods_of(uow.session, customer_id=customer_id):
        if other.id != method_id and other.consented_at is not None and other.withdrawn_at is None:
            other.withdrawn_at = uow.now
    chosen.consented_at, chosen.withdrawn_at = uow.now, None
    chosen.consented_by = name_of(uow.actor)
    chosen.failures, chosen.last_failure = 0, None
    uow.session.flush()
    record_audit(
        uow,
        action="consent",
        entity="saved_method",
        entity_id=method_id,
        changes={"customer_id": customer_id, "card": chosen.label, "words": words.strip()[:1000]},
    )
    uow.emit(CustomerChanged(customer_id=customer_id))


def withdraw_consent(uow: UnitOfWork, *, customer_id: CustomerId, method_id: int) -> None:
    """Let a card pay nothing by itself any more. Raises NotFound, Conflict when it does not."""
    require_customer_access(uow.actor, customer_id, Permission.EDIT_CUSTOMERS)
    lock_customer(uow.session, customer_id)
    method = _own(uow, customer_id, method_id)
    if method.consented_at is None or method.withdrawn_at is not None:
        raise Conflict("This card pays nothing by itself.")
    method.withdrawn_at = uow.now
    uow.session.flush()
    record_audit(
        uow,
        action="withdraw",
        entity="saved_method",
        entity_id=method_id,
        changes={"customer_id": customer_id, "card": method.label},
    )
    uow.emit(CustomerChanged(customer_id=customer_id))


def saved_methods_of(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[SavedMethodView, ...]:
    """Return a customer's saved cards, newest first. Raises NotFound for a customer the actor may not see."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS)
    today = billing_today(snapshot)
    return tuple(
        _view(row, today=today)
        for row in method_queries.methods_of(snapshot.session, customer_id=customer_id)
        if row.id is not None
    )


def saved_method(snapshot: Snapshot, *, customer_id: CustomerId, method_id: int) -> SavedMethodView:
    """Return one saved card. Raises NotFound, also for a card of another customer."""
    found = [one for one in saved_methods_of(snapshot, customer_id=customer_id) if one.id == method_id]
    if not found:
        raise NotFound("card")
    return found[0]


def words_of_consent(*, isp: str, card: str) -> str:
    """Return what the owner of a card agrees to."""
    return CONSENT.format(isp=isp, card=card)


def open_card(method: SavedMethod, vault: Vault) -> SavedCard:
    """Return a card as its gateway wants it named."""
    return SavedCard(
        code=vault.open(method.code_sealed, context=_CONTEXT),
        signature=method.signature,
        email=method.email,
        label=method.label,
        expires_on=method.expires_on,
    )


def _keep(
    uow: UnitOfWork, payment_id: PaymentId, card: SavedCard, *, grade: EvidenceGrade, vault: Vault
) -> None:
    """Keep the card of a payment that its customer began themselves, signed in, or that was charged to it."""
    require(uow.actor, Permission.RECORD_PAYMENTS)
    payment = payment_queries.find_payment(uow.session, payment_id)
    if payment is None or payment.attempt_id is None or grade is not EvidenceGrade.SIGNED:
        return
    attempt = payment_queries.find_attempt(uow.session, payment.attempt_id)
    if attempt is None or attempt.customer_id != payment.customer_id:
        return
    if not attempt.may_save_card and attempt.saved_method_id is None:
        return
    customer_id = CustomerId(attempt.customer_id)
    lock_customer(uow.session, customer_id)
    method = method_queries.method_by_signature(
        uow.session, customer_id=customer_id, gateway=payment.gateway, signature=card.signature
    )
    if method is None:
        method = SavedMethod(
            customer_id=customer_id,
            gateway=payment.gateway,
            signature=card.signature,
            code_sealed="",
            email=card.email,
            label=card.label[:60],
        )
        uow.session.add(method)
    method.code_sealed = vault.seal(card.code, context=_CONTEXT)
    method.email, method.label, method.expires_on = card.email, card.label[:60], card.expires_on
    if method.failures < FAILURES_MAX:  # what was stopped waits for its owner's word
        method.failures, method.last_failure = 0, None
    uow.session.flush()
    uow.emit(CustomerChanged(customer_id=customer_id))


def _own(uow: UnitOfWork, customer_id: CustomerId, method_id: int) -> SavedMethod:
    method = method_queries.find_method(uow.session, method_id)
    if method is None or method.customer_id != customer_id:
        raise NotFound("card")
    return method


def _view(row: SavedMethod, *, today: date) -> SavedMethodView:
    assert row.id is not None
    is_expired = row.expires_on is not None and row.expires_on < today
    has_consent = row.consented_at is not None and row.withdrawn_at is None
    return SavedMethodView(
        id=row.id,
        customer_id=CustomerId(row.customer_id),
        gateway=row.gateway,
        gateway_name=name_of_gateway(row.gateway),
        label=row.label,
        expires_on=row.expires_on,
        is_expired=is_expired,
        pays_by_itself=has_consent and not is_expired and row.failures < FAILURES_MAX,
        is_stopped=has_consent and row.failures >= FAILURES_MAX,
        consented_at=row.consented_at if has_consent else None,
        last_failure=row.last_failure,
    )
