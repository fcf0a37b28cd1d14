"""The inbox of gateways' messages: prove, store raw, answer; then work them off, as often as it takes.

What money does is said in `settlement`; how a gateway writes, in `gateways/`.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

import structlog

from benfex.core.actors import SystemActor
from benfex.core.errors import WebhookRejected
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.payments.accounts import GatewayBook
from benfex.payments.attempts import ask_again, fail_attempt, note_paid_without_receipt
from benfex.payments.booking import Told
from benfex.payments.delivery_store import DeliveryStore, keeping_of, quarantine
from benfex.payments.gateway import (
    ChargeFailed,
    ChargeSucceeded,
    Gateway,
    GatewayEvent,
    Ignored,
    PaidWithoutReceipt,
    StatusChanged,
    ValidationAsked,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.gateway_events import OtherEvent
from benfex.payments.other_events import apply_other_event
from benfex.payments.questions import Verdict, judge_question
from benfex.payments.saved_methods import settle_and_keep_cards
from benfex.payments.settlement import Settled
from data.models.webhook import InboundWebhook
from data.queries import webhooks as webhook_queries
from data.queries.webhooks import StoredDelivery
from data.values.errors import BenfexError, NotFound
from data.values.identifiers import WebhookId, hash_token
from data.values.states import WebhookStatus, advance

_TRIED_FOR = timedelta(hours=72)  # as long as an attempt is asked about
_TOGETHER_MAX = 32
_FIRST_RETRY = timedelta(seconds=5)
_LAST_RETRY = timedelta(hours=1)
_ANSWER_SECONDS = 1.0  # M-Pesa waits for about eight
_NOT_LISTED = WebhookReply(403, b"", "text/plain")
_log = structlog.get_logger("webhooks")

_Delivery = tuple[StoredDelivery, tuple[GatewayEvent, ...]]
_NoCharge: TypeAlias = (
    ChargeFailed | PaidWithoutReceipt | StatusChanged | ValidationAsked | Ignored | OtherEvent
)


class WebhookInbox:
    """Receives deliveries and works them off."""

    def __init__(
        self,
        transactor: Transactor,
        gateways: GatewayBook,
        *,
        vault: Vault | None = None,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._vault = vault
        self._answer_seconds = answer_seconds
        self._store = DeliveryStore(transactor)

    async def receive(self, gateway_name: str, delivery: WebhookDelivery) -> WebhookReply:
        """Store what proves itself, quarantine what does not, and return what to answer."""
        actor = SystemActor(f"webhook:{gateway_name}")
        gateway = self._gateways.find(gateway_name)
        if gateway is None:
            return WebhookReply(404, b"", "text/plain")
        if delivery.attempt_token is not None:
            delivery = replace(delivery, attempt_token=hash_token(delivery.attempt_token))
        try:
            events = gateway.read_webhook(delivery)
        except WebhookRejected as rejected:
            _log.info("webhook refused", gateway=gateway_name, reason=rejected.message)
            await self._transactor.transact(
                quarantine, actor, gateway=gateway_name, delivery=delivery, reason=rejected.message
            )
            return WebhookReply(404 if rejected.not_found else 401, b"", "text/plain")
        question = next((event for event in events if isinstance(event, ValidationAsked)), None)
        if question is not None:
            return await self._answer(actor, gateway, delivery, question)
        taken = await self._store.keep(keeping_of(gateway, delivery, events))
        return gateway.reply(events, accepted=True) if taken else _NOT_LISTED

    async def _answer(
        self, actor: SystemActor, gateway: Gateway, delivery: WebhookDelivery, question: ValidationAsked
    ) -> WebhookReply:
        """Say at once whether money may come. Where the database cannot say, it may: it is never turned away for us."""
        verdict = Verdict.TAKE
        try:
            async with asyncio.timeout(self._answer_seconds):
                # Kept as everything is; where that takes too long it goes on after the answer.
                keeping = self._store.keep(keeping_of(gateway, delivery, (question,)))
                verdict = await self._transactor.read(
                    judge_question, actor, delivery=delivery, question=question
                )
                await asyncio.shield(keeping)
        except Exception as cause:  # noqa: BLE001 - whatever is wrong here is no reason to turn money away
            _log.warning("not asked in time", gateway=gateway.name, reason=type(cause).__name__)
        if verdict is Verdict.NOT_LISTED:
            return _NOT_LISTED
        return gateway.reply((question,), accepted=verdict is Verdict.TAKE)

    async def process_pending(self, *, limit: int = 64) -> int:
        """Work off what is stored; return how many deliveries were looked at."""
        done = 0
        while True:
            due = await self._transactor.read(_due, SystemActor("inbox"), limit=limit)
            by_gateway: dict[str, list[StoredDelivery]] = {}
            for stored in due:
                by_gateway.setdefault(stored.gateway, []).append(stored)
            for waiting in by_gateway.values():
                for start in range(0, len(waiting), _TOGETHER_MAX):
                    await self._process(waiting[start : start + _TOGETHER_MAX])
            done += len(due)
            if len(due) < limit:
                return done

    async def _process(self, some: Sequence[StoredDelivery]) -> None:
        """Work off deliveries of one gateway in one transaction; where one of them spoils it, each in its own."""
        actor = SystemActor(f"webhook:{some[0].gateway}")
        try:
            deliveries = tuple((stored, self._events_of(stored)) for stored in some)
            await self._transactor.transact(_work_off, actor, deliveries=deliveries, vault=self._vault)
        except Exception as cause:  # noqa: BLE001 - one delivery must not hold up the money behind it
            if len(some) > 1:
                for stored in some:
                    await self._process([stored])
                return
            reason = cause.message if isinstance(cause, BenfexError) else type(cause).__name__
            stored = some[0]
            _log.warning("webhook put off", webhook=stored.id, gateway=stored.gateway, reason=reason)
            await self._transactor.transact(
                _retry_later, actor, webhook_id=WebhookId(stored.id), reason=reason
            )

    def _events_of(self, stored: StoredDelivery) -> tuple[GatewayEvent, ...]:
        gateway = self._gateways.find(stored.gateway)
        if gateway is None:
            raise NotFound("way to pay")
        return gateway.read_webhook(self._delivery_of(stored))

    def _delivery_of(self, stored: StoredDelivery) -> WebhookDelivery:
        return WebhookDelivery(
            path_kind=stored.kind,
            path_token=self._gateways.callback_token(stored.gateway),
            attempt_token=stored.attempt_token_hash,
            headers=json.loads(stored.headers),
            body=stored.body,
            received_at=stored.received_at,
            is_stored=True,
        )


def _due(snapshot: Snapshot, *, limit: int) -> tuple[StoredDelivery, ...]:
    return tuple(webhook_queries.due_deliveries(snapshot.session, now=snapshot.now, limit=limit))


def _work_off(uow: UnitOfWork, *, deliveries: Sequence[_Delivery], vault: Vault | None) -> None:
    ids = [stored.id for stored, _ in deliveries]
    done = {
        row.id for row in webhook_queries.find_deliveries(uow.session, ids) if row.processed_at is not None
    }
    unknown = _apply_all(uow, [one for one in deliveries if one[0].id not in done], vault)
    for row in webhook_queries.find_deliveries(uow.session, ids):
        if row.id in done:
            continue
        if row.id in unknown:
            _put_off(uow, row, unknown[row.id])
            continue
        if row.status is WebhookStatus.FAILED:
            row.status = advance(row.status, WebhookStatus.RECEIVED)
        row.status = advance(row.status, WebhookStatus.PROCESSED)
        row.processed_at, row.error = uow.now, None


def _apply_all(uow: UnitOfWork, deliveries: Sequence[_Delivery], vault: Vault | None) -> dict[int, str]:
    """Do what all events say, in their order; return why some deliveries cannot be done yet, by id.

    Charges that stand together are settled together.
    """
    unknown: dict[int, str] = {}
    charges: list[tuple[int, Told]] = []
    for stored, events in deliveries:
        for event in events:
            if isinstance(event, ChargeSucceeded):
                told = Told(event.evidence, stored.received_at, f"webhook:{stored.kind}")
                charges.append((stored.id, told))
                continue
            _settle(uow, charges, vault, unknown)
            charges = []
            reason = _apply(uow, stored, event)
            if reason:
                unknown.setdefault(stored.id, reason)
    _settle(uow, charges, vault, unknown)
    return unknown


def _settle(
    uow: UnitOfWork, charges: Sequence[tuple[int, Told]], vault: Vault | None, unknown: dict[int, str]
) -> None:
    outcomes = settle_and_keep_cards(uow, told=[told for _, told in charges], vault=vault)
    for (webhook_id, _), outcome in zip(charges, outcomes, strict=True):
        if outcome.settled is Settled.UNKNOWN_ATTEMPT:
            unknown.setdefault(webhook_id, outcome.reason)


def _apply(uow: UnitOfWork, stored: StoredDelivery, event: _NoCharge) -> str | None:
    match event:
        case ChargeFailed():
            return fail_attempt(uow, gateway=stored.gateway, failure=event)
        case PaidWithoutReceipt():
            return note_paid_without_receipt(uow, gateway=stored.gateway, event=event)
        case StatusChanged():
            return ask_again(uow, gateway=stored.gateway, event=event)
        case ValidationAsked() | Ignored():
            return None
        case _:
            return apply_other_event(uow, stored, event)


def _retry_later(uow: UnitOfWork, *, webhook_id: WebhookId, reason: str) -> None:
    row = webhook_queries.find_delivery(uow.session, webhook_id)
    assert row is not None
    _put_off(uow, row, reason)


def _put_off(uow: UnitOfWork, row: InboundWebhook, reason: str) -> None:
    row.attempts += 1
    row.error = reason[:250]
    if row.status is not WebhookStatus.FAILED:
        row.status = advance(row.status, WebhookStatus.FAILED)
    if uow.now - row.received_at >= _TRIED_FOR:
        row.processed_at = uow.now  # tried enough: it stays failed, for a person to look at
    else:
        row.next_try_at = uow.now + min(_FIRST_RETRY * 2 ** min(row.attempts - 1, 10), _LAST_RETRY)
