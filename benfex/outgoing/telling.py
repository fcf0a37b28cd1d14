"""Tell other programs what waits: claimed, knocked with outside any transaction, written down.

At least once, under the same id: a process that dies between the knock and the writing down knocks again when its
claim is two minutes old. An endpoint that does not answer holds up no other.
"""

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from benfex.core.actors import Actor, SystemActor, require
from benfex.core.clock import Clock
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.outgoing.addresses import Knock, checked_address
from benfex.outgoing.endpoints import (
    FORMER_SIGNS_FOR,
    SECRET,
    OutboundRecord,
    add_endpoint,
    edit_endpoint,
    outbound_record,
    send_test,
)
from benfex.outgoing.signing import signature_headers
from data.locks import lock_row
from data.models.webhook import OutboundWebhook
from data.queries import outgoing as queries
from data.queries.outgoing import DueDelivery
from data.values.errors import InvalidInput
from data.values.identifiers import EndpointId
from data.values.kinds import PublicEvent
from data.values.roles import Permission
from data.values.states import MessageStatus, advance

_ACTOR = SystemActor("webhooks")
_PER_ENDPOINT = 20
_TURN_SECONDS = 10  # of one endpoint, so that a slow one does not keep the others from their next turn
_CLAIM_LASTS = timedelta(minutes=2)
_GONE = 410  # the program says that it wants no more (Standard Webhooks)
# About three days in all, as Standard Webhooks advises.
_WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
_OFF_AFTER = timedelta(days=3)
_log = structlog.get_logger("webhooks.out")


class KnockOutcome(Protocol):
    """What came back of a knock."""

    @property
    def status(self) -> int | None:
        """Return the status, None where nothing came back."""

    @property
    def problem(self) -> str:
        """Return why it was not taken, in words."""

    @property
    def is_taken(self) -> bool:
        """Return whether the program took it."""


class MakeKnock(Protocol):
    """Knocks at a checked address."""

    def __call__(self, where: Knock, *, headers: Mapping[str, str], body: bytes) -> Awaitable[KnockOutcome]:
        """Return what came back; never raise for what the other side does."""


class Telling:
    """Keeps the addresses of other programs, and tells them what waits."""

    def __init__(
        self,
        transactor: Transactor,
        vault: Vault,
        clock: Clock,
        *,
        knock: MakeKnock,
        may_be_private: bool = False,
    ) -> None:
        self._transactor = transactor
        self._vault = vault
        self._clock = clock
        self._knock = knock
        self._may_be_private = may_be_private

    async def add(self, actor: Actor, *, url: str, events: Collection[PublicEvent]) -> tuple[EndpointId, str]:
        """Keep an address that was checked; return its id and its secret. Raises InvalidInput, Conflict."""
        await self.check(actor, url)
        return await self._transactor.transact(self.keep, actor, url=url, events=events)

    async def check(self, actor: Actor, url: str) -> None:
        """Look whether an address is one that we knock at. Raises NotPermitted, InvalidInput (url)."""
        require(actor, Permission.EDIT_PROFILE)
        await checked_address(url, may_be_private=self._may_be_private)

    def keep(self, uow: UnitOfWork, *, url: str, events: Collection[PublicEvent]) -> tuple[EndpointId, str]:
        """Keep an address that was checked, and return its id and its secret."""
        return add_endpoint(uow, url=url, events=events, vault=self._vault)

    async def edit(
        self,
        actor: Actor,
        endpoint_id: EndpointId,
        *,
        url: str | None = None,
        events: Collection[PublicEvent] | None = None,
        is_enabled: bool | None = None,
    ) -> None:
        """Change an endpoint. Raises NotFound, InvalidInput."""
        require(actor, Permission.EDIT_PROFILE)
        if url is not None:
            await checked_address(url, may_be_private=self._may_be_private)
        await self._transactor.transact(
            edit_endpoint, actor, endpoint_id=endpoint_id, url=url, events=events, is_enabled=is_enabled
        )

    async def test(self, actor: Actor, endpoint_id: EndpointId) -> OutboundRecord:
        """Tell an endpoint something that means nothing, now, and return what came of it; also one that is off."""
        made = await self._transactor.transact(
            send_test, actor, endpoint_id=endpoint_id, tried_from=self._clock.now() + _CLAIM_LASTS
        )
        one = await self._transactor.read(_to_make, _ACTOR, outbound_id=made)
        problem, status = await self._knock_with(one)
        await self._transactor.transact(_note, _ACTOR, outbound_id=made, problem=problem, answered=status)
        return await self._transactor.read(outbound_record, actor, outbound_id=made)

    async def tell_due(self) -> int:
        """Knock with what is due, endpoints side by side; return how many were taken."""
        due = await self._transactor.transact(_claim, _ACTOR)
        by_endpoint: dict[int, list[DueDelivery]] = {}
        for one in due:
            by_endpoint.setdefault(one.endpoint_id, []).append(one)
        taken = await asyncio.gather(*(self._tell(some) for some in by_endpoint.values()))
        return sum(taken)

    async def _tell(self, waiting: Sequence[DueDelivery]) -> int:
        """Knock at one door until it does not open, or its turn is over; the rest waits for the next one."""
        taken, began = 0, self._clock.monotonic()
        for place, one in enumerate(waiting):
            if self._clock.monotonic() - began > _TURN_SECONDS:
                left = [waits.id for waits in waiting[place:]]
                await self._transactor.transact(_let_go, _ACTOR, outbound_ids=left, wait=timedelta())
                break
            outcome, status = await self._knock_with(one)
            is_on = await self._transactor.transact(
                _note, _ACTOR, outbound_id=one.id, problem=outcome, answered=status
            )
            if outcome:
                rest = [left.id for left in waiting[place + 1 :]]
                wait = _WAITS[1 if is_on else -1]
                await self._transactor.transact(_let_go, _ACTOR, outbound_ids=rest, wait=wait)
                break
            taken += 1
        return taken

    async def _knock_with(self, one: DueDelivery) -> tuple[str, int | None]:
        """Return why it was not taken, empty when it was, and what was answered."""
        try:
            where = await checked_address(one.url, may_be_private=self._may_be_private)
            body = one.payload.encode()
            headers = signature_headers(
                message_id=message_id_of(one.id),
                timestamp=int(self._clock.now().timestamp()),
                body=body,
                signing=self._secrets(one),
            )
            outcome = await self._knock(where, headers=headers, body=body)
        except InvalidInput as refused:
            return refused.message, None
        except Exception as cause:  # noqa: BLE001 - one program must not hold up the others
            _log.error("not told", outbound_id=one.id, endpoint_id=one.endpoint_id, exc_info=cause)
            return "Something went wrong on our side. It is logged.", None
        return ("" if outcome.is_taken else outcome.problem or "It was not taken."), outcome.status

    def _secrets(self, one: DueDelivery) -> list[str]:
        sealed = [one.secret_sealed]
        is_young = one.rotated_at is not None and self._clock.now() - one.rotated_at < FORMER_SIGNS_FOR
        if one.former_secret_sealed is not None and is_young:
            sealed.append(one.former_secret_sealed)
        return [self._vault.open(secret, context=SECRET) for secret in sealed]


def message_id_of(outbound_id: int) -> str:
    """Return the id by which a program knows a fact again, the same each time it is told."""
    return f"bfx_{outbound_id}"


def next_try(attempts: int, now: datetime) -> datetime | None:
    """Return when a fact is told again after so many tries; None after some three days."""
    return now + _WAITS[attempts - 1] if attempts <= len(_WAITS) else None


def _to_make(snapshot: Snapshot, *, outbound_id: int) -> DueDelivery:
    return queries.delivery_to_make(snapshot.session, outbound_id)


def _claim(uow: UnitOfWork) -> tuple[DueDelivery, ...]:
    """Take what is due for two minutes, so that nobody else knocks with it."""
    due = queries.due_deliveries(uow.session, now=uow.now, per_endpoint=_PER_ENDPOINT)
    queries.put_off(uow.session, outbound_ids=[one.id for one in due], until=uow.now + _CLAIM_LASTS)
    return tuple(due)


def _let_go(uow: UnitOfWork, *, outbound_ids: Sequence[int], wait: timedelta) -> None:
    """Let what was claimed wait: a door that did not open is not knocked at again at once."""
    queries.put_off(uow.session, outbound_ids=outbound_ids, until=uow.now + wait)


def _note(uow: UnitOfWork, *, outbound_id: int, problem: str, answered: int | None) -> bool:
    """Write down what came of a knock; return whether the endpoint is still on."""
    lock_row(uow.session, OutboundWebhook, outbound_id)
    row = queries.find_outbound(uow.session, outbound_id)
    assert row is not None
    endpoint = queries.find_endpoint(uow.session, row.endpoint_id)
    if row.status is not MessageStatus.PENDING:
        return endpoint is not None and endpoint.is_enabled
    row.attempts += 1
    row.answered, row.last_error = answered, problem[:250] or None
    if not problem:
        row.status = advance(row.status, MessageStatus.SENT)
        row.delivered_at, row.next_try_at = uow.now, None
        return True
    row.next_try_at = next_try(row.attempts, uow.now)
    if row.next_try_at is None:
        row.status = advance(row.status, MessageStatus.FAILED)
    if endpoint is None:
        return False
    last = queries.last_delivered_at(uow.session, endpoint_id=row.endpoint_id) or endpoint.created_at
    assert last is not None
    if answered == _GONE:
        endpoint.is_enabled, endpoint.problem = False, "It answered 410: it wants to hear no more."
    elif row.status is MessageStatus.FAILED and uow.now - last >= _OFF_AFTER:
        endpoint.is_enabled = False
        endpoint.problem = f"It took nothing for {_OFF_AFTER.days} days: {problem}"[:250]
    uow.session.flush()
    return endpoint.is_enabled
