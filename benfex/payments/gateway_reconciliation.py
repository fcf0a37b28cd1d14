"""The second opinion, gateway by gateway: read its record, book what was missed, compare days, payouts and balance."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from benfex.core.actors import Actor, SystemActor, require
from benfex.core.clock import Clock
from benfex.core.errors import GatewayError
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.payments.accounts import GatewayBook
from benfex.payments.balances import note_balance
from benfex.payments.day_compare import compare_days
from benfex.payments.gateway import Gateway
from benfex.payments.payouts_told import note_payout_total, note_payouts
from benfex.payments.reconciliation import PaymentReconciler, StatementMatch
from benfex.payments.statement_keeping import note_not_read, note_read
from data.queries import reconciling as queries
from data.values.errors import BenfexError, NotFound
from data.values.roles import Permission

_ACTOR = SystemActor("reconciler")
_OVERLAP = timedelta(hours=6)  # gateways list some payments late
_FIRST_REACH = timedelta(hours=48)
_LISTED_WITHIN = timedelta(hours=1)  # before that, what is not listed is not missing
_PAYOUTS_BACK = timedelta(days=10)
_log = structlog.get_logger("reconciliation")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one look at a gateway found. `red_days` of those compared do not agree; `problem` is why it ended early."""

    gateway: str
    read: int = 0
    booked: int = 0
    payouts: int = 0
    red_days: int = 0
    problem: str = ""


class GatewayReconciliation:
    """Looks at gateways one by one; what one of them refuses stops no other."""

    def __init__(
        self,
        transactor: Transactor,
        gateways: GatewayBook,
        reconciler: PaymentReconciler,
        clock: Clock,
        *,
        public_url: str,
    ) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._reconciler = reconciler
        self._clock = clock
        self._public_url = public_url
        self._looking: dict[str, asyncio.Lock] = {}

    async def run_all(self) -> tuple[Reconciled, ...]:
        """Look at each gateway that tells of itself."""
        names = [name for name, gateway in self._gateways.running.items() if _tells(gateway)]
        return tuple([await self._guarded(name) for name in names])

    async def run(self, actor: Actor, gateway_name: str) -> Reconciled:
        """Look at one gateway now. Raises NotPermitted, NotFound when it is not set up or tells nothing."""
        require(actor, Permission.MATCH_PAYMENTS)
        if not _tells(self._gateways.get(gateway_name)):
            raise NotFound("way to pay that lists its payments")
        return await self._guarded(gateway_name)

    async def _guarded(self, name: str) -> Reconciled:
        """Look at a gateway, alone: two looks at once would tell of a balance that moves between them."""
        async with self._looking.setdefault(name, asyncio.Lock()):
            try:
                return await self._look(name)
            except Exception as cause:  # noqa: BLE001 - one gateway must not hold up the others
                is_told = isinstance(cause, BenfexError)
                words = (
                    cause.message if isinstance(cause, BenfexError) else "Something went wrong on our side."
                )
                _log.warning(
                    "not reconciled", gateway=name, reason=words, exc_info=None if is_told else cause
                )
                await self._transactor.transact(note_not_read, _ACTOR, gateway=name, problem=words)
                return Reconciled(name, problem=words)

    async def _look(self, name: str) -> Reconciled:
        gateway = self._gateways.get(name)
        lists = gateway.capabilities.can_statement
        since, until = await self._transactor.read(_window, _ACTOR, gateway=gateway), self._clock.now()
        match = StatementMatch(0, 0)
        if lists:
            match = await self._reconciler.read_statement(name, since=since, until=until)
        payouts, from_payouts = await self._read_payouts(gateway)
        if gateway.capabilities.can_tell_balance:
            await self._ask_balance(gateway)
        red_days = 0
        if match.problem:
            await self._transactor.transact(note_not_read, _ACTOR, gateway=name, problem=match.problem)
        elif lists:
            await self._transactor.transact(note_read, _ACTOR, gateway=name, since=since, until=until)
            red_days = await self._transactor.transact(
                compare_days,
                _ACTOR,
                gateway=name,
                since=since,
                until=until - _LISTED_WITHIN,
                read_until=until,
            )
        return Reconciled(name, match.read, match.booked + from_payouts, payouts, red_days, match.problem)

    async def _read_payouts(self, gateway: Gateway) -> tuple[int, int]:
        """Book what the gateway paid out; return how many payouts, and payments first heard of by them."""
        now = self._clock.now()
        records = await gateway.read_settlements(since=now - _PAYOUTS_BACK, until=now)
        new = await self._transactor.transact(
            note_payouts, _ACTOR, gateway=gateway.name, records=tuple(records)
        )
        booked = 0
        for record in new:
            paid = await gateway.read_settled(record.id)
            if not paid:
                continue
            booked += (await self._reconciler.take_in(gateway.name, paid)).booked
            await self._transactor.transact(
                note_payout_total, _ACTOR, gateway=gateway.name, record=record, paid=tuple(paid)
            )
        return len(new), booked

    async def _ask_balance(self, gateway: Gateway) -> None:
        """Ask what the gateway holds; where that differs, ask again after another look at its record."""
        for is_last in (False, True):
            try:
                path = gateway.callback_path("balance", secrets.token_urlsafe(24))
                told = await gateway.ask_balance(callback_url=f"{self._public_url}{path}")
            except GatewayError as error:
                _log.info("balance not told", gateway=gateway.name, reason=error.message)
                return
            if told is None:
                return
            now = self._clock.now()
            agrees = await self._transactor.transact(
                note_balance, _ACTOR, gateway=gateway.name, balance=told, at=now
            )
            if agrees or is_last or not gateway.capabilities.can_statement:
                return
            await self._reconciler.read_statement(
                gateway.name, since=now - _LISTED_WITHIN, until=self._clock.now()
            )


def _tells(gateway: Gateway) -> bool:
    return gateway.capabilities.can_statement or gateway.capabilities.can_tell_balance


def _window(snapshot: Snapshot, *, gateway: Gateway) -> datetime:
    """Return from when on a gateway's record is read now: where it was read to, as far back as it lists payments."""
    hours = gateway.capabilities.statement_hours
    reach = snapshot.now - (timedelta(hours=hours) if hours else _FIRST_REACH)
    cursor = queries.cursor_of(snapshot.session, gateway.name)
    if cursor is None or cursor.read_at is None:
        return reach
    since = cursor.read_until - _OVERLAP
    return max(since, reach) if hours else since
