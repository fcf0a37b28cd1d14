"""Speak to gateways about disputes: read what no webhook told, and give our answer."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from benfex.core.actors import Actor, SystemActor, require
from benfex.core.clock import Clock
from benfex.core.errors import GatewayError
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.accounts import GatewayBook
from benfex.payments.dispute_views import DisputeRecord, dispute_record
from benfex.payments.disputes import note_dispute
from benfex.payments.gateway_events import DisputeAnswer, DisputeChanged
from benfex.payments.refunds import needs_second_person
from data.values.errors import Conflict, DomainError, InvalidInput
from data.values.identifiers import DisputeId
from data.values.roles import Permission
from data.values.states import DisputeStatus

_ACTOR = SystemActor("disputes")
_LOOKS_BACK = timedelta(days=60)
_CLOCKS_DIFFER = timedelta(hours=1)
_log = structlog.get_logger("disputes")


@dataclass(frozen=True, slots=True)
class Answer:
    """What staff say to a dispute: give the money back, or keep it and say why.

    `file` names the proof that was handed in at the gateway, empty for none.
    """

    gives_back: bool
    message: str
    file: str = ""


class Disputes:
    """Reads disputes and answers them."""

    def __init__(self, transactor: Transactor, gateways: GatewayBook, clock: Clock) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._clock = clock

    async def read_all(self) -> int:
        """Read the disputes of all gateways that tell of them; return how many were read."""
        now, count = self._clock.now(), 0
        for name in self._gateways.names():
            gateway = self._gateways.find(name)
            if gateway is None or not gateway.capabilities.can_answer_disputes:
                continue
            try:
                found = await gateway.read_disputes(since=now - _LOOKS_BACK, until=now + _CLOCKS_DIFFER)
            except GatewayError as error:
                _log.info("disputes not read", gateway=name, reason=error.message)
                continue
            for told in found:
                await self._note(name, told)
            count += len(found)
        return count

    async def _note(self, gateway: str, told: DisputeChanged) -> None:
        try:
            await self._transactor.transact(note_dispute, _ACTOR, gateway=gateway, event=told)
        except DomainError as error:  # one that cannot be booked must not hold up the others
            _log.warning("dispute put off", gateway=gateway, dispute=told.dispute_id, reason=error.message)

    async def answer(self, actor: Actor, dispute_id: DisputeId, answer: Answer) -> None:
        """Give our answer to the gateway and keep how the dispute stands then.

        Raises NotFound, InvalidInput without a message, Conflict for one that is decided, for giving back what needs
        a second person and where the gateway takes no answer; GatewayError when it says no or nothing.
        """
        dispute = await self._transactor.read(_answerable, actor, dispute_id=dispute_id, answer=answer)
        gateway = self._gateways.get(dispute.gateway)
        if not gateway.capabilities.can_answer_disputes:
            raise Conflict("Answer this dispute on the gateway's own screens.")
        told = await gateway.answer_dispute(
            DisputeAnswer(
                dispute_id=dispute.dispute_id,
                gives_back=answer.gives_back,
                message=answer.message.strip(),
                amount=dispute.amount,
                file=answer.file.strip(),
            )
        )
        await self._transactor.transact(_keep, actor, gateway=dispute.gateway, told=told)


def _answerable(snapshot: Snapshot, *, dispute_id: DisputeId, answer: Answer) -> DisputeRecord:
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    if not answer.message.strip():
        raise InvalidInput("message", "Say why, for whoever decides at the bank.")
    dispute = dispute_record(snapshot, dispute_id=dispute_id)
    if dispute.status not in (DisputeStatus.OPEN, DisputeStatus.ANSWERED):
        raise Conflict("This dispute is decided.")
    if answer.gives_back and (
        dispute.customer_id is None
        or needs_second_person(snapshot, customer_id=dispute.customer_id, amount=dispute.amount)
    ):
        raise Conflict("So much does not go back on one person's word. Give in on the gateway's own screens.")
    return dispute


def _keep(uow: UnitOfWork, *, gateway: str, told: DisputeChanged) -> None:
    note_dispute(uow, gateway=gateway, event=told)
