"""Asking a payer for a standing order on the customer's page, and a code that the M-Pesa app pays from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nicegui import ui
from nicegui.testing import User

from benfex.simulation.outside import Outside
from tests.contract.gateway_clients import open_outside
from tests.factories.money import SETTINGS
from tests.ui.isp import Isp, send_form, sign_in


@asynccontextmanager
async def mpesa_of(isp: Isp) -> AsyncIterator[Outside]:
    from benfex.payments.accounts import save_gateway_account

    async with open_outside() as outside:
        settings = SETTINGS["mpesa"] | {"base_url": outside.daraja_url, "standing_orders": "2026"}
        await isp.do(save_gateway_account, gateway="mpesa", settings=settings, vault=isp.benfex.vault)
        await isp.benfex.gateways.load()
        yield outside


async def test_a_payer_is_asked_and_the_order_shows_until_they_end_it(user: User, isp: Isp) -> None:
    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    async with mpesa_of(isp) as outside:
        await sign_in(user)
        await user.open(f"/admin/customers/{customer_id}")
        await user.should_see("Amina Wanjiru")
        user.find(marker="standing-order").click()
        await user.should_see("The payer is asked on their phone")
        user.find(marker="field-amount").clear().type("2500")
        send_form(user)
        await user.should_see("is asked on +254712345678", retries=60)
        await user.should_see("every month", retries=60)
        assert len(outside.phones.prompts("254712345678")) == 1
        user.find(kind=ui.button, content="Ended").click()
        await user.should_see("Only the payer can end it")
        user.find(kind=ui.button, content="Yes, it ended").click()
        await user.should_see("The standing order has ended.", retries=60)


async def test_a_code_is_drawn_for_what_is_owed(user: User, isp: Isp) -> None:
    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    async with mpesa_of(isp):
        await sign_in(user)
        await user.open(f"/admin/customers/{customer_id}")
        await user.should_see("Amina Wanjiru")
        user.find(marker="pay-by-code").click()
        await user.should_see("Scanned with the gateway's app")
        user.find(marker="field-amount").clear().type("2500")
        send_form(user)
        await user.should_see(kind=ui.image, retries=60)
