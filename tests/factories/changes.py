"""Changes of services: each is previewed first, and must come to what the preview said."""

from collections.abc import Callable
from datetime import date
from typing import Any

from benfex.catalog.extras import create_add_on, create_discount
from benfex.core.clock import MovedClock, local_date
from benfex.core.events import EventBus
from benfex.core.policy import current_terms
from benfex.subscriptions.bill_run import BillRunner
from benfex.subscriptions.outcomes import ChangeOutcome
from benfex.subscriptions.previews import preview_sync
from data.values.identifiers import AddOnId, DiscountId
from data.values.kinds import DiscountKind
from data.values.money import Money
from tests.conftest import Run
from tests.factories.isp import SYSTEM, kes


def change(isp: Run, act: Callable[..., ChangeOutcome], **kwargs: Any) -> ChangeOutcome:
    """Preview an act, then do it, and fail when the two are not the same."""
    foreseen = preview_sync(isp.transactor, act, isp.actor, **kwargs)
    outcome = isp(act, **kwargs)
    assert outcome == foreseen
    return outcome


def bill_on(isp: Run, on: date) -> int:
    """Run the bill run of a day and return how many invoices it issued."""
    result = BillRunner(isp.transactor, EventBus()).run_sync(SYSTEM, on=on)
    assert result.parked == ()
    return result.invoices


def go_to(isp: Run, clock: MovedClock, day: date) -> None:
    """Move the clock to the same hour of another day of the ISP."""
    today = local_date(clock.now(), isp.read(current_terms).timezone)
    clock.advance(day - today)


def make_add_on(
    isp: Run, *, code: str = "STATIC-IP", amount: Money | None = None, is_recurring: bool = True
) -> AddOnId:
    """Sell an add-on, KES 300 a period unless said otherwise."""
    return isp(
        create_add_on,
        code=code,
        name=code.title(),
        amount=amount or kes(300),
        is_recurring=is_recurring,
    )


def make_discount(
    isp: Run, *, code: str = "HALF", basis_points: int = 5_000, periods: int | None = None
) -> DiscountId:
    """Offer a discount, half off unless said otherwise."""
    return isp(
        create_discount,
        code=code,
        name=code.title(),
        kind=DiscountKind.PERCENT,
        basis_points=basis_points,
        periods=periods,
    )
