"""The page of bill runs: what they did, what tomorrow brings, and the question that a person answers."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from nicegui.testing import User

from tests.ui.isp import Isp, sign_in

if TYPE_CHECKING:
    from benfex.core.clock import MovedClock

TOMORROW = date(2026, 12, 24)


async def test_runs_and_what_tomorrow_brings_are_on_one_page(
    user: User, isp: Isp, clock: "MovedClock"
) -> None:
    from benfex.core.actors import SystemActor
    from benfex.subscriptions.rehearsal import rehearse

    me, benfex = SystemActor("tests"), isp.benfex
    await isp.customer("Amina Wanjiru", "0712345678")
    clock.advance(timedelta(days=31))
    await sign_in(user)
    await user.open("/admin/billing")
    await user.should_see("No bill run yet")
    await rehearse(benfex.bill_runner, benfex.transactor, me, on=TOMORROW, suspensions=0)
    await benfex.bill_runner.run(me, on=TOMORROW)
    await user.should_see("1 of 1", retries=60)
    await user.should_see("Will be invoiced")
    await user.should_see("1 invoice over KES 2,500")


async def test_tomorrow_is_rehearsed_with_a_button(user: User, isp: Isp, clock: "MovedClock") -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    clock.advance(timedelta(days=29))
    await sign_in(user)
    await user.open("/admin/billing")
    user.find("Rehearse tomorrow").click()
    await user.should_see("Foreseen for 23 Dec", retries=60)
    await user.should_see("1 invoice over KES 2,500")
    await user.should_see("No bill run yet")
