"""Receipts that customers say are theirs: a fact for the matcher, which needs another one that agrees.

What is answered never tells whether somebody else's receipt exists: what is not on the customer's own account is
being looked for, whatever we know of it.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

import structlog

from benfex.core.actors import Actor, SystemActor, name_of, require_customer_access
from benfex.core.audit import record_audit
from benfex.core.errors import GatewayError
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.accounts import GatewayBook
from benfex.payments.booking import give_money, note_match
from benfex.payments.inquiries import Inquiries, read_receipt
from benfex.payments.matching import NOT_FOUND, SUGGESTIONS_MAX, Match, suggest
from benfex.payments.placing import clues_of_payment
from benfex.payments.policy import payment_terms
from benfex.payments.registry import GATEWAYS
from benfex.payments.scoring import clear_winner
from data.locks import lock_customer, lock_row
from data.models.cashier import ReceiptClaim
from data.models.payment import Payment
from data.queries import customers as customer_queries
from data.queries import matching as matching_queries
from data.queries import payments as payment_queries
from data.values.errors import Conflict, NotFound
from data.values.identifiers import CustomerId
from data.values.roles import Permission
from data.values.states import PaymentStatus

_A_DAY = timedelta(days=1)
_CLAIMS_MAX = 5
_ASKS = SystemActor("claims")
_log = structlog.get_logger("claims")


class Claimed(StrEnum):
    """What came of a claim."""

    PLACED = "placed"
    ON_ACCOUNT = "on_account"
    LOOKED_FOR = "looked_for"


class Claims:
    """Takes claims, and asks the gateways that can be asked about one receipt."""

    def __init__(self, transactor: Transactor, gateways: GatewayBook, inquiries: Inquiries) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._inquiries = inquiries

    async def claim(self, actor: Actor, *, customer_id: CustomerId, receipt: str) -> Claimed:
        """Note a claim, and look for its money here and at the gateways. Raises as `claim_receipt`."""
        claimed = await self._transactor.transact(
            claim_receipt,
            actor,
            customer_id=customer_id,
            receipt=receipt,
            gateways=tuple(GATEWAYS),
        )
        if claimed is Claimed.LOOKED_FOR:
            for name in self._able():
                try:
                    await self._inquiries.ask_about(_ASKS, gateway=name, receipt=receipt)
                except GatewayError as error:  # its statement tells of it later
                    _log.info("not asked", gateway=name, reason=error.message)
        return claimed

    def _able(self) -> Sequence[str]:
        book = self._gateways
        return [name for name in book.names() if book.get(name).capabilities.can_ask_about]


def claim_receipt(
    uow: UnitOfWork, *, customer_id: CustomerId, receipt: str, gateways: Sequence[str]
) -> Claimed:
    """Note that a customer says a receipt is theirs; its money is placed once another fact agrees.

    Money that has its customer, and what a person took back, is never moved. Raises NotFound, InvalidInput,
    Conflict after five receipts in a day.
    """
    require_customer_access(uow.actor, customer_id, Permission.MATCH_PAYMENTS)
    receipt = read_receipt(receipt)
    if customer_queries.find_customer(uow.session, customer_id) is None:
        raise NotFound("customer")
    lock_customer(uow.session, customer_id)
    _note(uow, customer_id, receipt)
    for payment in payment_queries.payments_by_receipt(uow.session, receipt=receipt, gateways=gateways):
        assert payment.id is not None
        if customer_id in (payment.customer_id, payment.sent_by_customer_id):
            return Claimed.ON_ACCOUNT
        lock_row(uow.session, Payment, payment.id)
        uow.session.refresh(payment)
        if _is_waiting(uow, payment) and _place(uow, payment, customer_id):
            return Claimed.PLACED
    return Claimed.LOOKED_FOR


def _note(uow: UnitOfWork, customer_id: CustomerId, receipt: str) -> None:
    earlier = matching_queries.claims_since(uow.session, customer_id=customer_id, since=uow.now - _A_DAY)
    if receipt not in earlier and len(earlier) >= _CLAIMS_MAX:
        raise Conflict("You gave five receipts since yesterday. Please call us about this one.")
    if customer_id not in matching_queries.claimers(uow.session, receipt=receipt):
        who = name_of(uow.actor)
        uow.session.add(
            ReceiptClaim(receipt=receipt, customer_id=customer_id, claimed_by=who, claimed_at=uow.now)
        )
        uow.session.flush()
    record_audit(uow, action="claim", entity="receipt", entity_id=customer_id, changes={"receipt": receipt})


def _is_waiting(uow: UnitOfWork, payment: Payment) -> bool:
    return (
        payment.customer_id is None
        and payment.status is PaymentStatus.RECEIVED
        and not matching_queries.was_undone(uow.session, payment_id=payment.id or 0)
    )


def _place(uow: UnitOfWork, payment: Payment, customer_id: CustomerId) -> bool:
    """Give the money to its claimer when enough agrees; else who decides about it sees the claim. Return which."""
    ranked = suggest(uow, clues=clues_of_payment(payment))
    winner = clear_winner(ranked, threshold=payment_terms(uow).match_threshold)
    if winner is None or winner.customer_id != customer_id:
        note_match(uow, payment, Match(None, None, NOT_FOUND, suggestions=ranked[:SUGGESTIONS_MAX]))
        uow.session.flush()
        return False
    match = Match(None, customer_id, winner.reasons[0], winner.score, winner.reasons)
    give_money(uow, payment, customer_id=customer_id, match=match, evidence_at=uow.now)
    return True
