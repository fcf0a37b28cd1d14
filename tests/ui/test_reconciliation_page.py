"""The page of reconciliation: green and red days, why, and what a person settles."""

from dataclasses import replace
from datetime import timedelta

from nicegui import ui
from nicegui.testing import User

from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.day_compare import compare_days
from benfex.payments.settlement import settle_payment
from benfex.payments.statement_keeping import keep_lines
from tests.factories.isp import kes
from tests.factories.money import statement
from tests.ui.isp import Isp, rows, send_form, sign_in, until

HOUR = timedelta(hours=1)


def differs(uow: UnitOfWork) -> None:
    entry = replace(statement(None, receipt="TKN0000001", amount=kes(1_500)), received_at=uow.now)
    settle_payment(uow, evidence=entry, evidence_at=uow.now, source="tests")
    keep_lines(uow, gateway="mpesa", entries=(replace(entry, amount=kes(1_600)),), found=frozenset())
    compare_days(uow, gateway="mpesa", since=uow.now - HOUR, until=uow.now + HOUR)


async def test_a_difference_is_settled_and_its_day_turns_green(user: User, isp: Isp) -> None:
    await isp.do(differs)
    await sign_in(user)
    await user.open("/admin/reconciliation")
    await user.should_see("1 difference to look into", retries=60)
    await until(lambda: any(row.get("title") == "TKN0000001" for row in rows(user)))
    user.find(kind=ui.table).trigger("act", {"key": "answer", "id": str(rows(user)[0]["id"])})
    await user.should_see("Settle this difference", retries=60)
    user.find(marker="field-words").type("They say 1,500 by now")
    send_form(user)
    await user.should_see("It is settled.", retries=60)
    user.find(marker="section-days").click()
    await until(lambda: any("all booked" in str(row.get("why")) for row in rows(user)))


async def test_a_day_says_what_it_is_made_of(user: User, isp: Isp) -> None:
    await isp.do(differs)
    await sign_in(user, "support")
    await user.open("/admin/reconciliation")
    user.find(marker="section-days").click()
    await until(lambda: any("with another amount" in str(row.get("why")) for row in rows(user)))
    user.find(kind=ui.table).trigger("act", {"key": "why", "id": str(rows(user)[0]["id"])})
    await user.should_see("the gateway says KES 1,600", retries=60)


async def test_the_overview_says_that_something_differs(user: User, isp: Isp) -> None:
    await isp.do(differs)
    await sign_in(user)
    await user.open("/admin")
    await user.should_see("1 difference with gateways", retries=60)
