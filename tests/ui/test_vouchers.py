"""Printing vouchers, as the accountant does it."""

import pytest
from nicegui.testing import User

from tests.ui.isp import Isp, send_form, sign_in


async def test_vouchers_need_a_prepaid_plan(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/vouchers")
    await user.should_see("No vouchers yet")
    user.find("Print vouchers").click()
    await user.should_see("Vouchers are for prepaid plans")


async def test_a_printed_batch_shows_its_codes_once_and_is_listed(user: User, isp: Isp) -> None:
    from benfex.catalog.plans import create_plan, publish_price
    from data.values.kinds import BillingMode, Interval
    from data.values.money import Money

    plan_id = await isp.do(create_plan, code="DAY", name="Day", download_bps=5_000_000, upload_bps=5_000_000)
    await isp.do(
        publish_price,
        plan_id=plan_id,
        amount=Money(10_000, "KES"),
        interval=Interval.DAY,
        billing_mode=BillingMode.PREPAID,
    )
    await sign_in(user)
    await user.open("/admin/vouchers")
    user.find("Print vouchers").click()
    await user.should_see("The codes are shown once")
    user.find(marker="field-name").type("Corner shop")
    send_form(user)
    await user.should_see("24 vouchers over KES 100 each", retries=60)
    await user.should_see("V00001-0001")
    await user.open("/admin/vouchers")
    await user.should_not_see("V00001-0001")


async def test_a_subscriber_opens_a_prepaid_service_with_a_voucher(user: User, isp: Isp) -> None:
    from benfex.catalog.plans import create_plan, publish_price
    from benfex.payments.vouchers import print_vouchers
    from data.values.kinds import BillingMode, Interval
    from data.values.money import Money

    plan_id = await isp.do(create_plan, code="DAY", name="Day", download_bps=5_000_000, upload_bps=5_000_000)
    price_id = await isp.do(
        publish_price,
        plan_id=plan_id,
        amount=Money(10_000, "KES"),
        interval=Interval.DAY,
        billing_mode=BillingMode.PREPAID,
    )
    batch = await isp.do(
        print_vouchers, name="Shop", plan_price_id=price_id, quantity=1, vault=isp.benfex.vault
    )
    customer_id = await isp.customer("Amina Wanjiru", "0712345678", price_id=price_id)
    await isp.let_in(user, customer_id)
    await user.open("/portal/pay")
    await user.should_see("KES 100 and you are online until")
    user.find(marker="field-code").type(batch.vouchers[0].code)
    send_form(user)
    await user.should_see("Your voucher is in. You are online until", retries=60)


@pytest.mark.parametrize(
    ("is_prepaid", "words"),
    [(True, "Amina Wanjiru is online until"), (False, "went to the account, for bills")],
)
async def test_the_counter_says_what_a_voucher_did(
    user: User, isp: Isp, is_prepaid: bool, words: str
) -> None:
    from benfex.catalog.plans import create_plan, publish_price
    from benfex.customers.contact import contact_of
    from benfex.payments.vouchers import print_vouchers
    from data.values.kinds import BillingMode, Interval
    from data.values.money import Money

    plan_id = await isp.do(create_plan, code="DAY", name="Day", download_bps=5_000_000, upload_bps=5_000_000)
    price_id = await isp.do(
        publish_price,
        plan_id=plan_id,
        amount=Money(10_000, "KES"),
        interval=Interval.DAY,
        billing_mode=BillingMode.PREPAID,
    )
    batch = await isp.do(
        print_vouchers, name="Shop", plan_price_id=price_id, quantity=1, vault=isp.benfex.vault
    )
    own = {"price_id": price_id} if is_prepaid else {}
    customer_id = await isp.customer("Amina Wanjiru", "0712345678", **own)
    await sign_in(user, "accountant")
    await user.open("/admin/vouchers")
    user.find("Redeem").click()
    await user.should_see("Without prepaid service it pays bills.")
    user.find(marker="field-account").type(
        (await isp.see(contact_of, customer_id=customer_id)).account_number
    )
    user.find(marker="field-code").type(batch.vouchers[0].code)
    send_form(user)
    await user.should_see(words, retries=60)


async def test_a_voucher_is_redeemed_at_the_counter(user: User, isp: Isp) -> None:
    from benfex.customers.contact import contact_of

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    account = (await isp.see(contact_of, customer_id=customer_id)).account_number
    await sign_in(user, "accountant")
    await user.open("/admin/vouchers")
    user.find("Redeem").click()
    await user.should_see("opens a period at once")
    user.find(marker="field-account").type(account)
    user.find(marker="field-code").type("AAAA-BBBB-CCCC-DDDD")
    send_form(user)
    await user.should_see("This is no voucher of ours", retries=60)
