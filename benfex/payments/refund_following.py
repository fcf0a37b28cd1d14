"""Send refunds by gateways and follow them to their end: our row first, then the gateway, then what it answered.

What was sent once is never sent again: a lost answer is asked for until it comes, or fifteen days are over.
"""

import asyncio
import re
from dataclasses import dataclass

import structlog

from benfex.core.actors import Actor, SystemActor, require
from benfex.core.errors import GatewayError, GatewayRejected
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.core.vault import Vault
from benfex.payments.accounts import GatewayBook
from benfex.payments.gateway import Gateway, RefundRequest
from benfex.payments.gateway_events import RefundDetails, RefundFailed, RefundOutcome, RefundUnknown
from benfex.payments.refund_steps import begin_sending, note_refund, note_sent_elsewhere, request_of
from data.models.payment import Payment, Refund
from data.queries import payments as payment_queries
from data.queries import refunds as refund_queries
from data.values.errors import Conflict, DomainError, InvalidInput, NotFound
from data.values.identifiers import PaymentId, RefundId
from data.values.roles import Permission
from data.values.states import RefundStatus

_ACTOR = SystemActor("refunds")
_AT_ONCE = 4
_ACCOUNT = re.compile(r"[A-Za-z0-9-]{1,34}")
_log = structlog.get_logger("refunds")


@dataclass(frozen=True, slots=True)
class _Sent:
    """A refund that is under way, and what to ask about it."""

    refund_id: RefundId
    gateway: str
    request: RefundRequest


class Refunds:
    """Sends approved refunds and asks about those that are under way."""

    def __init__(
        self, transactor: Transactor, gateways: GatewayBook, vault: Vault, *, public_url: str
    ) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._vault = vault
        self._public_url = public_url

    async def follow(self, *, limit: int = 50) -> int:
        """Send what is approved, ask about what is due; return how many gateways were spoken to about."""
        return await self.send_approved(limit=limit) + await self.check_due(limit=limit)

    async def send_approved(self, *, limit: int = 50) -> int:
        """Send what a gateway is to give back and has not heard of; return how many."""
        waiting = await self._transactor.read(_to_send, _ACTOR, limit=limit)
        sent = 0
        for start in range(0, len(waiting), _AT_ONCE):
            some = waiting[start : start + _AT_ONCE]
            sent += sum(await asyncio.gather(*(self._send(*one) for one in some)))
        return sent

    async def check_due(self, *, limit: int = 50) -> int:
        """Ask about refunds whose check is due; return how many."""
        due = await self._transactor.read(self._due, _ACTOR, limit=limit)
        for start in range(0, len(due), _AT_ONCE):
            await asyncio.gather(*(self._check(sent) for sent in due[start : start + _AT_ONCE]))
        return len(due)

    async def send_to_account(
        self, actor: Actor, refund_id: RefundId, *, bank_code: str, account_number: str
    ) -> None:
        """Have a refund that cannot go back the way the money came sent to the customer's bank account.

        Raises NotFound, Conflict, InvalidInput (bank_code, account_number), GatewayError where it is refused.
        """
        for field, text in (("bank_code", bank_code), ("account_number", account_number)):
            if not _ACCOUNT.fullmatch(text.strip()):
                raise InvalidInput(field, "Write it as the bank does: letters and digits.")
        sent = await self._transactor.read(self._under_way, actor, refund_id=refund_id)
        gateway = self._gateways.get(sent.gateway)
        if not gateway.capabilities.can_send_elsewhere:
            raise Conflict("This gateway sends refunds only the way the money came.")
        details = RefundDetails(bank_code.strip(), account_number.strip(), sent.request.amount.currency)
        await self._transactor.transact(
            note_sent_elsewhere, actor, refund_id=refund_id, account_number=details.account_number
        )
        outcome = await gateway.retry_refund(sent.request, details)
        await self._transactor.transact(note_refund, _ACTOR, refund_id=refund_id, outcome=outcome)

    def _under_way(self, snapshot: Snapshot, *, refund_id: RefundId) -> _Sent:
        """Return a refund that a gateway has and has not finished. Raises NotFound, Conflict."""
        require(snapshot.actor, Permission.MATCH_PAYMENTS)
        refund = refund_queries.find_refund(snapshot.session, refund_id)
        if refund is None:
            raise NotFound("refund")
        payment = payment_queries.find_payment(snapshot.session, PaymentId(refund.payment_id))
        assert payment is not None
        if refund.status is not RefundStatus.PENDING:
            raise Conflict("Only a refund that is under way can be sent to an account.")
        return self._sent(snapshot, refund, payment)

    async def _send(self, refund_id: RefundId, name: str) -> bool:
        gateway = self._gateways.find(name)
        if gateway is None:
            return False  # it waits until the gateway is set up again, or staff decline it
        request = await self._transactor.transact(
            begin_sending,
            _ACTOR,
            refund_id=refund_id,
            gateway=gateway,
            vault=self._vault,
            public_url=self._public_url,
        )
        if request is None:
            return False
        outcome = await _ask_for(gateway, request, refund_id)
        await self._transactor.transact(note_refund, _ACTOR, refund_id=refund_id, outcome=outcome)
        return True

    async def _check(self, sent: _Sent) -> None:
        outcome = await self._ask(sent)
        await self._transactor.transact(note_refund, _ACTOR, refund_id=sent.refund_id, outcome=outcome)

    async def _ask(self, sent: _Sent) -> RefundOutcome:
        gateway = self._gateways.find(sent.gateway)
        if gateway is None:
            return RefundUnknown("this way to pay is not set up any more")
        try:
            return await gateway.query_refund(sent.request)
        except GatewayError as error:  # a no to the question is no word about the money
            return RefundUnknown(error.message)
        except Exception as cause:  # noqa: BLE001 - one refund must not hold up the others
            _log.error("asking failed", refund_id=sent.refund_id, gateway=sent.gateway, exc_info=cause)
            return RefundUnknown("the answer was not understood")

    def _due(self, snapshot: Snapshot, *, limit: int) -> tuple[_Sent, ...]:
        found = []
        for refund, payment in refund_queries.refunds_due(snapshot.session, now=snapshot.now, limit=limit):
            found.append(self._sent(snapshot, refund, payment))
        return tuple(found)

    def _sent(self, snapshot: Snapshot, refund: Refund, payment: Payment) -> _Sent:
        gateway = self._gateways.find(payment.gateway)
        assert refund.id is not None
        request = request_of(
            snapshot, refund, payment, gateway=gateway, vault=self._vault, public_url=self._public_url
        )
        return _Sent(RefundId(refund.id), payment.gateway, request)


async def _ask_for(gateway: Gateway, request: RefundRequest, refund_id: RefundId) -> RefundOutcome:
    try:
        return await gateway.refund(request)
    except GatewayRejected as error:
        return RefundFailed(error.gateway_code or error.code, error.message)
    except DomainError as error:  # refused by our own side, before anything was sent
        return RefundFailed(error.code, error.message)
    except GatewayError as error:
        return RefundUnknown(error.message)
    except Exception as cause:  # noqa: BLE001 - it may have been sent, so nobody knows
        _log.error("sending a refund failed", refund_id=refund_id, gateway=gateway.name, exc_info=cause)
        return RefundUnknown("the answer was not understood")


def _to_send(snapshot: Snapshot, *, limit: int) -> tuple[tuple[RefundId, str], ...]:
    rows = refund_queries.ids_to_send(snapshot.session, now=snapshot.now, limit=limit)
    return tuple((RefundId(refund_id), gateway) for refund_id, gateway in rows)
