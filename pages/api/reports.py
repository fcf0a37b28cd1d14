"""/reports: the books for those who may see them."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from benfex.reporting import ageing as aged
from benfex.reporting.trial_balance import trial_balance
from pages.api.auth import ActorDep
from pages.api.problems import READING
from pages.api.schemas import Amount, Outgoing
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/reports", tags=["reports"])


class TrialLine(Outgoing):
    """One account of the chart in one currency; one of debit and credit is 0."""

    code: str
    name: str
    debit: Amount
    credit: Amount


class TrialBalance(Outgoing):
    """Every account as of the end of a day; `is_balanced` tells whether the sums are the same."""

    on: date
    is_balanced: bool
    lines: list[TrialLine]
    totals: list[tuple[Amount, Amount]]


class AgedDebt(Outgoing):
    """What a customer owes; `parts` are not due, 1-30, 31-60, 61-90 and over 90 days overdue."""

    customer_id: int
    customer_name: str
    account_number: str
    parts: list[Amount]
    total: Amount


class Ageing(Outgoing):
    """All debts, the largest first, and the sums of the parts by currency."""

    on: date
    debts: list[AgedDebt]
    totals: list[list[Amount]]


@router.get("/trial-balance", responses=READING)
async def get_trial_balance(
    benfex: BenfexDep,
    actor: ActorDep,
    on: Annotated[date | None, Query(description="The day, such as 2026-11-23; today when left out.")] = None,
) -> TrialBalance:
    """Return the trial balance."""
    return TrialBalance.model_validate(await benfex.read(trial_balance, actor, on=on))


@router.get("/ageing", responses=READING)
async def get_ageing(benfex: BenfexDep, actor: ActorDep) -> Ageing:
    """Return open invoices by age, for each customer and in all."""
    return Ageing.model_validate(await benfex.read(aged.ageing, actor))
