"""Changes of a service on its customer's page: the dialog says the exact sums before anyone confirms."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from nicegui import ui
from nicegui.testing import User

from data.values.identifiers import CustomerId
from data.values.kinds import DiscountKind
from data.values.money import Money
from tests.ui.isp import Isp, send_form, sign_in, until

if TYPE_CHECKING:
    from benfex.core.clock import MovedClock


@pytest.fixture
async def amina(user: User, isp: Isp, clock: "MovedClock") -> CustomerId:
    """A customer half way through a period of KES 2,500, seen by the owner."""
    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    clock.advance(timedelta(days=15))
    await sign_in(user)
    return customer_id


async def sell(isp: Isp, code: str, shillings: int) -> int:
    from benfex.catalog.plans import create_plan, publish_price

    plan_id = await isp.do(
        create_plan, code=code, name=code.title(), download_bps=20_000_000, upload_bps=5_000_000
    )
    price: int = await isp.do(publish_price, plan_id=plan_id, amount=Money(shillings * 100, "KES"))
    return price


async def sees(user: User, words: str) -> None:
    """Wait for words: a preview runs the whole act first."""
    await user.should_see(words, retries=60)


def choose(user: User, name: str, value: Any) -> None:
    """Choose in a select of a form."""
    (control,) = user.find(kind=ui.select, marker=f"field-{name}").elements
    assert isinstance(control, ui.select)
    control.value = value


async def test_a_plan_change_says_credit_and_charge_before_it_is_done(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    price_id = await sell(isp, "HOME-20", 4_000)
    await user.open(f"/admin/customers/{amina}")
    user.find("Change plan").click()
    await sees(user, "Choose, and the exact sums stand here.")
    choose(user, "plan_price_id", price_id)
    words = "Credit KES 1,250 for 15 unused days, then KES 2,000 for Home-20 until 22 Dec."
    await sees(user, words)
    send_form(user)
    await sees(user, "Home-20: Credit KES 1,250")
    await sees(user, "KES 4,000 a month")


async def test_a_smaller_plan_waits_for_the_period_end_and_can_be_taken_back(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    price_id = await sell(isp, "LITE", 1_000)
    await user.open(f"/admin/customers/{amina}")
    user.find("Change plan").click()
    await sees(user, "Choose, and the exact sums stand here.")
    choose(user, "plan_price_id", price_id)
    await sees(user, "It takes effect on 23 Dec.")
    send_form(user)
    await sees(user, "plan changes on 23 Dec")
    user.find(marker="act-take-back").click()
    await sees(user, "period ends 23 Dec")


async def test_a_pause_says_what_it_credits(user: User, isp: Isp, amina: CustomerId) -> None:
    await user.open(f"/admin/customers/{amina}")
    user.find(marker="act-pause").click()
    await sees(
        user, "Credit KES 1,250 for 15 unused days. KES 1,250 stays with the customer or lowers what is owed."
    )
    send_form(user)
    await sees(user, "paused until staff resume it")


async def test_a_return_says_what_it_charges(user: User, isp: Isp, amina: CustomerId) -> None:
    from benfex.subscriptions.pausing import pause_subscription
    from benfex.subscriptions.views import services_of

    (service,) = await isp.see(services_of, customer_id=amina)
    await isp.do(pause_subscription, subscription_id=service.subscription_id)
    await user.open(f"/admin/customers/{amina}")
    user.find("Resume").click()
    await sees(user, "KES 1,250 for Home 10 until 22 Dec.")
    send_form(user)
    await sees(user, "period ends 23 Dec")


async def test_an_end_says_what_comes_back(user: User, isp: Isp, amina: CustomerId) -> None:
    await user.open(f"/admin/customers/{amina}")
    user.find(marker="act-end").click()
    await sees(user, "Credit KES 1,250 for 15 unused days.")
    user.find(kind=ui.textarea, marker="field-reason").type("moves to Kisumu")
    send_form(user)
    await sees(user, "Home 10 has ended.")


async def test_an_add_on_is_put_on_a_service_and_told_in_its_history(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    from benfex.catalog.extras import create_add_on

    add_on_id = await isp.do(
        create_add_on, code="IP", name="Fixed address", amount=Money(30_000, "KES"), is_recurring=True
    )
    await user.open(f"/admin/customers/{amina}")
    user.find(marker="act-add-ons").click()
    await sees(user, "Add to the service")
    choose(user, "add_on_id", add_on_id)
    await sees(user, "KES 150 for Fixed address until 22 Dec.")
    send_form(user)
    await until(lambda: user.notify.contains("Fixed address"))
    user.find(marker="act-history").click()
    await sees(user, "An add-on joined")
    await sees(user, "Invoice INV-2026-00001: KES 2,500")


async def test_a_discount_is_given_from_the_next_bill_on(user: User, isp: Isp, amina: CustomerId) -> None:
    from benfex.catalog.extras import create_discount

    discount_id = await isp.do(
        create_discount, code="HALF", name="Half", kind=DiscountKind.PERCENT, basis_points=5_000
    )
    await user.open(f"/admin/customers/{amina}")
    user.find(marker="act-discounts").click()
    await sees(user, "Give discount")
    choose(user, "discount_id", discount_id)
    send_form(user)
    await until(lambda: user.notify.contains("has the discount"))
    user.find(marker="act-history").click()
    await sees(user, "A discount was given")
