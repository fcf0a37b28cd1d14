"""The owner's policy and texts, the outbox, and what staff and subscribers do about a late bill."""

import asyncio
from datetime import date, timedelta

from nicegui.testing import User

from benfex.core.actors import SystemActor
from benfex.core.clock import MovedClock
from data.values.identifiers import CustomerId
from data.values.kinds import MessageChannel
from tests.ui.isp import Isp, send_form, sign_in


async def late_customer(isp: Isp, clock: MovedClock) -> CustomerId:
    """A customer who is cut off for not paying, with an SMS about it that waits."""
    from benfex.dunning.runs import run_dunning
    from benfex.notifications.accounts import save_channel_account

    await isp.do(
        save_channel_account,
        channel=MessageChannel.SMS,
        settings={"username": "benfex", "api_key": "key", "base_url": "http://127.0.0.1:9"},
        vault=isp.benfex.vault,
    )
    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    clock.advance(timedelta(days=20))
    await isp.do(run_dunning, customer_id=customer_id)
    return customer_id


async def test_the_owner_edits_the_steps_and_the_calendar_follows(user: User, isp: Isp) -> None:
    from benfex.core.policy import dunning_schedule

    await sign_in(user)
    await user.open("/admin/settings/billing")
    await user.should_see("An invoice is to be paid within")
    user.find(marker="section-overdue").click()
    await user.should_see("What would happen")
    user.find("Add step").click()
    await user.should_see("Remind")
    user.find("Save steps").click()
    await user.should_see("Saved. It counts from now on.")
    steps = (await isp.see(dunning_schedule)).steps
    assert [(step.days_overdue, step.action.value) for step in steps][-2:] == [
        (3, "suspend"),
        (4, "remind"),
    ]


async def test_each_part_of_the_policy_is_saved_by_itself(user: User, isp: Isp) -> None:
    from benfex.core.policy import current_terms

    await sign_in(user)
    await user.open("/admin/settings/billing")
    await user.should_see("An invoice is to be paid within")
    user.find(marker="field-invoice_due_days").clear().type("14")
    send_form(user)
    await user.should_see("Saved. It counts from now on.")
    assert (await isp.see(current_terms)).invoice_due_days == 14
    for part, words in (("quiet", "Holidays"), ("prepaid", "A short payment buys"), ("safety", "asks you")):
        user.find(marker=f"section-{part}").click()
        await user.should_see(words)


async def test_a_holiday_is_added_and_removed(user: User, isp: Isp) -> None:
    from benfex.core.policy import holidays, remove_holiday, save_holiday

    await isp.do(save_holiday, day=date(2026, 12, 25), name="Christmas")
    await sign_in(user)
    await user.open("/admin/settings/billing")
    user.find(marker="section-quiet").click()
    await user.should_see("25 Dec · Christmas")
    await isp.do(remove_holiday, day=date(2026, 12, 25))
    assert await isp.see(holidays) == ()


async def test_the_calendar_of_an_absurd_due_date_asks_for_another(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/settings/billing")
    user.find(marker="section-overdue").click()
    await user.should_see("The framed day is the due date.")
    for absurd in ("0001-01-01", "9999-12-31"):
        user.find(marker="sample-due").clear().type(absurd)
        await user.should_see("Choose a day.")


async def test_the_texts_are_listed_and_the_accounts_say_what_is_missing(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/settings/messages")
    await user.should_see("Texts")
    user.find(marker="section-accounts").click()
    await user.should_see("Mail server")
    await user.should_see("Not set up")


async def test_support_retries_and_sees_the_log_but_not_the_settings(
    user: User, isp: Isp, clock: MovedClock
) -> None:
    customer_id = await late_customer(isp, clock)
    await sign_in(user, "support")
    await user.open("/admin/outbox")
    await user.should_see("To be sent")
    await user.open(f"/admin/customers/{customer_id}")
    await user.should_see("Service suspended · SMS")
    user.find("Promise to pay").click()
    await user.should_see("Pays by")
    send_form(user)
    await user.should_see("Promised to pay by", retries=60)
    await user.open("/admin/settings/billing")
    await user.should_not_see("An invoice is to be paid within")


async def test_a_subscriber_promises_where_it_is_earned(user: User, isp: Isp, clock: MovedClock) -> None:
    customer_id = await late_customer(isp, clock)
    await isp.let_in(user, customer_id)
    await user.open("/portal")
    await user.should_see("Your internet is off")
    await user.should_not_see("I promise")


async def test_the_owner_answers_a_run_that_would_cut_off_many(
    user: User, isp: Isp, clock: MovedClock
) -> None:
    from benfex.dunning.runner import DunningRunner
    from benfex.subscriptions.views import services_of
    from data.values.states import SubscriptionStatus

    customers = [await isp.customer("Amina Wanjiru", f"07123456{number}") for number in range(10, 16)]
    clock.advance(timedelta(days=20))
    assert (await DunningRunner(isp.benfex.transactor).run(SystemActor("tests"))).is_held
    await sign_in(user)
    await user.open("/admin")
    await user.should_see("Nobody is cut off until you decide.")
    user.find("Suspend 6 services").click()

    async def states() -> set[SubscriptionStatus]:
        found = [await isp.see(services_of, customer_id=customer_id) for customer_id in customers]
        return {service.status for (service,) in found}

    await user.should_not_see("Nobody is cut off until you decide.", retries=60)
    for _ in range(50):
        if await states() == {SubscriptionStatus.SUSPENDED}:
            break
        await asyncio.sleep(0.1)
    assert await states() == {SubscriptionStatus.SUSPENDED}
