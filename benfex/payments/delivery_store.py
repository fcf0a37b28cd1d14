"""Keep deliveries of gateways, many in one transaction: who waits for the disk waits together with others.

The disk is the bottleneck of the door. While one transaction is written, what comes meanwhile is collected and goes
into the next one, so a delivery alone waits for nobody. Each is answered after its commit, never before.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass

import structlog

from benfex.core.actors import SystemActor
from benfex.core.events import WebhookStored
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.gateway import (
    Gateway,
    GatewayEvent,
    Ignored,
    StatusChanged,
    ValidationAsked,
    WebhookDelivery,
)
from benfex.payments.policy import payment_terms
from benfex.payments.questions import stranger_of
from data.queries import webhooks as webhook_queries
from data.queries.webhooks import NewDelivery
from data.values.kinds import AddressCheck, EvidenceGrade
from data.values.states import WebhookStatus

_ACTOR = SystemActor("webhooks")
_TOGETHER_MAX = 128
_QUARANTINE_KEEPS = 1_000
_QUARANTINE_BYTES = 8 * 1024
_KEPT_HEADERS = ("content-type", "user-agent", "x-paystack-signature")
_log = structlog.get_logger("webhooks")


@dataclass(frozen=True, slots=True)
class Keeping:
    """A delivery that proved itself, as it is to be kept; `must_be_listed`: only from an address on the list."""

    delivery: WebhookDelivery
    row: NewDelivery
    must_be_listed: bool


class DeliveryStore:
    """Collects deliveries and keeps them; lives on one event loop."""

    def __init__(self, transactor: Transactor) -> None:
        self._transactor = transactor
        self._waiting: list[tuple[Keeping, asyncio.Future[bool]]] = []
        self._is_writing = False

    def keep(self, keeping: Keeping) -> asyncio.Future[bool]:
        """Return whether the delivery was taken, once that is on disk; it is kept even if nobody waits for that."""
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((keeping, kept))
        if not self._is_writing:
            self._write_next()
        return kept

    def _write_next(self) -> None:
        some, self._waiting = self._waiting[:_TOGETHER_MAX], self._waiting[_TOGETHER_MAX:]
        self._is_writing = True
        loop = asyncio.get_running_loop()
        written = self._transactor.submit(
            store_deliveries, _ACTOR, keepings=tuple(keeping for keeping, _ in some)
        )
        written.add_done_callback(lambda done: loop.call_soon_threadsafe(self._written, some, done))

    def _written(
        self, some: list[tuple[Keeping, asyncio.Future[bool]]], done: Future[tuple[bool, ...]]
    ) -> None:
        error = done.exception()
        if error is not None and len(some) > 1:  # one of them may spoil it for the others
            self._write_alone(some)
        else:
            taken = done.result() if error is None else ()
            for place, (_, kept) in enumerate(some):
                if kept.done():
                    continue  # who sent it has gone away
                if error is None:
                    kept.set_result(taken[place])
                else:
                    kept.set_exception(error)
        self._is_writing = False
        if self._waiting:
            self._write_next()

    def _write_alone(self, some: Iterable[tuple[Keeping, asyncio.Future[bool]]]) -> None:
        loop = asyncio.get_running_loop()
        for one in some:
            alone = self._transactor.submit(store_deliveries, _ACTOR, keepings=(one[0],))
            alone.add_done_callback(
                lambda done, one=one: loop.call_soon_threadsafe(self._tell, one[1], done)  # type: ignore[misc]
            )

    @staticmethod
    def _tell(kept: asyncio.Future[bool], done: Future[tuple[bool, ...]]) -> None:
        if kept.done():
            return
        error = done.exception()
        if error is None:
            kept.set_result(done.result()[0])
        else:
            kept.set_exception(error)


def keeping_of(gateway: Gateway, delivery: WebhookDelivery, events: tuple[GatewayEvent, ...]) -> Keeping:
    """Return a delivery as it is to be kept."""
    only_has_us_ask = any(isinstance(event, StatusChanged) for event in events)
    # Unsigned gateways could be sent a forged id that shadows a true one, so the whole body is the id.
    parts = [delivery.path_kind.encode(), (delivery.attempt_token or "").encode(), delivery.body]
    if only_has_us_ask:
        # Such a notice says the same of every change: the one of today is not the one of yesterday.
        parts.append(delivery.received_at.isoformat().encode())
    nothing_to_do = all(isinstance(event, (Ignored, ValidationAsked)) for event in events)
    row = NewDelivery(
        gateway=gateway.name,
        kind=_printable(delivery.path_kind)[:32],
        external_id=hashlib.sha256(b"\0".join(parts)).hexdigest(),
        attempt_token_hash=delivery.attempt_token,
        headers=json.dumps({key: value for key, value in delivery.headers.items() if key in _KEPT_HEADERS}),
        body=delivery.body,
        evidence=gateway.evidence_grade,
        status=WebhookStatus.IGNORED if nothing_to_do else WebhookStatus.RECEIVED,
        error=next((event.reason[:250] for event in events if isinstance(event, Ignored)), None),
        received_at=delivery.received_at,
    )
    # What only has us ask books nothing, whoever says it: its gateway's own answer does.
    unproven = gateway.evidence_grade is EvidenceGrade.SECRET_PATH and not only_has_us_ask
    return Keeping(delivery, row, unproven)


def store_deliveries(uow: UnitOfWork, *, keepings: tuple[Keeping, ...]) -> tuple[bool, ...]:
    """Keep deliveries, but none whose address is not on the list; return for each whether it was taken.

    A repeat is taken and changes nothing.
    """
    taken = tuple(not keeping.must_be_listed or _is_listed(uow, keeping) for keeping in keepings)
    rows = [keeping.row for keeping, is_taken in zip(keepings, taken, strict=True) if is_taken]
    webhook_queries.add_deliveries(uow.session, rows, now=uow.now)
    if any(row.status is WebhookStatus.RECEIVED for row in rows):
        uow.emit(WebhookStored())
    return taken


def quarantine(uow: UnitOfWork, *, gateway: str, delivery: WebhookDelivery, reason: str) -> None:
    """Keep the beginning of what proved nothing, the last of it only."""
    webhook_queries.add_quarantined(
        uow.session,
        gateway=gateway,
        reason=reason[:160],
        path=_printable(delivery.path_kind)[:120],
        body=delivery.body[:_QUARANTINE_BYTES],
        received_at=delivery.received_at,
    )
    webhook_queries.trim_quarantine(uow.session, keep=_QUARANTINE_KEEPS)


def _printable(kind: str) -> str:
    """Return the part of a path as text that any database takes: whoever knocks may write what they like there."""
    return "".join(letter for letter in kind if letter.isprintable())


def _is_listed(uow: UnitOfWork, keeping: Keeping) -> bool:
    terms = payment_terms(uow)
    stranger = stranger_of(terms, keeping.delivery)
    if stranger is None:
        return True
    enforced = terms.address_check is AddressCheck.ENFORCE
    _log.warning("address not on the list", gateway=keeping.row.gateway, address=stranger, refused=enforced)
    if enforced:
        reason = f"{stranger} is not on the list of addresses"
        quarantine(uow, gateway=keeping.row.gateway, delivery=keeping.delivery, reason=reason)
    return not enforced
