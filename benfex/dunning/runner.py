"""The dunning run: everybody in small transactions, behind a breaker that asks before too many are cut off.

The question and its answer are lines of the audit trail about the day; an answer counts for that day. While it is
open, reminders and fees go on, and nobody's access is touched.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import structlog

from benfex.core.actors import Actor, require
from benfex.core.audit import record_audit
from benfex.core.events import DunningAsked
from benfex.core.policy import billing_today, current_terms
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.dunning.runs import DunningOutcome, customers_to_chase, foreseen_suspensions, run_dunning
from data.queries import dunning as dunning_queries
from data.values.errors import Conflict, DomainError
from data.values.identifiers import CustomerId
from data.values.roles import Permission

_log = structlog.get_logger("dunning")
_ENTITY = "dunning_run"
_ASKED_AT_LEAST = 5  # services: a small ISP is not asked about one household
_AT_ONCE = 32
_DAY_LASTS = timedelta(days=2)  # the longest that one date of the ISP can lie back


class Word(StrEnum):
    """Where the breaker stands on a day."""

    NONE = "none"
    ASKED = "ask"
    ALLOWED = "allow"
    REFUSED = "refuse"


@dataclass(frozen=True, slots=True)
class BreakerView:
    """What the breaker says of today: how many services would be suspended, of how many that are on."""

    on: date
    word: Word
    foreseen: int
    active: int
    percent: int
    is_too_many: bool

    @property
    def holds(self) -> bool:
        """Return whether nobody may be cut off now."""
        return self.is_too_many and self.word is not Word.ALLOWED


@dataclass(frozen=True, slots=True)
class DunningRunResult:
    """What a run did: customers seen, steps taken, services suspended; who was left aside; what it waits for."""

    customers: int
    steps: int
    suspended: int
    parked: int
    is_held: bool


def breaker(snapshot: Snapshot) -> BreakerView:
    """Return where the breaker stands today."""
    require(snapshot.actor, Permission.RUN_BILLING)
    on = billing_today(snapshot)
    foreseen = len(foreseen_suspensions(snapshot, on))
    active = dunning_queries.count_active_services(snapshot.session)
    percent = current_terms(snapshot).breaker_suspend_percent
    return BreakerView(
        on=on,
        word=_word(snapshot, on),
        foreseen=foreseen,
        active=active,
        percent=percent,
        is_too_many=foreseen >= _ASKED_AT_LEAST and foreseen * 100 > percent * active,
    )


def breaker_question(snapshot: Snapshot) -> BreakerView | None:
    """Return what today's run waits for; None when it asked nothing or may go on. Cheap when there is nothing."""
    require(snapshot.actor, Permission.VIEW_JOBS)
    if _word(snapshot, billing_today(snapshot)) in (Word.NONE, Word.ALLOWED):
        return None
    view = breaker(snapshot)
    return view if view.is_too_many else None


def ask_owner(uow: UnitOfWork, *, foreseen: int, active: int) -> None:
    """Write down that today's run waits for the owner; it is asked once a day."""
    require(uow.actor, Permission.RUN_BILLING)
    on = billing_today(uow)
    if _word(uow, on) is not Word.NONE:
        return
    _record(uow, on, Word.ASKED, {"foreseen": foreseen, "active": active})
    uow.emit(DunningAsked(on=on, foreseen=foreseen))


def answer_breaker(uow: UnitOfWork, *, is_allowed: bool) -> None:
    """Let today's run suspend, or keep everybody on until tomorrow. Raises Conflict when nothing was asked."""
    require(uow.actor, Permission.EDIT_PROFILE)
    on = billing_today(uow)
    if _word(uow, on) is Word.NONE:
        raise Conflict("Today's run has not asked anything.")
    _record(uow, on, Word.ALLOWED if is_allowed else Word.REFUSED, {})
    uow.emit(DunningAsked(on=on, foreseen=0))


class DunningRunner:
    """Runs dunning for everybody; a customer who cannot be handled is logged and stops nobody else."""

    def __init__(self, transactor: Transactor) -> None:
        self._transactor = transactor

    async def run(self, actor: Actor) -> DunningRunResult:
        """Do what is due today; running again finds nothing left."""
        view = await self._transactor.read(breaker, actor)
        if view.holds and view.word is Word.NONE:
            await self._transactor.transact(ask_owner, actor, foreseen=view.foreseen, active=view.active)
        customers = await self._transactor.read(customers_to_chase, actor, holds_access=view.holds)
        done: list[DunningOutcome | None] = []
        for start in range(0, len(customers), _AT_ONCE):
            # Acts that wait together share a commit.
            part = customers[start : start + _AT_ONCE]
            done += await asyncio.gather(*(self._chase(actor, one, view.holds) for one in part))
        handled = [outcome for outcome in done if outcome is not None]
        return DunningRunResult(
            customers=len(customers),
            steps=sum(outcome.steps for outcome in handled),
            suspended=sum(len(outcome.suspended) for outcome in handled),
            parked=len(done) - len(handled),
            is_held=view.holds,
        )

    async def _chase(
        self, actor: Actor, customer_id: CustomerId, holds_access: bool
    ) -> DunningOutcome | None:
        try:
            return await self._transactor.transact(
                run_dunning, actor, customer_id=customer_id, holds_access=holds_access
            )
        except DomainError as cause:
            _log.warning("customer left aside", customer=customer_id, reason=cause.message)
            return None


def _word(snapshot: Snapshot, on: date) -> Word:
    found = dunning_queries.last_word(
        snapshot.session, entity=_ENTITY, entity_id=on.toordinal(), since=snapshot.now - _DAY_LASTS
    )
    return Word(found.action) if found is not None else Word.NONE


def _record(uow: UnitOfWork, on: date, word: Word, changes: dict[str, int]) -> None:
    record_audit(uow, action=word.value, entity=_ENTITY, entity_id=on.toordinal(), changes=changes)
    uow.session.flush()
